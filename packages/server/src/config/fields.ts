/** The settings of the server itself: addresses, storage, people, log and limits. */
import { BlockList, isIP } from "node:net";
import { defaultSettings } from "@parlance/core";
import type { IssuerOptions } from "@parlance/identity";
import { z } from "zod";
import { brokerUrl } from "./broker.ts";
import { rateLimits } from "./rate-limits.ts";
import { logLevels } from "./types.ts";
import {
  autoOr,
  databaseUrl,
  endpoints,
  integer,
  json,
  jsonDialects,
  list,
  yesOrNo,
} from "./values.ts";
import { watchFields } from "./watch-fields.ts";

const origin = z
  .string()
  .refine((text) => text === "null" || (URL.canParse(text) && new URL(text).origin === text), {
    message: "scheme, host and port only, such as https://chat.example",
  });

const network = z.string().refine(isNetwork, "an address, or a network such as 10.0.0.0/8");

const issuer: z.ZodType<IssuerOptions> = z
  .strictObject({
    issuer: z.string().min(1).max(512),
    audience: z.string().min(1).max(512).exactOptional(),
    user_prefix: z.string().max(32).exactOptional(),
    algorithms: z.array(z.string()).min(1).exactOptional(),
    secret: z.string().min(32).exactOptional(),
    jwks_url: z.url({ protocol: /^https?$/ }).exactOptional(),
    jwks_file: z.string().min(1).exactOptional(),
  })
  .transform((row, context): IssuerOptions => {
    const { secret, jwks_url: jwksUrl, jwks_file: jwksFile } = row;
    const given = [secret, jwksUrl, jwksFile].filter((value) => value !== undefined);
    if (given.length !== 1) {
      context.addIssue("give exactly one of secret, jwks_url and jwks_file");
    } else if (secret === undefined && row.audience === undefined) {
      // Without it a token that the issuer made for another application would be good here.
      context.addIssue("an issuer with public keys needs an audience");
    }
    return {
      issuer: row.issuer,
      ...(row.audience === undefined ? {} : { audience: row.audience }),
      ...(row.user_prefix === undefined ? {} : { userPrefix: row.user_prefix }),
      ...(row.algorithms === undefined ? {} : { algorithms: row.algorithms }),
      keys:
        secret !== undefined
          ? { secret }
          : jwksUrl !== undefined
            ? { jwksUrl }
            : { jwksFile: jwksFile ?? "" },
    };
  }) as unknown as z.ZodType<IssuerOptions>;

const minuteMs = 60_000;

export type Fields = Readonly<Record<string, z.ZodType>>;

/** Where it listens, where its data is, and who may come in. */
export const serverFields: Fields = {
  mode: z
    .enum(["development", "production"])
    .default("development")
    .describe("`production` refuses to start with unsafe settings."),
  host: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("Address to listen on. `0.0.0.0` or `::` for every network."),
  port: integer(0, 65_535).default(8080).describe("Port to listen on; 0 takes any that is free."),
  listen: endpoints
    .default("auto")
    .describe("Endpoints of the dialects. [How they are written](#endpoints)."),
  processes: autoOr(integer(1, 256))
    .default(1)
    .describe(
      "Processes that serve on the one port; `auto` is one for each core. [What they share](processes.md).",
    ),
  public_url: z
    .url({ protocol: /^https?$/ })
    .exactOptional()
    .describe(
      "Address of the install as people see it. Links are made from it and from nothing else.",
    ),
  ...watchFields,
  embed: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "Module of an application's own Socket.IO events: a file that exports a function `embed`. See `docs/embedding.md`.",
    ),
  plugins: list(z.string().min(1))
    .default([])
    .describe(
      "Files of plug-ins, which export a function `plugin`. [How to write one](../extending.md).",
    ),
  plugin_environment: list(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "a variable's name: letters, digits and _"),
  )
    .default([])
    .describe(
      "Names of variables that plug-ins get from the server's environment. [What they get anyway](../extending.md#what-it-has-around-it).",
    ),
  data_dir: z
    .string()
    .min(1)
    .default("./data")
    .describe(
      "Directory of the database, of files, and of a development secret. For one process at a time.",
    ),
  database_url: databaseUrl
    .default("sqlite:")
    .describe(
      "`sqlite:` keeps the database in the data directory, `sqlite:/path` in another one. `postgres://…` and `mysql://…` " +
        "(MariaDB too) are for several nodes. [How they are written](databases.md).",
    ),
  database_connections: integer(3, 1_000)
    .default(10)
    .describe("Connections of this node to PostgreSQL or MySQL at most. Two of them only send."),
  files_dir: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "Directory of files that people send. `files` in the data directory if not given; several nodes need one that they share.",
    ),
  broker_url: brokerUrl
    .default("memory:")
    .describe(
      "What carries notices between nodes: `memory:` for one server, `redis:`, `rediss:`, `redis-sentinel:`, " +
        "`redis-cluster:`, `amqp:`, `amqps:`, `nats:`, `tls:`, `ipc:/path`, or `none:`. [Which](brokers.md).",
    ),
  secret: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "Signs and checks JWTs; 32 characters or more. In development one is made in the data directory.",
    ),
  previous_secrets: list(z.string().min(1))
    .default([])
    .describe("Secrets that still verify while a new one is taken into use."),
  guests: z
    .enum(["auto", "open", "closed"])
    .default("auto")
    .describe("Whether people may come in by name only. `auto`: in development mode."),
  sign_up: z
    .enum(["open", "closed"])
    .default("open")
    .describe("Whether people may make accounts themselves."),
  origins: list(origin)
    .default([])
    .describe(
      "Web pages of other origins that may connect. The install's own is always allowed; in development, on a " +
        "loopback address, loopback origins too. `null` means pages opened from disk, on the four JSON dialects only.",
    ),
  trusted_network: jsonDialects
    .default("auto")
    .describe(
      "JSON dialects that believe who a frame says it is from. [What that means](#trusted-network).",
    ),
  jwt_issuers: json(z.array(issuer).max(64))
    .default([])
    .describe(
      "Who else may sign tokens: a JSON list of `{issuer, audience, user_prefix, algorithms, secret | jwks_url | " +
        "jwks_file}`.",
    ),
  trusted_proxies: list(network)
    .default([])
    .describe("Addresses or networks whose `X-Forwarded-For` is believed."),
};

