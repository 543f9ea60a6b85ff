import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { signLocalToken } from "../local-token.ts";
import { readRunningFile } from "../running-file.ts";
import { type ParlanceServer, startServer } from "../start.ts";
import { describeStartFailure } from "../start-failure.ts";
import { makeSocketDirectory } from "./socket-directory.ts";
import { type ProcessesOptions, startProcesses } from "./start-processes.ts";

const secret = "s3cr3t-of-the-processes-9Xq2LmV7";
const slow = 90_000;

let directory: string;
const opened: (() => Promise<void>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "processes-"));
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  await rm(directory, { recursive: true, force: true });
});

function load(flags: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({
    flags: { port: "0", log_level: "silent", processes: "2", ...flags },
    environment: { PARLANCE_SECRET: secret },
    directory,
  }).config;
}

async function start(config = load(), options: ProcessesOptions = {}): Promise<ParlanceServer> {
  const server = await startProcesses(config, options);
  opened.push(() => server.close(0));
  return server;
}

async function failure(config: Config): Promise<readonly string[]> {
  try {
    await start(config);
  } catch (error) {
    return describeStartFailure(error, config) ?? [String(error)];
  }
  return ["started"];
}

/** Which worker answers, each time on a connection of its own. */
async function numbers(url: string, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const answer = await fetch(`${url}/ready`, { headers: { connection: "close" } });
    const { processes } = (await answer.json()) as { processes: { number: number } };
    found.push(processes.number);
  }
  return found;
}

test(
  "the primary's name is in running.json, the secret on no command line, and nothing is left at the end",
  async () => {
    const server = await start();
    const running = readRunningFile(load().data_dir);
    expect(running).toMatchObject({ pid: process.pid, url: server.url });
    expect(running?.began).toBeDefined();
    const args = execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], {
      encoding: "utf8",
    });
    expect(args).toContain("parlance worker 1");
    expect(args).not.toContain(secret);
    await server.close(0);
    await server.close(0);
    const left = await readdir(load().data_dir);
    expect(left.filter((name) => name.startsWith("run"))).toEqual([]);
    expect(readRunningFile(load().data_dir)).toBeUndefined();
    expect(execFileSync("ps", ["-ax", "-o", "args="], { encoding: "utf8" })).not.toContain(
      join(directory, "data"),
    );
  },
  slow,
);

test.each([["system"], ["cluster"]] as const)(
  "a port shared by the %s leads to both workers",
  async (sharing) => {
    const server = await start(load({ listen: "mmb=0" }), { sharing });
    const found = await numbers(server.url, 40);
    expect(new Set(found)).toEqual(new Set([1, 2]));
    // Its own port was opened by all of them as well.
    const [extra] = server.endpoints;
    const answers = Array.from({ length: 10 }, () =>
      fetch(`http://127.0.0.1:${extra?.port}/`, { headers: { connection: "close" } }),
    );
    for (const answer of await Promise.all(answers)) expect(answer.status).toBeLessThan(500);
  },
  slow,
);

test(
  "[R9] workers share the rates of users: one who comes to all of them gets no more than the rule says",
  async () => {
    const burst = 20;
    const config = load({
      rate_limits: JSON.stringify([{ per: "user", per_second: 0.001, burst }]),
    });
    const server = await start(config);
    const token = await signLocalToken(config, { user: "ann", ttlSeconds: 600 });
    const say = async (): Promise<number> => {
      const answer = await fetch(`${server.url}/api/v1/rooms/general/messages`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          connection: "close",
        },
        body: JSON.stringify({ text: "x" }),
      });
      return answer.status;
    };
    expect(new Set(await numbers(server.url, 40))).toEqual(new Set([1, 2]));
    const answers = await Promise.all(Array.from({ length: 80 }, say));
    expect(answers.filter((status) => status === 201)).toHaveLength(burst);
    expect(answers.filter((status) => status === 429)).toHaveLength(80 - burst);
  },
  slow,
);

test(
  "a second server on the same port is refused, although ports can be shared",
  async () => {
    const server = await start();
    const other = load({ port: String(server.port), data_dir: join(directory, "other") });
    expect(await failure(other)).toEqual([
      `Port ${server.port} on 127.0.0.1 is taken. Choose another with --port, or stop what uses it.`,
    ]);
    await expect(startServer({ ...other, processes: 1 })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  },
  slow,
);

test(
  "a second server on the same directory is refused",
  async () => {
    await start();
    expect((await failure(load())).join()).toContain("is used by another Parlance");
  },
  slow,
);

test(
  "what keeps a worker from starting is told in words, and no process is left",
  async () => {
    const [line] = await failure(load({ embed: join(directory, "absent.js") }));
    expect(line).toContain("PARLANCE_EMBED");
    const left = await readdir(load().data_dir);
    expect(left.filter((name) => name.startsWith("run"))).toEqual([]);
    // The directory is free again.
    await start();
  },
  slow,
);

describe("the directory of sockets", () => {
  async function listening(path: string): Promise<Server> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return server;
  }

  test("is readable by its owner only, and gone afterwards", async () => {
    const sockets = await makeSocketDirectory(directory);
    const [name = ""] = await readdir(directory);
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o700);
    expect(sockets.pathOf("hub")).toBe(join(directory, name, "hub"));
    sockets.remove();
    expect(await readdir(directory)).toEqual([]);
  });

  test("is elsewhere where paths would be too long to listen on", async () => {
    const deep = join(directory, "d".repeat(80));
    const sockets = await makeSocketDirectory(deep);
    expect(sockets.pathOf("hub").startsWith(deep)).toBe(false);
    expect(await readdir(deep)).toEqual([]);
    const server = await listening(sockets.pathOf("worker-9999"));
    await new Promise((resolve) => server.close(resolve));
    expect((await stat(join(sockets.pathOf("hub"), ".."))).mode & 0o777).toBe(0o700);
    sockets.remove();
  });

  test("takes away what killed servers left, and leaves living ones alone", async () => {
    for (const name of ["run-dead", "run-alive", "run-young", "other"]) {
      await mkdir(join(directory, name));
    }
    const living = await listening(join(directory, "run-alive", "hub"));
    // A file that nobody listens on is what a dead process's socket is.
    await writeFile(join(directory, "run-dead", "hub"), "");
    const sockets = await makeSocketDirectory(directory);
    const left = await readdir(directory);
    expect(left).not.toContain("run-dead");
    expect(left).toEqual(expect.arrayContaining(["run-alive", "run-young", "other"]));
    sockets.remove();
    await new Promise((resolve) => living.close(resolve));
  });
});
