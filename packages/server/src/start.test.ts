import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configurationDocument } from "./config/document.ts";
import { type ConfigError, type LoadOptions, loadConfig } from "./config/load.ts";
import { unsafeSettings } from "./config/safety.ts";
import { type ParlanceServer, startServer } from "./start.ts";
import { describeStartFailure } from "./start-failure.ts";

/** What these tests look at in an answer. */
interface Frame {
  readonly type: string;
  readonly details?: { readonly retry_after_ms?: number };
}

let directory: string;
const started: ParlanceServer[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "start-"));
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

function load(flags: LoadOptions["flags"] = {}, environment = {}): ReturnType<typeof loadConfig> {
  return loadConfig({
    flags: { port: "0", log_level: "silent", ...flags },
    environment,
    directory,
  });
}

async function start(flags: LoadOptions["flags"] = {}): Promise<ParlanceServer> {
  const server = await startServer(load(flags).config);
  started.push(server);
  return server;
}

async function failure(flags: LoadOptions["flags"]): Promise<readonly string[]> {
  const { config } = load(flags);
  try {
    await start(flags);
  } catch (error) {
    return describeStartFailure(error, config) ?? ["unforeseen"];
  }
  return ["started"];
}

describe("configuration", () => {
  test("flags win over the environment, it over files, and each value has its source", async () => {
    await writeFile(
      join(directory, "parlance.json"),
      '{"drain_ms": 1, "host": "::1", "origins": []}',
    );
    await writeFile(join(directory, ".env"), "PARLANCE_DRAIN_MS=2\nPARLANCE_GUESTS=closed\n");
    await writeFile(join(directory, ".env.local"), "PARLANCE_DRAIN_MS=3\n");
    const { config, sources, unknown } = loadConfig({
      flags: { port: "4" },
      environment: { PARLANCE_PORT: "5", PARLANCE_MODE: "development", PARLANCE_PROT: "6" },
      directory,
    });
    expect(config).toMatchObject({ port: 4, drain_ms: 3, guests: "closed", host: "::1" });
    expect(sources).toMatchObject({
      port: "flag",
      mode: "environment",
      drain_ms: ".env.local",
      guests: ".env",
      host: "parlance.json",
      compression: "preset",
    });
    expect(unknown).toEqual(["PARLANCE_PROT"]);
  });

  test("each wrong value is one line that names the setting as it was given", () => {
    try {
      load({ port: "http" }, { PARLANCE_JWT_ISSUERS: '[{"issuer":"x","jwks_url":"https://x/k"}]' });
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).lines).toEqual([
        "--port: whole number, 0-65535",
        "PARLANCE_JWT_ISSUERS (at 0): an issuer with public keys needs an audience",
      ]);
    }
  });

  test("[AD3] production refuses an absent or weak secret and a public address without its name", async () => {
    const refusals = (environment: Record<string, string>, host = "127.0.0.1"): number =>
      unsafeSettings(load({ mode: "production", host }, environment).config).length;
    const strong = "Vv8w1m0TQyJ7n5cX2kZrL9bH4sGdEaPf6uYt3oWi";
    expect(refusals({})).toBe(1);
    for (const secret of ["short", "a".repeat(64), `change-me-${strong}`]) {
      expect([secret, refusals({ PARLANCE_SECRET: secret })]).toEqual([secret, 1]);
    }
    expect(refusals({ PARLANCE_SECRET: strong })).toBe(0);
    expect(refusals({ PARLANCE_SECRET: strong }, "0.0.0.0")).toBe(1);
    expect((await failure({ mode: "production" }))[0]).toContain("PARLANCE_SECRET is not set");
    await expect(stat(join(directory, "data"))).rejects.toThrow();
  });

  test("the document about the configuration is the schema's", async () => {
    const path = new URL("../../../docs/operations/configuration.md", import.meta.url);
    expect(await readFile(path, "utf8")).toBe(configurationDocument());
  });
});

