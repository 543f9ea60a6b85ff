/** What plug-ins see of the environment that the server runs in. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { loadConfig } from "./config/load.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "plugin-environment-"));
  const plugin = `export const plugin = () => ({ name: "spy", methods: { environment: () => ({ ...process.env }) } });`;
  await writeFile(join(directory, "spy.mjs"), plugin);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close(0);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** @returns what a plug-in of a server with these settings sees. */
async function seen(settings: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const flags = {
    port: "0",
    log_level: "silent",
    plugins: join(directory, "spy.mjs"),
    ...settings,
  };
  const { config } = loadConfig({ flags, environment: {}, directory });
  server = await startServer(config);
  const token = await signLocalToken(config, { user: "ann", ttlSeconds: 60 });
  const answer = await fetch(`${server.url}/api/v1/rpc/environment`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: "{}",
  });
  return ((await answer.json()) as { data: Record<string, string> }).data;
}

test("[SC-13] a plug-in gets of the environment what is harmless, and nothing of the server's secrets", async () => {
  vi.stubEnv("PARLANCE_SECRET", "canary-secret");
  vi.stubEnv("DATABASE_PASSWORD", "canary-password");
  vi.stubEnv("NODE_AUTH_TOKEN", "canary-token");
  vi.stubEnv("LANG", "C.UTF-8");
  vi.stubEnv("TZ", "UTC");
  const environment = await seen({});
  expect(environment).toMatchObject({ LANG: "C.UTF-8", TZ: "UTC", PATH: process.env["PATH"] });
  const harmless = ["LANG", "LC_ALL", "NODE_ENV", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "PATH"];
  expect(Object.keys(environment).filter((name) => !harmless.includes(name))).toEqual(["TZ"]);
  expect(JSON.stringify(environment)).not.toContain("canary");
});

test("[SC-13] a plug-in gets what the operator names, where it is there", async () => {
  vi.stubEnv("SHOP_URL", "https://shop.example");
  vi.stubEnv("SHOP_PASSWORD", "canary-password");
  const environment = await seen({ plugin_environment: "SHOP_URL,SHOP_ABSENT" });
  expect(environment).toMatchObject({ SHOP_URL: "https://shop.example" });
  expect(environment).not.toHaveProperty("SHOP_ABSENT");
  expect(environment).not.toHaveProperty("SHOP_PASSWORD");
});

test("a name that no variable has stops the start", () => {
  const flags = { plugin_environment: "SHOP URL" };
  const load = () => loadConfig({ flags, environment: {}, directory });
  expect(load).toThrow(/--plugin-environment/);
});
