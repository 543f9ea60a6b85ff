/** What the doctor says of JetStream, with servers of NATS that have it and one that has not. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@parlance/testkit/server-process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { startServer } from "../start.ts";
import { examineStream } from "./stream.ts";

const hasNats = spawnSync("nats-server", ["--version"]).status === 0;
const slow = 60_000;

let directory: string;
let nats: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "doctor-stream-"));
});
afterEach(() => {
  nats?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** @returns its address, once it answers. */
async function startNats(...more: readonly string[]): Promise<string> {
  const port = await freePort();
  const where = ["-a", "127.0.0.1", "-p", String(port)];
  nats = spawn("nats-server", [...where, ...more], { stdio: "ignore" });
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      const end = (isThere: boolean): void => {
        socket.destroy();
        resolve(isThere);
      };
      socket.once("data", () => end(true)).once("error", () => end(false));
    });
  await expect.poll(answers, { timeout: 20_000 }).toBe(true);
  return `nats://127.0.0.1:${port}`;
}

function configOf(url: string, more: Readonly<Record<string, string>> = {}) {
  const flags = {
    port: "0",
    log_level: "silent",
    nats_door_url: url,
    nats_door_stream: "orders",
    nats_door_subjects: "orders.>",
    ...more,
  };
  return loadConfig({ flags, environment: {}, directory }).config;
}

describe.runIf(hasNats)("[PE-19] a stream of JetStream", () => {
  test(
    "where there is no JetStream",
    async () => {
      const [found, ...others] = await examineStream(configOf(await startNats()));
      expect(found).toMatchObject({ state: "broken", about: "door" });
      expect(found?.found).toContain("JetStream is not on");
      expect(found?.advice).toContain("-js");
      expect(others).toEqual([]);
    },
    slow,
  );

  test(
    "that is absent, and once the door has made it",
    async () => {
      const config = configOf(await startNats("-js", "-sd", join(directory, "jetstream")));
      const [absent] = await examineStream(config);
      expect(absent).toMatchObject({ state: "fine" });
      expect(absent?.found).toContain("There is no stream orders yet");
      // Looking made nothing.
      expect(await examineStream(config)).toEqual([absent]);
      const server = await startServer(config);
      try {
        await expect
          .poll(async () => (await examineStream(config))[0]?.found, { timeout: 20_000 })
          .toBe("The stream orders has 0 messages, 0 wait.");
      } finally {
        await server.close(0);
      }
    },
    slow,
  );

  test(
    "that this user may not ask for",
    async () => {
      const url = await startNats("-js", "-sd", join(directory, "jetstream"), "--auth", "secret");
      const [found] = await examineStream(configOf(url));
      expect(found).toMatchObject({ state: "broken" });
      expect(found?.found).toMatch(/cannot be looked at: .*authorization/i);
      const right = url.replace("nats://", "nats://secret@");
      expect(await examineStream(configOf(right))).toMatchObject([{ state: "fine" }]);
    },
    slow,
  );

  test("of an install that reads none is not looked at", async () => {
    const { config } = loadConfig({ flags: {}, environment: {}, directory });
    expect(await examineStream(config)).toEqual([]);
  });
});