describe("starting", () => {
  test("an empty directory is enough, and the secret made there is the owner's alone", async () => {
    const server = await start();
    expect(server.secretMadeAt).toBe(join(directory, "data/secret"));
    expect((await stat(server.secretMadeAt ?? "")).mode & 0o777).toBe(0o600);
    expect((await fetch(`${server.url}/`)).headers.get("content-security-policy")).toContain(
      "default-src 'self'",
    );
    await server.close(0);
    const again = await start();
    expect(again.secretMadeAt).toBeUndefined();
  });

  test("a directory or port in use, and one that cannot be made, are one clear line", async () => {
    const first = await start();
    expect(await failure({})).toEqual([expect.stringContaining("is used by another Parlance")]);
    expect(await failure({ data_dir: "other", port: String(first.port) })).toEqual([
      expect.stringContaining(`Port ${first.port}`),
    ]);
    await writeFile(join(directory, "file"), "");
    expect(await failure({ data_dir: "file/data" })).toEqual([
      expect.stringContaining("cannot be written"),
    ]);
  });
});

test("[A12] a made-up X-Forwarded-For does not get around the limit; a trusted proxy's counts", async () => {
  const statuses = async (server: ParlanceServer): Promise<number[]> => {
    const found: number[] = [];
    for (let index = 0; index < 4; index += 1) {
      const response = await fetch(`${server.url}/api/v1/guests`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": `192.0.2.${index}` },
        body: JSON.stringify({ name: "Gus" }),
      });
      found.push(response.status);
    }
    return found;
  };
  const direct = await start({ sign_ins_per_minute: "2" });
  expect(await statuses(direct)).toEqual([201, 201, 429, 429]);
  const proxied = await start({
    sign_ins_per_minute: "2",
    trusted_proxies: "127.0.0.1",
    data_dir: "proxied",
  });
  expect(await statuses(proxied)).toEqual([201, 201, 201, 201]);
});

test("[A12] guests and failed tokens of sockets and REST share one limit; the socket is kept and told when to come back", async () => {
  const server = await start({ sign_ins_per_minute: "3" });
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
    await once(socket, "open");
    return socket;
  };
  const ask = async (socket: WebSocket, command: object): Promise<Frame> => {
    socket.send(JSON.stringify({ ...command, id: "1" }));
    const [message] = (await once(socket, "message")) as [MessageEvent<string>];
    return JSON.parse(message.data) as Frame;
  };
  const guestByRest = async (): Promise<number> => {
    const response = await fetch(`${server.url}/api/v1/guests`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Gus" }),
    });
    return response.status;
  };
  const guess = { type: "sign_in", token: "pls_0_guess" };
  const guest = { type: "sign_in", guest: { name: "Gus" } };
  expect(await guestByRest()).toBe(201);
  expect(await ask(await open(), guest)).toMatchObject({ type: "reply" });
  expect(await ask(await open(), guess)).toMatchObject({ code: "unauthenticated" });

  const socket = await open();
  for (const command of [guess, guest]) {
    const refused = await ask(socket, command);
    expect(refused).toMatchObject({ type: "error", code: "rate_limited", retry: "later" });
    expect(refused.details?.retry_after_ms).toBeGreaterThan(0);
    expect(refused.details?.retry_after_ms).toBeLessThanOrEqual(60_000);
  }
  expect(await guestByRest()).toBe(429);
  expect((await ask(socket, { type: "ping" })).type).toBe("reply");
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test("a database that cannot be opened is one clear line", async () => {
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "data/parlance.db"), "not a database ".repeat(100));
  expect(await failure({})).toEqual([
    expect.stringMatching(/^The database in .*data cannot be opened: .*not a database\.$/),
  ]);
});

describe("stopping", () => {
  test("[I-24] while draining, newcomers get 503, sockets get 1012, and the store is let go", async () => {
    const server = await start();
    const url = `${server.url.replace("http", "ws")}/ws`;
    const socket = new WebSocket(url);
    await once(socket, "open");
    const closed = once(socket, "close");
    const connectionOf = async (): Promise<unknown> =>
      (await fetch(`${server.url}/health`)).headers.get("connection");
    expect(await connectionOf()).toBe("keep-alive");
    const closing = server.close(1_500);
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
    // So that a proxy has no connection left on which a request could be on its way when it ends.
    expect(await connectionOf()).toBe("close");
    const late = new WebSocket(url);
    const refused = await Promise.race([
      once(late, "error").then(() => "refused"),
      once(late, "open").then(() => "open"),
    ]);
    expect(refused).toBe("refused");
    const [event] = (await closed) as [CloseEvent];
    expect(event.code).toBe(1012);
    await closing;
    await server.stopped;
    await expect(fetch(server.url)).rejects.toThrow();
    await start();
  });
});