/** The log, and the limits of connections and of the process. */
export const limitFields: Fields = {
  log_level: z
    .enum(logLevels)
    .default("auto")
    .describe(
      "What is logged. `auto`: `debug` in development mode, `essential` in production. " +
        "[The levels](logs.md#how-much).",
    ),
  log_format: z
    .enum(["auto", "json", "pretty"])
    .default("auto")
    .describe(
      "`auto`: readable on a terminal, JSON lines elsewhere. A file has JSON lines always.",
    ),
  log_to: z
    .enum(["stderr", "stdout", "file"])
    .default("stderr")
    .describe("Where the log goes. `file`: to `log_file` only."),
  log_file: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "File that gets the log too; made if absent. With `log_to` `file` and without this: `parlance.log` in the data " +
        "directory.",
    ),
  compression: yesOrNo
    .default(false)
    .describe(
      "Agree to permessage-deflate. Saves traffic, costs CPU and memory for each connection.",
    ),
  max_connections: integer(1, 10_000_000)
    .default(50_000)
    .describe("WebSockets of this node at a time, divided among `processes`."),
  connections_per_address: integer(0, 10_000_000)
    .default(5_000)
    .describe("WebSockets of one IPv4 address or IPv6 /64 at a time; 0: not limited."),
  commands_per_second: integer(0, 1_000_000)
    .default(defaultSettings.commandsPerSecond)
    .describe("Commands a second of one connection; 0: not limited."),
  command_burst: integer(0, 1_000_000)
    .default(defaultSettings.commandBurst)
    .describe("Commands that one connection may send at once after a pause."),
  rate_limits: rateLimits
    .default("auto")
    .describe(
      "What users, back ends and networks may do over all connections and nodes: `auto`, or a JSON list of " +
        "`{per, of, dialect, kind, per_second, burst}`; `[]` limits nothing. [How it is written](limits.md#rates).",
    ),
  sign_ins_per_minute: integer(0, 1_000_000)
    .default(60)
    .describe(
      "Sign-ins, sign-ups, guests and failed tokens of one IPv4 address or IPv6 /64, over REST and sockets; 0: not " +
        "limited. Others than 0 also allow 10 attempts a minute on one account.",
    ),
  outbox_bytes: integer(16_384, 1_073_741_824)
    .default(defaultSettings.outboxBytes)
    .describe("Unsent bytes above which a reader is fed from the log instead of from memory."),
  stall_timeout_ms: integer(1_000, 60 * minuteMs)
    .default(defaultSettings.stallTimeoutMs)
    .describe("A connection that takes nothing for so long is ended."),
  open_message_idle_ms: integer(1_000, 1_440 * minuteMs)
    .default(5 * minuteMs)
    .describe(
      "A message that grows, and that nobody appended to for so long, is closed as abandoned.",
    ),
  document_bytes: integer(65_536, 1_073_741_824)
    .default(defaultSettings.documentBytes)
    .describe("What one document may have, in bytes of its updates together."),
  sign_in_timeout_ms: integer(100, 60 * minuteMs)
    .default(defaultSettings.signInTimeoutMs)
    .describe("A connection where nobody signed in for so long is ended."),
  poll_ms: integer(200, minuteMs)
    .default(defaultSettings.pollMs)
    .describe(
      "How often a node compares its rooms with the log: the latest that a message of another node arrives without a broker.",
    ),
  heartbeat_ms: integer(1_000, 60 * minuteMs)
    .default(defaultSettings.heartbeatMs)
    .describe("Time between two pings, or signs of life in an event stream, of one connection."),
  drain_ms: integer(0, 10 * minuteMs)
    .default(5_000)
    .describe(
      "At a stop, clients are sent away over so long, so that they do not come back all at once.",
    ),
  stop_timeout_ms: integer(1_000, 60 * minuteMs)
    .default(20_000)
    .describe("A stop that takes longer is forced."),
  crash_at: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "For tests of the storage: die at the n-th passing of a named place, `after_commit:37`.",
    ),
};

function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  try {
    new BlockList().addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
    return /^\d{1,3}$/.test(bits);
  } catch {
    return false;
  }
}
