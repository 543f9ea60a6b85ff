import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { foreignNames } from "./foreign/table.ts";
import { ConfigError, type LoadedConfig, type LoadOptions, loadConfig } from "./load.ts";
import { settings } from "./schema.ts";
import { shownValue } from "./show.ts";
import type { Config } from "./types.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "load-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

type Variables = Readonly<Record<string, string>>;

function load(environment: Variables = {}, flags: LoadOptions["flags"] = {}): LoadedConfig {
  return loadConfig({ flags, environment, directory });
}

function refusal(environment: Variables, flags: LoadOptions["flags"] = {}): readonly string[] {
  try {
    load(environment, flags);
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
  return [];
}

async function write(name: string, variables: Variables): Promise<void> {
  const lines = Object.entries(variables).map(([key, value]) => `${key}='${value}'`);
  await writeFile(join(directory, name), lines.join("\n"));
}

/** For each name of the table: a value, and what it makes of the configuration. */
const meanings: Readonly<Record<string, readonly [string, object]>> = {
  WS_HOST: ["::1", { port: 9000, listen: [{ dialect: "mmb", host: "::1", port: 8080 }] }],
  REVERB_APP_ID: ["shop", { pusher_app_id: "shop" }],
  REVERB_APP_KEY: ["shop-key", { pusher_key: "shop-key" }],
  REVERB_APP_SECRET: ["fedcba9876543210", { pusher_secret: "fedcba9876543210" }],
  SOKETI_DEFAULT_APP_ID: ["shop", { pusher_app_id: "shop" }],
  SOKETI_DEFAULT_APP_KEY: ["shop-key", { pusher_key: "shop-key" }],
  SOKETI_DEFAULT_APP_SECRET: ["fedcba9876543210", { pusher_secret: "fedcba9876543210" }],
  WS_PORT: ["8090", { listen: [{ dialect: "mmb", host: "0.0.0.0", port: 8090 }] }],
  WS_PUBLIC_URL: ["wss://x.example/ws", { mmb_public_url: "wss://x.example/ws" }],
  TOKEN_EXPIRY: ["60", { mmb_token_expiry_s: 60 }],
  AUTO_RECONNECT: ["false", { mmb_auto_reconnect: false }],
  RECONNECT_DELAY: ["5000", { mmb_reconnect_delay_ms: 5_000 }],
  PING_INTERVAL: ["10000", { mmb_ping_interval_ms: 10_000 }],
  ENABLE_CHAT: ["0", { mmb_chat: false }],
  ENABLE_COLLABORATION: ["no", { mmb_collaboration: false }],
  ENABLE_NOTIFICATIONS: ["off", { mmb_notifications: false }],
  WSS_LOG_ENABLED: ["false", { log_level: "silent" }],
  WSS_DEBUG_LOG_ENABLED: ["true", { log_level: "debug" }],
  WSS_LOG_TO_DOCKER: ["false", { log_to: "file" }],
  REDIS_HOST: [
    "cache",
    { broker_url: "redis://cache:6379", doors: { redis: { host: "cache", port: 6379 } } },
  ],
  REDIS_PORT: [
    "6380",
    { broker_url: "redis://redis:6380", doors: { redis: { host: "redis", port: 6380 } } },
  ],
  APP_ENV: ["prod", { mode: "production" }],
  APP_SECRET: ["a short one", { secret: "a short one" }],
  WEBSOCKET_HOST: [
    "127.0.0.2",
    { port: 9000, listen: [{ dialect: "symfony-chat", host: "127.0.0.2", port: 8080 }] },
  ],
  WEBSOCKET_PORT: [
    "8091",
    { listen: [{ dialect: "symfony-chat", host: "127.0.0.1", port: 8091 }] },
  ],
  DATABASE_URL: ["sqlite:////srv/chat/parlance.db", { database_url: "sqlite:/srv/chat" }],
  RABBITMQ_HOST: [
    "mq",
    { broker_url: "amqp://guest:guest@mq:5672/%2F", doors: { rabbitmq: rabbit({ host: "mq" }) } },
  ],
  RABBITMQ_PORT: [
    "5673",
    {
      broker_url: "amqp://guest:guest@localhost:5673/%2F",
      doors: { rabbitmq: rabbit({ port: 5673 }) },
    },
  ],
  RABBITMQ_USER: [
    "ada",
    {
      broker_url: "amqp://ada:guest@localhost:5672/%2F",
      doors: { rabbitmq: rabbit({ user: "ada" }) },
    },
  ],
  RABBITMQ_PASSWORD: [
    "a@b:/c",
    {
      broker_url: "amqp://guest:a%40b%3A%2Fc@localhost:5672/%2F",
      doors: { rabbitmq: rabbit({}) },
    },
  ],
  RABBITMQ_VHOST: [
    "chat",
    {
      broker_url: "amqp://guest:guest@localhost:5672/chat",
      doors: { rabbitmq: rabbit({ vhost: "chat" }) },
    },
  ],
  MESSENGER_TRANSPORT_DSN: [
    "amqp://ada:canary@mq:5673/%2f/events",
    {
      broker_url: "amqp://ada:canary@mq:5673/%2F",
      doors: { rabbitmq: { host: "mq", port: 5673, user: "ada", vhost: "/", exchange: "events" } },
    },
  ],
};

function rabbit(changes: object): object {
  return { host: "localhost", port: 5672, user: "guest", vhost: "/", ...changes };
}

/** The three are set together, or not at all. */
function restOfPusher(given: object): Variables {
  const app = { pusher_app_id: "1", pusher_key: "app-key", pusher_secret: "0123456789abcdef" };
  if (!Object.keys(app).some((name) => name in given)) return {};
  return Object.fromEntries(
    Object.entries(app)
      .filter(([name]) => !(name in given))
      .map(([name, value]) => [`PARLANCE_${name.toUpperCase()}`, value]),
  );
}

describe("names of other systems", () => {
  test("the list of meanings has every name of the table", () => {
    expect(Object.keys(meanings).sort()).toEqual(foreignNames.map(({ name }) => name).sort());
  });

  test.each(Object.entries(meanings))(
    "[MMB-17] [PE-16] [SC-10] %s alone: in the environment, in .env and in .env.local",
    async (name, [value, expected]) => {
      const ours: Variables = {
        ...("port" in expected ? { PARLANCE_PORT: "9000" } : {}),
        ...restOfPusher(expected),
      };
      const given = { [name]: value, ...ours };
      const inEnvironment = load(given);
      expect(inEnvironment.config).toMatchObject(expected);
      expect(inEnvironment.foreign).toMatchObject([{ name, source: "environment" }]);
      for (const file of [".env", ".env.local"] as const) {
        await write(file, { [name]: value });
        const { config, foreign, sources } = load(ours);
        expect(config).toMatchObject(expected);
        expect(foreign).toMatchObject([{ name, source: file }]);
        const [use] = foreign;
        expect(use?.setting).toBeDefined();
        if (use?.setting !== undefined) expect(sources[use.setting]).toBe(file);
        await rm(join(directory, file));
      }
    },
  );

  test("of one name the environment wins over .env.local, and that over .env", async () => {
    await write(".env", { APP_ENV: "prod", RECONNECT_DELAY: "1000", WS_PORT: "8090" });
    await write(".env.local", { APP_ENV: "dev", RECONNECT_DELAY: "2000" });
    const { config, foreign } = load({ RECONNECT_DELAY: "3000", WS_PORT: "" });
    expect(config).toMatchObject({ mode: "development", mmb_reconnect_delay_ms: 3_000 });
    expect(foreign.map(({ name, source }) => [name, source])).toEqual([
      ["WS_PORT", ".env"],
      ["RECONNECT_DELAY", "environment"],
      ["APP_ENV", ".env.local"],
    ]);
  });

  test.each([
    ["WS_PORT", "0"],
    ["WS_PORT", "8082a"],
    ["WS_HOST", "300.1.1.1"],
    ["WS_PUBLIC_URL", "http://localhost"],
    ["TOKEN_EXPIRY", "soon"],
    ["AUTO_RECONNECT", "maybe"],
    ["WSS_LOG_ENABLED", "loud"],
    ["WSS_DEBUG_LOG_ENABLED", "2"],
    ["WSS_LOG_TO_DOCKER", "file"],
    ["REDIS_PORT", "65536"],
    ["REDIS_HOST", "a b"],
    ["RABBITMQ_PORT", "amqp"],
    ["APP_ENV", "staging"],
    ["MESSENGER_TRANSPORT_DSN", "doctrine://default?auto_setup=0"],
    ["MESSENGER_TRANSPORT_DSN", "amqp://guest:canary@localhost:5672/a/b/c"],
    ["MESSENGER_TRANSPORT_DSN", "amqp://guest:can%ary@localhost:5672/%2f/messages"],
    ["MESSENGER_TRANSPORT_DSN", "amqp://guest:12?canary@localhost/%2f"],
    ["MESSENGER_TRANSPORT_DSN", "amqp:"],
    ["DATABASE_URL", "oracle://root:canary@localhost/chat"],
    ["DATABASE_URL", "mysql://root:canary@127.0.0.1:3306/"],
    ["DATABASE_URL", "mysql://root:canary@127.0.0.1:99999/chat"],
    ["DATABASE_URL", "mysql://root:canary@127.0.0.1/chat?sslmode=canary"],
    ["PARLANCE_DATABASE_URL", "mysql://root:canary@127.0.0.1/chat?charset=utf8"],
    ["PARLANCE_DATABASE_URL", "postgres://root:canary@127.0.0.1/"],
    ["PARLANCE_DATABASE_URL", "mysql://root:canary@127.0.0.1/chat?prefix=a%3F"],
    ["PARLANCE_DATABASE_URL", "oracle://root:canary@127.0.0.1/chat"],
    ["DATABASE_URL", "sqlite:///:memory:"],
    ["DATABASE_URL", "sqlite:////srv/other.sqlite3"],
    ["DATABASE_URL", "sqlite:////srv/chat?mode=ro"],
  ])("%s=%s is refused in one line that names it and repeats no password", (name, value) => {
    const lines = refusal({ [name]: value });
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^${name}:? `))]);
    expect(lines.join()).not.toContain("canary");
  });

  test("[SC-10] a database on MySQL or PostgreSQL is used, with the parameters of its DSN understood", () => {
    for (const [dsn, url] of [
      [
        "mysql://root:@127.0.0.1:3306/chat_system?serverVersion=8.0.32&charset=utf8mb4",
        "mysql://root@127.0.0.1:3306/chat_system",
      ],
      [
        "postgresql://app:!ChangeMe!@db:5432/app?serverVersion=16&charset=utf8",
        "postgres://app:!ChangeMe!@db:5432/app",
      ],
    ] as const) {
      expect(load({ DATABASE_URL: dsn }).config.database_url).toBe(url);
    }
  });

  test("[SC-10] sqlite DSNs are read as Doctrine reads them", () => {
    const url = (value: string): string => load({ DATABASE_URL: value }).config.database_url;
    expect(url("sqlite:////srv/chat")).toBe("sqlite:/srv/chat");
    expect(url("sqlite:///var/chat?charset=utf8")).toBe(`sqlite:${join(directory, "var/chat")}`);
    expect(refusal({ DATABASE_URL: "sqlite:///%kernel.project_dir%/var/data.db" })).toEqual([
      "DATABASE_URL refers to %kernel.project_dir%, which only Symfony can resolve: write the value itself",
    ]);
  });

  test("[SC-10] the description's own .env, but for its database", async () => {
    await write(".env.local", {
      APP_ENV: "dev",
      APP_SECRET: "your-secret-key-here",
      WEBSOCKET_HOST: "127.0.0.1",
      WEBSOCKET_PORT: "8080",
      RABBITMQ_HOST: "localhost",
      RABBITMQ_PORT: "5672",
      RABBITMQ_USER: "guest",
      RABBITMQ_PASSWORD: "guest",
      RABBITMQ_VHOST: "/",
      MESSENGER_TRANSPORT_DSN: "amqp://guest:guest@localhost:5672/%2f/messages",
    });
    expect(refusal({ PARLANCE_PORT: "8080" })).toEqual([
      "WEBSOCKET_HOST, WEBSOCKET_PORT: symfony-chat=127.0.0.1:8080 takes the main port 8080. Give one of them " +
        "another port, such as PARLANCE_PORT=8000",
    ]);
    const made = load({});
    expect(made.config.port).toBe(8000);
    expect(made.warnings[0]).toBe(
      "The main port is 8000, since WEBSOCKET_HOST, WEBSOCKET_PORT asks for 8080. PARLANCE_PORT names another.",
    );
    const { config, warnings } = load({ PARLANCE_PORT: "8000" });
    expect(config.listen).toEqual([{ dialect: "symfony-chat", host: "127.0.0.1", port: 8080 }]);
    expect(config.doors).toEqual({ rabbitmq: rabbit({ exchange: "messages" }) });
    expect(warnings).toEqual([
      "APP_SECRET has less than 32 characters; production mode would refuse it.",
      "RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD, RABBITMQ_VHOST, MESSENGER_TRANSPORT_DSN: " +
        "publishes what other programs put there, and joins the nodes (rabbitmq at localhost:5672).",
    ]);
    expect(config.broker_url).toBe("amqp://guest:guest@localhost:5672/%2F");
    expect(config.rabbitmq_door_url).toBe(config.broker_url);
    expect(config.rabbitmq_door_exchange).toBe("messages");
  });

  test("[PE-16] [SC-10] of two services neither joins the nodes by itself, our own setting names one", () => {
    const both = { REDIS_HOST: "cache", RABBITMQ_HOST: "mq", RABBITMQ_PASSWORD: "canary" };
    const undecided = load(both);
    expect(undecided.config.broker_url).toBe("memory:");
    expect(undecided.sources.broker_url).toBe("preset");
    const open = "publishes what other programs put there";
    expect(undecided.foreign.map(({ note }) => note)).toEqual([open, open, open]);
    expect(undecided.config.redis_door_url).toBe("redis://cache:6379");
    expect(undecided.config.rabbitmq_door_url).toBe("amqp://guest:canary@mq:5672/%2F");

    const ours = load({ ...both, PARLANCE_BROKER_URL: "redis://ada:canary@other,cache" });
    expect(ours.config.broker_url).toBe("redis://ada:canary@other,cache");
    expect(ours.foreign.map(({ name, setting }) => [name, setting])).toEqual([
      ["REDIS_HOST", "broker_url"],
      ["RABBITMQ_HOST", "rabbitmq_door_url"],
      ["RABBITMQ_PASSWORD", "rabbitmq_door_url"],
    ]);
    const none = load({ REDIS_HOST: "cache", PARLANCE_BROKER_URL: "none:" });
    expect(none.config.broker_url).toBe("none:");
    expect(none.foreign).toMatchObject([{ name: "REDIS_HOST", note: open }]);
    expect(
      JSON.stringify([undecided, ours].map(({ foreign, warnings }) => [foreign, warnings])),
    ).not.toContain("canary");
  });

  test("amqps stays encrypted", () => {
    const { config } = load({ MESSENGER_TRANSPORT_DSN: "amqps://ada:canary@mq/%2f/events" });
    expect(config.broker_url).toBe("amqps://ada:canary@mq:5671/%2F");
  });

  test("[PE-16] the switches of the log together", () => {
    const levels = (environment: Variables): unknown => load(environment).config.log_level;
    expect(levels({ WSS_DEBUG_LOG_ENABLED: "false" })).toBe("info");
    expect(levels({ WSS_DEBUG_LOG_ENABLED: "false", APP_ENV: "prod" })).toBe("essential");
    expect(levels({ WSS_DEBUG_LOG_ENABLED: "false", PARLANCE_MODE: "production" })).toBe(
      "essential",
    );
    expect(levels({ WSS_DEBUG_LOG_ENABLED: "true", WSS_LOG_ENABLED: "true" })).toBe("debug");
    expect(levels({ WSS_DEBUG_LOG_ENABLED: "true", WSS_LOG_ENABLED: "false" })).toBe("silent");
    expect(load({ WSS_LOG_TO_DOCKER: "true" }).config.log_to).toBe("stdout");
  });
});

describe("names that disagree", () => {
  const conflicts: readonly (readonly [Variables, readonly string[]])[] = [
    [
      { APP_ENV: "prod", PARLANCE_MODE: "development" },
      ["APP_ENV=prod", "PARLANCE_MODE=development"],
    ],
    [
      { APP_SECRET: "canary-1", PARLANCE_SECRET: "canary-2" },
      ["APP_SECRET=(hidden)", "PARLANCE_SECRET=(hidden)"],
    ],
    [
      { WS_PUBLIC_URL: "ws://a/", PARLANCE_MMB_PUBLIC_URL: "ws://b/" },
      ["WS_PUBLIC_URL=ws://a/", "PARLANCE_MMB_PUBLIC_URL=ws://b/"],
    ],
    [
      { TOKEN_EXPIRY: "1", PARLANCE_MMB_TOKEN_EXPIRY_S: "2" },
      ["TOKEN_EXPIRY=1", "PARLANCE_MMB_TOKEN_EXPIRY_S=2"],
    ],
    [
      { AUTO_RECONNECT: "yes", PARLANCE_MMB_AUTO_RECONNECT: "no" },
      ["AUTO_RECONNECT=yes", "PARLANCE_MMB_AUTO_RECONNECT=no"],
    ],
    [
      { RECONNECT_DELAY: "1000", PARLANCE_MMB_RECONNECT_DELAY_MS: "2000" },
      ["RECONNECT_DELAY=1000", "PARLANCE_MMB_RECONNECT_DELAY_MS=2000"],
    ],
    [
      { PING_INTERVAL: "1000", PARLANCE_MMB_PING_INTERVAL_MS: "2000" },
      ["PING_INTERVAL=1000", "PARLANCE_MMB_PING_INTERVAL_MS=2000"],
    ],
    [{ ENABLE_CHAT: "yes", PARLANCE_MMB_CHAT: "no" }, ["ENABLE_CHAT=yes", "PARLANCE_MMB_CHAT=no"]],
    [
      { ENABLE_COLLABORATION: "yes", PARLANCE_MMB_COLLABORATION: "no" },
      ["ENABLE_COLLABORATION=yes", "PARLANCE_MMB_COLLABORATION=no"],
    ],
    [
      { ENABLE_NOTIFICATIONS: "yes", PARLANCE_MMB_NOTIFICATIONS: "no" },
      ["ENABLE_NOTIFICATIONS=yes", "PARLANCE_MMB_NOTIFICATIONS=no"],
    ],
    [
      { WSS_LOG_ENABLED: "false", PARLANCE_LOG_LEVEL: "info" },
      ["WSS_LOG_ENABLED=false", "PARLANCE_LOG_LEVEL=info"],
    ],
    [
      { WSS_LOG_ENABLED: "true", PARLANCE_LOG_LEVEL: "silent" },
      ["WSS_LOG_ENABLED=true", "PARLANCE_LOG_LEVEL=silent"],
    ],
    [
      { WSS_DEBUG_LOG_ENABLED: "true", PARLANCE_LOG_LEVEL: "warn" },
      ["WSS_DEBUG_LOG_ENABLED=true", "PARLANCE_LOG_LEVEL=warn"],
    ],
    [
      { WSS_LOG_TO_DOCKER: "true", PARLANCE_LOG_TO: "file" },
      ["WSS_LOG_TO_DOCKER=true", "PARLANCE_LOG_TO=file"],
    ],
    [
      { DATABASE_URL: "sqlite:////a", PARLANCE_DATABASE_URL: "sqlite:/b" },
      ["DATABASE_URL=sqlite:////a", "PARLANCE_DATABASE_URL=sqlite:/b"],
    ],
    [
      { WS_PORT: "8082", PARLANCE_LISTEN: "mmb=9000" },
      ["WS_PORT=8082", "PARLANCE_LISTEN=mmb=9000"],
    ],
    [{ WS_HOST: "::1", PARLANCE_LISTEN: "mmb=9000" }, ["WS_HOST=::1", "PARLANCE_LISTEN=mmb=9000"]],
    [
      { WEBSOCKET_PORT: "8083", PARLANCE_LISTEN: "none" },
      ["WEBSOCKET_PORT=8083", "PARLANCE_LISTEN=none"],
    ],
    [
      { WEBSOCKET_HOST: "::1", PARLANCE_LISTEN: "auto" },
      ["WEBSOCKET_HOST=::1", "PARLANCE_LISTEN=auto"],
    ],
    [
      { RABBITMQ_HOST: "a", MESSENGER_TRANSPORT_DSN: "amqp://b" },
      ["RABBITMQ_HOST=a", "MESSENGER_TRANSPORT_DSN=amqp://b"],
    ],
    [
      { RABBITMQ_PORT: "1", MESSENGER_TRANSPORT_DSN: "amqp://b" },
      ["RABBITMQ_PORT=1", "MESSENGER_TRANSPORT_DSN=amqp://b"],
    ],
    [
      { RABBITMQ_USER: "a", MESSENGER_TRANSPORT_DSN: "amqp://b:canary@b" },
      ["RABBITMQ_USER=a", "MESSENGER_TRANSPORT_DSN=amqp://b:(hidden)@b"],
    ],
    [
      { RABBITMQ_PASSWORD: "canary", MESSENGER_TRANSPORT_DSN: "amqp://guest:canary2@b" },
      ["RABBITMQ_PASSWORD=(hidden)", "MESSENGER_TRANSPORT_DSN=amqp://guest:(hidden)@b"],
    ],
    [
      { RABBITMQ_VHOST: "a", MESSENGER_TRANSPORT_DSN: "amqp://b/c" },
      ["RABBITMQ_VHOST=a", "MESSENGER_TRANSPORT_DSN=amqp://b/c"],
    ],
  ];

  test.each(conflicts)("%j ends the start and names both names and both values", (given, told) => {
    const lines = refusal(given);
    const [line = ""] = lines.filter((each) => each.includes("disagree"));
    for (const part of told) expect(line).toContain(part);
    expect(lines.join()).not.toContain("canary");
  });

  test.each(conflicts)("%j ends it from different layers too", async (given) => {
    const [first, second] = Object.entries(given);
    await write(".env", Object.fromEntries([first ?? []]));
    const variables = Object.fromEntries([second ?? []]) as Variables;
    expect(refusal(variables).join("\n")).toMatch(
      /\(\.env\).*\(environment\)|\(environment\).*\(\.env\)/,
    );
  });

  test("a flag and a file of ours count as well", async () => {
    expect(refusal({ WSS_DEBUG_LOG_ENABLED: "false" }, { log_level: "debug" })).toEqual([
      "--log-level=debug and WSS_DEBUG_LOG_ENABLED=false (environment) disagree about log_level: give one of them, or " +
        "the same value",
    ]);
    await writeFile(join(directory, "parlance.json"), '{"mmb_chat": false}');
    expect(refusal({ ENABLE_CHAT: "1" })).toEqual([
      "parlance.json: mmb_chat false and ENABLE_CHAT=1 (environment) disagree about mmb_chat: give one of them, or the " +
        "same value",
    ]);
  });

  test("equal values are fine, however they are written", () => {
    const { config } = load({
      APP_ENV: "test",
      PARLANCE_MODE: "development",
      ENABLE_CHAT: "off",
      PARLANCE_MMB_CHAT: "no",
      WS_PORT: "8090",
      WS_HOST: "127.0.0.1",
      PARLANCE_LISTEN: "portico=/wss,mmb=8090",
      RABBITMQ_HOST: "mq",
      RABBITMQ_VHOST: "/",
      MESSENGER_TRANSPORT_DSN: "amqp://mq/%2f/messages",
    });
    expect(config).toMatchObject({ mode: "development", mmb_chat: false });
    expect(config.listen).toEqual([
      { dialect: "portico", path: "/wss" },
      { dialect: "mmb", port: 8090 },
    ]);
  });

  test("an endpoint of another system joins a list that has none of its dialect", () => {
    const { config } = load({ WS_PORT: "8090", PARLANCE_LISTEN: "portico=/wss" });
    expect(config.listen).toEqual([
      { dialect: "portico", path: "/wss" },
      { dialect: "mmb", host: "0.0.0.0", port: 8090 },
    ]);
  });
});

test("Pusher's three settings are set together, and the secret is never shown", () => {
  const whole = {
    PARLANCE_PUSHER_APP_ID: "1",
    PARLANCE_PUSHER_KEY: "app-key",
    PARLANCE_PUSHER_SECRET: "0123456789abcdef",
  };
  const { config } = load(whole);
  expect(config.pusher_key).toBe("app-key");
  expect(shownValue(config, { name: "pusher_secret", isSecret: true })).toBe("(hidden)");
  expect(settings.find(({ name }) => name === "pusher_secret")?.isSecret).toBe(true);
  const { PARLANCE_PUSHER_SECRET: _, ...rest } = whole;
  expect(refusal(rest)).toEqual([expect.stringMatching(/^PARLANCE_PUSHER_SECRET is missing/)]);
  expect(refusal({ PARLANCE_PUSHER_WEBHOOK_URL: "https://app.example/x" })).toHaveLength(3);
  expect(refusal({ ...whole, PARLANCE_PUSHER_SECRET: "short" })).toHaveLength(1);
  expect(refusal({ ...whole, PARLANCE_PUSHER_KEY: "a/b" })).toHaveLength(1);
});

test("null among the origins is kept apart from those that the native dialect and REST take", () => {
  const { config } = load({ PARLANCE_ORIGINS: "https://a.example,null" });
  expect(config).toMatchObject({ origins: ["https://a.example"], null_origin: true });
  expect(load().config.null_origin).toBe(false);
});

test.each([
  ["PARLANCE_TIME_ZONE", "Mars/Olympus"],
  ["PARLANCE_TIME_ZONE", "+02:00"],
  ["PARLANCE_CHATLOGGER_ROOM", "a room"],
  ["PARLANCE_CHATLOGGER_HISTORY", "201"],
  ["PARLANCE_CONNECT_HOOK_URL", "ftp://app.example"],
  ["PARLANCE_CONNECT_HOOK_URL", "https://ada:canary@app.example/"],
  ["PARLANCE_CONNECT_HOOK_SECRET", "canary"],
  ["PARLANCE_CONNECT_HOOK_FALLBACK", "allow"],
  ["PARLANCE_TRUSTED_NETWORK", "native"],
  ["PARLANCE_TRUSTED_NETWORK", "mmb,auto"],
])("%s=%s is refused", (name, value) => {
  const lines = refusal({ [name]: value });
  expect(lines).toEqual([expect.stringContaining(name)]);
  expect(lines.join()).not.toContain("canary");
});

describe("the broker", () => {
  test.each([
    "memory:",
    "none:",
    "ipc:/run/parlance/hub",
    "redis://h1",
    "rediss://ada:secret@h1:6380,h2/0",
    "redis-sentinel://h1,h2/main",
    "redis-cluster://h1,h2",
    "amqp://ada:secret@h1,h2/vhost",
    "amqps://[::1]:5671",
    "nats://h1,h2",
    "tls://token@h1",
  ])("%s is taken", (url) => {
    expect(load({ PARLANCE_BROKER_URL: url }).config.broker_url).toBe(url);
  });

  test.each([
    "memory:x",
    "none:/",
    "ipc:relative",
    "kafka://canary@h1",
    "redis:h1",
    "redis://ada:canary@h1:0",
    "redis://ada:canary@h1?x=canary",
    "redis://ada:canary@",
    "redis-sentinel://ada:canary@h1",
    "amqp://ada:can%ary@h1",
    "nats://canary@h 1",
  ])("%s is refused without being repeated", (url) => {
    const lines = refusal({ PARLANCE_BROKER_URL: url });
    expect(lines).toEqual([expect.stringMatching(/^PARLANCE_BROKER_URL: /)]);
    expect(lines.join()).not.toContain("canary");
  });

  test.each([
    ["redis://ada:canary@h1,h2/0", "redis://ada:(hidden)@h1,h2/0"],
    ["redis://:canary@h1", "redis://:(hidden)@h1"],
    ["amqp://ada:can@ary@h1", "amqp://ada:(hidden)@h1"],
    ["nats://canary@h1", "nats://(hidden)@h1"],
    ["nats://ada:canary@h1", "nats://ada:(hidden)@h1"],
  ])("[I-29] %s is shown as %s", (url, shown) => {
    const config = { broker_url: url } as unknown as Config;
    expect(shownValue(config, { name: "broker_url", isSecret: false })).toBe(shown);
  });
});
