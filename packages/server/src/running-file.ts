import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where commands of the same machine find a running server: `running.json` in the data directory. */
export interface RunningServer {
  readonly pid: number;
  /** An address that this machine can reach it by. */
  readonly url: string;
  /** Of a server of several processes: where each is reached alone, with `connectToWorker`. */
  readonly workers?: readonly string[];
}

export function writeRunningFile(dataDir: string, running: RunningServer): void {
  writeFileSync(fileIn(dataDir), `${JSON.stringify(running)}\n`, { mode: 0o600 });
}

/** Takes it back, unless another process has put itself there: nodes of one machine may share the directory. */
export function removeRunningFile(dataDir: string, pid: number): void {
  if (readRunningFile(dataDir)?.pid === pid) rmSync(fileIn(dataDir), { force: true });
}

/** What the last server wrote. It may be gone without having taken it back. */
export function readRunningFile(dataDir: string): RunningServer | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), "utf8")) as RunningServer;
  } catch {
    return undefined;
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, "running.json");
}
