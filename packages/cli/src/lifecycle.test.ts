/** A server as a process that nobody waits for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { processOf, readRunningFile } from "@parlance/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 180_000 });
const patience = { timeout: 60_000, interval: 50 };

const program = fileURLToPath(new URL("../bin/parlance.js", import.meta.url));
let directory: string;
let data: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lifecycle-"));
  data = join(directory, "data");
});
afterEach(async () => {
  const running = readRunningFile(data);
  if (running !== undefined && processOf(running) === "there") process.kill(running.pid, "SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

function begin(args: readonly string[]) {
  return spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(...args: readonly string[]) {
  const child = begin(args);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number]>,
  ]);
  return { code, out, err };
}

const start = (...more: readonly string[]) =>
  run("start", "--detach", "--port", "0", "--drain-ms", "100", ...more);

/** Of the server that runs. */
function pid(): number {
  return readRunningFile(data)?.pid ?? 0;
}

test("[PE-02] start --detach returns when it is ready; stop waits for its end; each says what it did", async () => {
  const started = await start();
  expect(started).toMatchObject({ code: 0, err: "" });
  const [, url, shown] = /^Ready at (\S+) \(pid (\d+)\)\.\n/.exec(started.out) ?? [];
  expect(Number(shown)).toBe(pid());
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  expect(started.out).toContain(join(data, "parlance.log"));
  expect(await run("health")).toMatchObject({ code: 0, out: "ready\n" });
  expect((await run("status")).out).toContain(`(pid ${shown})`);

  const again = await start();
  expect(again).toMatchObject({ code: 1, out: "" });
  expect(again.err).toContain(`runs already at ${url} (pid ${shown})`);

  expect(await run("stop")).toMatchObject({ code: 0, out: `Stopped (pid ${shown}).\n` });
  expect(readRunningFile(data)).toBeUndefined();
  expect(await run("stop")).toMatchObject({ code: 0, out: `No server of ${data} runs.\n` });
  expect(await run("health", "--live")).toMatchObject({ code: 1, out: "unreachable\n" });
  // What was stopped on purpose stays so.
  expect(await run("restart")).toMatchObject({ code: 1, out: "" });
});

test("[PE-02] what does not start says why: the reason, and the last lines", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const refused = await run("start", "--detach", "--port", String(port));
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toMatch(
    new RegExp(`^The server did not start\\..*\\n.*Port ${port}.* is taken`),
  );
  taken.close();
  const wrong = await run("start", "--detach", "--mode", "production");
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain("PARLANCE_SECRET");
});

test("[PE-02] a server that was killed is restarted as it was started, and its pid file fools nobody", async () => {
  await start("--max-connections", "77");
  const first = pid();
  process.kill(first, "SIGKILL");
  await expect.poll(async () => (await run("health", "--live")).code, patience).toBe(1);
  expect(readRunningFile(data)?.pid).toBe(first);
  expect((await run("status")).code).toBe(1);
  const restarted = await run("restart", "--kill");
  expect(restarted).toMatchObject({ code: 0, err: "" });
  expect(pid()).not.toBe(first);
  expect(readRunningFile(data)?.start?.args).toContain("77");
  expect(await run("health", "--wait", "30")).toMatchObject({ code: 0, out: "ready\n" });
  expect((await run("restart")).code).toBe(0);
});

test("[PE-02] a pid that another program has by now is left alone", async () => {
  await start();
  const running = readRunningFile(data);
  await run("stop");
  const other = spawn("sleep", ["600"]);
  writeFileSync(join(data, "running.json"), JSON.stringify({ ...running, pid: other.pid }));
  expect(await run("stop", "--kill", "--timeout", "1")).toMatchObject({
    code: 0,
    out: `No server of ${data} runs.\n`,
  });
  expect(other.exitCode).toBeNull();
  expect(other.signalCode).toBeNull();
  other.kill("SIGKILL");
});

test("[PE-02] one that hangs is still there after the time, and is ended only if it may be killed", async () => {
  await start();
  const hanging = pid();
  process.kill(hanging, "SIGSTOP");
  const late = await run("stop", "--timeout", "1");
  expect(late).toMatchObject({ code: 1, out: "" });
  expect(late.err).toContain(`(pid ${hanging}) is still there after 1 s`);
  expect(await run("stop", "--timeout", "1", "--kill", "--json")).toMatchObject({ code: 0 });
  expect(processOf({ pid: hanging, url: "" })).toBe("gone");
});

test("a server in a terminal is not restarted behind its back, and is stopped", async () => {
  const child = begin(["start", "--port", "0", "--drain-ms", "100"]);
  await expect.poll(() => readRunningFile(data)?.pid, patience).toBe(child.pid);
  const refused = await run("restart");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("was not started with --detach");
  const logs = await run("logs");
  expect(logs.code).toBe(1);
  expect(logs.err).toContain("goes to its output");
  const ended = once(child, "exit");
  expect((await run("stop")).code).toBe(0);
  expect(await ended).toEqual([0, null]);
});

test("[PE-02] logs shows the last lines, and follows the file through rotation of either kind", async () => {
  await start();
  const log = join(data, "parlance.log");
  const line = (event: string) =>
    `${JSON.stringify({ level: "info", time: "2026-01-02T03:04:05Z", event, n: 1 })}\n`;
  appendFileSync(log, line("planted_one") + line("planted_two"));
  const last = await run("logs", "-n", "1");
  expect(last).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\S+ info {2}planted_two n=1\n$/),
  });
  expect(JSON.parse((await run("logs", "-n", "1", "--json")).out)).toMatchObject({
    event: "planted_two",
  });
  expect((await run("logs", "-n", "0")).out).toBe("");

  const follower = begin(["logs", "-f", "-n", "0"]);
  let out = "";
  follower.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  // It has begun when it shows something.
  await expect
    .poll(() => {
      appendFileSync(log, line("still"));
      return out;
    }, patience)
    .toContain("still");
  appendFileSync(log, line("before"));
  renameSync(log, `${log}.1`);
  appendFileSync(`${log}.1`, line("late"));
  writeFileSync(log, line("after"));
  await expect.poll(() => out, patience).toMatch(/before[^]*late[^]*after/);
  truncateSync(log);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  appendFileSync(log, line("copied"));
  await expect.poll(() => out, patience).toContain("copied");
  follower.kill();
  expect(existsSync(log) && readFileSync(log, "utf8")).toContain("copied");
});
