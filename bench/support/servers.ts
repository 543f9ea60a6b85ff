/** Server processes under measurement: started pinned to a core, and ended by their pid. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How one server is started. */
export interface ServerSpec {
  readonly name: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A path that answers 200 once the server can be used; absent: taking connections is enough. */
  readonly readyPath?: string;
}

/** A server that listens. */
export interface RunningServer {
  readonly pid: number;
  /** From the start of the process until a connection was taken. */
  readonly listeningMs: number;
  /** SIGTERM, then SIGKILL after 3 s; resolves when the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** The secret of every Parlance server started here. */
export const secret = "bench-secret-bench-secret-bench-secret";

const cli: string = join(import.meta.dirname, "../../packages/cli/bin/parlance.js");

/** The product under measurement, without the limits that a load generator would run into. */
export function parlance(
  port: number,
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): ServerSpec {
  return {
    name: "parlance",
    port,
    readyPath: "/health",
    command: [process.execPath, cli, "start"],
    env: {
      PARLANCE_PORT: String(port),
      PARLANCE_DATA_DIR: dataDir,
      PARLANCE_SECRET: secret,
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_CONNECTIONS_PER_ADDRESS: "0",
      PARLANCE_LOG_LEVEL: "warn",
      PARLANCE_DRAIN_MS: "0",
      ...env,
    },
  };
}

/**
 * Starts a server and waits until it takes connections.
 *
 * @param core The core that it is pinned to, with everything it starts; several as `0-3`.
 * @throws Error with its output if it exits first or does not listen within 30 s.
 */
export async function start(spec: ServerSpec, core: number | string = 0): Promise<RunningServer> {
  const scratch = mkdtempSync(join(tmpdir(), "bench-server-"));
  const output = join(scratch, "output");
  const file = openSync(output, "a");
  const begun = performance.now();
  const child = spawn("taskset", ["-c", String(core), ...spec.command], {
    stdio: ["ignore", file, file],
    env: { ...process.env, NODE_ENV: "production", ...spec.env },
  });
  closeSync(file);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  while (!(await accepts(spec.port))) {
    if (child.exitCode !== null || performance.now() - begun > 30_000) {
      child.kill("SIGKILL");
      throw new Error(`${spec.name} does not listen:\n${readFileSync(output, "utf8")}`);
    }
    await sleep(1);
  }
  const listeningMs = performance.now() - begun;
  while (spec.readyPath !== undefined && !(await answers(spec.port, spec.readyPath)))
    await sleep(2);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), 3_000);
    await exited;
    clearTimeout(force);
    rmSync(scratch, { recursive: true, force: true });
  };
  return {
    pid: pidOf(child),
    listeningMs,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("the process did not start");
  return child.pid;
}

async function answers(port: number, path: string): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}${path}`)).ok;
  } catch {
    return false;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** A fresh directory on the disk, for one server's data; removed at the end of this process. */
export function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "bench-data-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
