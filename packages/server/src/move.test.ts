import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@parlance/storage";
import { switchableStore } from "@parlance/storage/copy";
import { openSqlite } from "@parlance/storage/sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config, SettingName } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import type { Log } from "./log.ts";
import { createMoveControl } from "./move.ts";
import { startServer } from "./start.ts";

const directory = mkdtempSync(join(tmpdir(), "move-control-"));
let store: Store;

beforeAll(async () => {
  store = await openSqlite({ directory: join(directory, "store"), readers: 1 });
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

function configOf(flags: Partial<Record<SettingName, string>>): Config {
  const given = { data_dir: join(directory, "data"), ...flags };
  return loadConfig({ flags: given, environment: {}, directory }).config;
}

const nowhere = "postgres://canary:canary-4711@127.0.0.1:1/chat";

async function refusal(
  config: Config,
  to: string,
  choice: { readonly isWorker?: boolean; readonly onlyNode?: boolean } = {},
): Promise<string> {
  const { isWorker = false, onlyNode = false } = choice;
  const report = (): void => undefined;
  const control = createMoveControl({ config, store: switchableStore(store), report, isWorker });
  const view = await control.begin({ to, replace: false, onlyNode });
  return view.phase === "refused" ? view.reason : view.phase;
}

describe("a move is refused in words", () => {
  test("where several servers or processes may use the database", async () => {
    const shared = configOf({ database_url: nowhere, broker_url: "redis://127.0.0.1:6379" });
    const to = `sqlite:${join(directory, "there")}`;
    expect(await refusal(shared, to)).toContain("there may be more");
    expect(await refusal(shared, to, { onlyNode: true })).toContain("cannot be used");
    expect(await refusal(configOf({}), nowhere, { isWorker: true })).toContain("--processes 1");
  });

  test("[I-29] where the address is none, is the one in use, or does not answer; without its password", async () => {
    const config = configOf({});
    expect(await refusal(config, "oracle://canary@db/chat")).toMatch(/^database_url: /);
    expect(await refusal(config, "sqlite:")).toContain("already");
    const reason = await refusal(config, nowhere);
    expect(reason).toContain("PostgreSQL at 127.0.0.1:1/chat cannot be used");
    expect(reason).not.toContain("canary");
  });
});

test("whoever has an API key of any scope does not find the move; the install's secret does", async () => {
  const config = configOf({ port: "0", data_dir: join(directory, "served") });
  const log: Log = { report: () => undefined, flush: () => undefined };
  const server = await startServer(config, { log });
  const ask = async (token: string, method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}/api/v1/admin/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const operator = (): Promise<string> =>
    signLocalToken(config, { user: "service:cli", ttlSeconds: 60, scopes: ["admin"] });
  try {
    const made = await ask(await operator(), "POST", "keys", { name: "shop", scopes: ["admin"] });
    const key = String(made.body["token"]);
    expect((await ask(key, "GET", "users")).status).toBe(200);
    expect((await ask(key, "GET", "move")).status).toBe(404);
    expect((await ask(key, "POST", "move", { to: nowhere })).status).toBe(404);
    expect((await ask(key, "DELETE", "move")).status).toBe(404);
    const token = await operator();
    expect(await ask(token, "GET", "move")).toEqual({ status: 200, body: { phase: "none" } });
    expect((await ask(token, "POST", "move", { to: 5 })).status).toBe(400);
    expect(await ask(token, "POST", "move", { to: "sqlite:" })).toMatchObject({
      status: 200,
      body: { phase: "refused" },
    });
  } finally {
    await server.close(0);
  }
});
