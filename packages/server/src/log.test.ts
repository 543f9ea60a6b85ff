import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import { createLog, type Log } from "./log.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "log-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

type Variables = Readonly<Record<string, string>>;

function logOf(environment: Variables, target?: { write(line: string): void }): Log {
  return createLog(loadConfig({ flags: {}, environment, directory }).config, target);
}

/** Names of the events that come through. */
function heard(environment: Variables): readonly string[] {
  const lines: string[] = [];
  const log = logOf(environment, { write: (line) => lines.push(line) });
  log.report("debug", "handshake_refused", {});
  log.report("info", "server_listening", {});
  log.report("info", "secret_made", {});
  log.report("info", "connection_opened", {});
  log.report("info", "signed_in", {});
  log.report("info", "connection_closed", {});
  log.report("warn", "woke_up", {});
  log.report("error", "crashed", {});
  log.report("info", "server_stopped", {});
  return lines.map((line) => (JSON.parse(line) as { readonly event: string }).event);
}

const essential = [
  "server_listening",
  "connection_opened",
  "signed_in",
  "connection_closed",
  "woke_up",
  "crashed",
  "server_stopped",
];

test("[PE-16] [PE-17] production logs what is essential, development all of it, unless told otherwise", () => {
  expect(heard({ APP_ENV: "prod" })).toEqual(essential);
  expect(heard({ APP_ENV: "prod", WSS_DEBUG_LOG_ENABLED: "false" })).toEqual(essential);
  expect(heard({})).toHaveLength(9);
  expect(heard({ APP_ENV: "prod", WSS_DEBUG_LOG_ENABLED: "true" })).toHaveLength(9);
  expect(heard({ WSS_DEBUG_LOG_ENABLED: "false" })).toHaveLength(8);
  expect(heard({ WSS_LOG_ENABLED: "false" })).toEqual([]);
  expect(heard({ PARLANCE_LOG_LEVEL: "warn" })).toEqual(["woke_up", "crashed"]);
});

/** What a process of its own says on its two streams, and in the end of its log. */
function streamsOf(environment: Variables): { out: string; err: string; status: number | null } {
  const log = JSON.stringify(join(import.meta.dirname, "log.ts"));
  const load = JSON.stringify(join(import.meta.dirname, "config/load.ts"));
  const program = `
    const { createLog } = await import(${log});
    const { loadConfig } = await import(${load});
    const { config } = loadConfig({ flags: {}, environment: ${JSON.stringify(environment)}, directory: process.cwd() });
    const log = createLog(config);
    for (let index = 0; index < 1000; index += 1) log.report("info", "signed_in", { index });
    log.flush();
    process.exit(0);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", program],
    { cwd: directory, encoding: "utf8", env: { PATH: process.env["PATH"] } },
  );
  return { out: stdout, err: stderr, status };
}

function linesIn(text: string): number {
  return text.split("\n").filter((line) => line.includes('"signed_in"')).length;
}

test("[PE-16] the log goes to standard error, to standard output, to a file only, or to both", async () => {
  const plain = streamsOf({});
  expect([linesIn(plain.out), linesIn(plain.err)]).toEqual([0, 1_000]);
  const docker = streamsOf({ WSS_LOG_TO_DOCKER: "true" });
  expect([linesIn(docker.out), docker.err]).toEqual([1_000, ""]);

  const file = streamsOf({ WSS_LOG_TO_DOCKER: "false" });
  expect([file.out, file.err, file.status]).toEqual(["", "", 0]);
  const path = join(directory, "data/parlance.log");
  expect(linesIn(await readFile(path, "utf8"))).toBe(1_000);
  expect((await stat(path)).mode & 0o777).toBe(0o600);

  const both = streamsOf({ PARLANCE_LOG_FILE: "logs/chat.log" });
  expect(linesIn(both.err)).toBe(1_000);
  expect(linesIn(await readFile(join(directory, "logs/chat.log"), "utf8"))).toBe(1_000);
});

test.runIf(existsSync("/dev/full"))(
  "[F-D8] a disk without room is told once and throws nothing",
  () => {
    const { err, status } = streamsOf({ PARLANCE_LOG_TO: "file", PARLANCE_LOG_FILE: "/dev/full" });
    expect([err, status]).toEqual(["The log file /dev/full cannot be written (ENOSPC).\n", 0]);
  },
);

test("a log file that cannot be opened is one clear line", async () => {
  await writeFile(join(directory, "file"), "");
  expect(() => logOf({ PARLANCE_LOG_FILE: "file/parlance.log" })).toThrow(
    /^The log file .*file\/parlance\.log cannot be written \((ENOTDIR|EEXIST)\)\.$/,
  );
});
