import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/* Some of these start a dozen processes, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const program = fileURLToPath(new URL("../bin/parlance.js", import.meta.url));
let directory: string;
const running: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cli-"));
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], input = "", environment = {}): Promise<Done> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"], ...environment },
  });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number]>,
  ]);
  return { code, out, err };
}

/** Starts a server and waits for its three lines. */
async function start(): Promise<{ child: ChildProcess; lines: readonly string[] }> {
  const child = spawn(process.execPath, [program, "start", "--port", "0", "--drain-ms", "100"], {
    cwd: directory,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "ignore"],
  });
  running.push(child);
  let out = "";
  for await (const chunk of child.stdout) {
    out += String(chunk);
    if (out.split("\n").length > 3) break;
  }
  return { child, lines: out.trimEnd().split("\n") };
}

test("a first start prints three lines, commands find the server, and SIGTERM ends it with 0", async () => {
  const { child, lines } = await start();
  const url = /^Chat {8}(http:\/\/127\.0\.0\.1:\d+)$/.exec(lines[0] ?? "")?.[1];
  expect(url).toBeDefined();
  expect(lines[1]).toBe(`Playground  ${url}/playground`);
  expect(lines[2]).toMatch(/^Development mode, so this is trusted: /);

  expect(await run(["health"])).toMatchObject({ code: 0, out: "ready\n" });
  expect((await run(["status"])).out).toContain("connections: 0");
  const key = await run(["key", "create", "--scope", "publish"]);
  expect(key.out).toMatch(/^plk_[0-9a-f]+_\S+\n$/);
  expect((await run(["key", "list"])).out).toContain("publish");
  expect((await run(["users", "add", "ada"], "a good password\n")).out).toContain("Made ada");
  const token = (await run(["token", "--user", "bob", "--ttl", "60"])).out.trim();
  const me = await fetch(`${url}/api/v1/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await me.json()).toMatchObject({ user: { id: "bob", kind: "external" } });

  const listed = JSON.parse((await run(["users", "list", "--json"])).out) as object[];
  expect(listed).toMatchObject([
    { number: 1, kind: "account", username: "ada", disabled: false },
    { number: 2, kind: "external", id: "bob" },
  ]);
  const inUse = await run(["migrate", "--dry-run"]);
  expect([inUse.code, inUse.out]).toEqual([1, expect.stringContaining("Stop that one first")]);
  expect((await run(["migrate", "--status"])).out).toContain("A Parlance process is using it.");

  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await run(["health"])).toMatchObject({ code: 1, out: "unreachable\n" });
  expect(JSON.parse((await run(["users", "list", "--json"])).out)).toEqual(listed);
  const page = await run(["users", "list", "--limit", "1"]);
  expect(page.out).toMatch(/^1 +u_\w+ +account +ada +ada .*\nMore: --after 1\n$/);
  expect((await run(["users", "list", "--after", "2"])).out).toBe("Nobody more.\n");
  const offline = JSON.parse((await run(["key", "list", "--json"])).out) as unknown[];
  expect(offline).toHaveLength(1);
});

test("migrate tells what it would do and changes nothing, then does it", async () => {
  const data = join(directory, "data");
  const planned = await run(["migrate", "--dry-run"]);
  const version = Number(/^Would make a new database, version (\d+)\.\n$/.exec(planned.out)?.[1]);
  expect([planned.code, version]).toEqual([0, expect.any(Number)]);
  expect(version).toBeGreaterThan(0);
  expect((await run(["migrate", "--status"])).out).toContain("There is no database yet.");
  expect(existsSync(data)).toBe(false);

  expect((await run(["migrate"])).out).toContain("is up to date");
  const files = readdirSync(data);
  expect(JSON.parse((await run(["migrate", "--status", "--json"])).out)).toEqual({
    state: "current",
    in_use: false,
    version,
    program_version: version,
  });
  expect((await run(["migrate", "--dry-run"])).out).toBe(
    `Nothing to do: the database has version ${version}.\n`,
  );
  expect(readdirSync(data)).toEqual(files);

  const database = new DatabaseSync(join(data, "parlance.db"));
  const newer = version + 1;
  database.exec(`INSERT INTO migrations (version) VALUES (${newer})`);
  database.close();
  expect((await run(["migrate", "--status"])).out).toContain(`schema version ${newer} (newer)`);
  for (const args of [["migrate", "--dry-run"], ["migrate"], ["start", "--port", "0"]]) {
    const { code, out, err } = await run(args);
    const line = expect.stringMatching(new RegExp(`^[^\\n]*version ${newer}[^\\n]*\\n$`));
    expect([args, code, out + err]).toEqual([args, 1, line]);
  }
});

test.runIf(existsSync("/proc/self"))(
  "a data directory that cannot be made is one line, for every command that needs it",
  async () => {
    for (const command of [["start"], ["migrate"], ["key", "list"], ["token", "--user", "x"]]) {
      const { code, err } = await run([...command, "--data-dir", "/proc/nope"]);
      expect([command, code, err]).toEqual([
        command,
        1,
        expect.stringMatching(/^The data directory \/proc\/nope cannot be written[^\n]*\n$/),
      ]);
    }
  },
);

test("[Z13] a key with a scope that does not exist is not made", async () => {
  const wrong = await run(["key", "create", "--scope", "publish,everything"]);
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringMatching(
      /^error: --scope: there is no "everything", only publish, read, rooms, impersonate, admin\nUsage: .*\n/,
    ),
  ]);
  expect((await run(["key", "list", "--json"])).out).toBe("[]\n");
});

test("what is not understood ends with 2, what cannot be done with 1, each in one line", async () => {
  const unknown = await run(["start", "--prot", "1"]);
  expect([unknown.code, unknown.err.split("\n")[0]]).toEqual([2, "error: unknown option '--prot'"]);
  const wrong = await run(["start", "--port", "http"]);
  expect([wrong.code, wrong.err]).toEqual([1, "--port: whole number, 0-65535\n"]);
});

test("[I-29] config shows where values come from, and no secret", async () => {
  const secret = "canary-4711-canary-4711-canary-4711";
  const shown = await run(["config"], "", { PARLANCE_SECRET: secret, PARLANCE_PORT: "9000" });
  expect(shown.out).toMatch(/PARLANCE_PORT +9000 +environment/);
  expect(shown.out).toMatch(/PARLANCE_SECRET +\(hidden\) +environment/);
  expect(shown.out + shown.err).not.toContain("canary");
});

test("[I-29] [SC-10] config shows what the names of other systems map to, and no secret", async () => {
  const environment = {
    WS_PORT: "8090",
    APP_SECRET: "canary-4711",
    MESSENGER_TRANSPORT_DSN: "amqp://guest:canary@localhost:5672/%2f/messages",
  };
  const shown = await run(["config"], "", environment);
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/PARLANCE_LISTEN +mmb=0\.0\.0\.0:8090 +environment \(WS_PORT\)/);
  expect(shown.out).toMatch(/WS_PORT → listen mmb +8090 +environment +MMB/);
  expect(shown.out).toMatch(/APP_SECRET → secret +\(hidden\)/);
  expect(shown.out).toMatch(
    /PARLANCE_BROKER_URL +amqp:\/\/guest:\(hidden\)@localhost:5672\/%2F +environment \(MESSENGER_TRANSPORT_DSN\)/,
  );
  expect(shown.out).toContain("joins the nodes");
  const json = await run(["config", "--json"], "", environment);
  expect(JSON.parse(json.out)).toMatchObject({
    settings: expect.arrayContaining([
      expect.objectContaining({ name: "listen", source: "environment", names: ["WS_PORT"] }),
      expect.objectContaining({ name: "port", value: 8080, source: "preset", names: [] }),
    ]) as unknown,
    foreign: [
      { name: "WS_PORT", maps: "listen mmb", setting: "listen", value: "8090" },
      { name: "APP_SECRET", maps: "secret", value: "(hidden)" },
      { name: "MESSENGER_TRANSPORT_DSN", maps: "rabbitmq" },
    ],
    doors: { rabbitmq: { host: "localhost", port: 5672, vhost: "/", exchange: "messages" } },
  });
  expect(shown.out + shown.err + json.out + json.err).not.toContain("canary");
  const refused = await run(["start"], "", { ...environment, PARLANCE_LISTEN: "mmb=9000" });
  expect([refused.code, refused.err]).toEqual([
    1,
    "PARLANCE_LISTEN=mmb=9000 (environment) and WS_PORT=8090 (environment) disagree about listen mmb: give one of " +
      "them, or the same value\n",
  ]);
});

test("[MMB-15] publish puts a message into the log, or into the spool of a server that does not run", async () => {
  const early = await run(["publish", "--room", "news", "Early", "--key", "e1"]);
  expect([early.code, early.out]).toEqual([0, expect.stringMatching(/^No server answers at /)]);
  const { child } = await start();
  const said = await run(["publish", "--room", "news", "Hello"]);
  expect([said.code, said.err]).toEqual([0, ""]);
  // The one of the spool was taken first, at the start.
  await expect
    .poll(async () => (await run(["publish", "--room", "news", "Early", "--key", "e1"])).out, {
      timeout: 60_000,
    })
    .toMatch(/^news \d, as before\n$/);
  const piped = await run(["publish", "--everyone", "-", "--json"], "From a pipe\n");
  expect(JSON.parse(piped.out)).toMatchObject({
    by: "http",
    results: [{ room: "notifications", sequence: 1 }],
  });
  expect(await run(["publish", "Hello"])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/publish --help/),
  });
  expect((await run(["publish", "--room", "a", "--everyone", "Hello"])).code).toBe(2);
  expect((await run(["publish", "--room", "a", "--data", "[1]"])).err).toMatch(/JSON object/);
  const refused = await run(["publish", "--room", "../a", "Hello"]);
  expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/"field":"room"/)]);
  const other = await run(["publish", "--room", "news", "Other", "--key", "e1"]);
  expect([other.code, other.err]).toEqual([1, expect.stringMatching(/contradicts/)]);
  child.kill("SIGTERM");
  await once(child, "close");
});

test("[MMB-30] trace tells what became of a message in words", async () => {
  await start();
  // Nobody listens on port 1.
  const shop = ["--name", "shop", "--url", "http://127.0.0.1:1/"];
  const made = JSON.parse((await run(["webhook", "create", ...shop, "--json"])).out) as {
    readonly webhook: { readonly id: string };
  };
  const { id } = made.webhook;
  const published = await run(["publish", "a secret text", "--room", "general", "--key", "fate-1"]);
  expect(published).toMatchObject({ code: 0 });
  const trace = await run(["trace", "general:1"]);
  expect(trace.out).toMatch(/^Message \S+: general:1 by service:\S+, written \S+Z\n/);
  expect(trace.out).toContain("key fate-1");
  expect(trace.out).toMatch(/received through http on node \S+ at \S+Z, committed \d+ ms later/);
  expect(trace.out).toContain("not edited, not deleted");
  expect(trace.out).toMatch(/node \S+: given to 0 subscriptions at \S+Z/);
  expect(trace.out).toContain("webhook shop: waits, taken up to 0");
  expect(trace.out).not.toContain("secret text");
  const told = JSON.parse((await run(["trace", "general:1", "--json"])).out) as object;
  expect(told).toMatchObject({ room: "general", sequence: 1, deleted: false });
  expect((await run(["trace", "general:99"])).code).toBe(1);
  expect((await run(["status"])).out).not.toContain("webhook");
  await run(["webhook", "pause", id]);
  await expect
    .poll(async () => (await run(["status"])).out, { timeout: 20_000 })
    .toContain(`webhook shop (${id}): paused: paused by an operator`);
}, 90_000);

test("[MMB-30] users admin says who may look at /admin, with a server and without", async () => {
  const { child } = await start();
  await run(["users", "add", "ada"], "a good password\n");
  expect((await run(["users", "admin", "ada", "on"])).out).toBe("ada is an administrator now.\n");
  expect((await run(["users", "list"])).out).toMatch(/ada .*administrator/);
  expect((await run(["users", "admin", "nobody", "on"])).code).toBe(1);
  expect((await run(["users", "admin", "ada", "maybe"])).code).toBe(1);
  child.kill("SIGTERM");
  await once(child, "exit");
  // Without a server, too.
  expect((await run(["users", "admin", "ada", "off"])).out).toBe("ada is none any more.\n");
  expect((await run(["users", "list"])).out).not.toContain("administrator");
});
