import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where commands of the same machine find a running server: `running.json` in the data directory. */
export interface RunningServer {
  readonly pid: number;
  /** When its process began, as the system tells it: a pid is given to another program some day. */
  readonly began?: string;
  /** An address that this machine can reach it by. */
  readonly url: string;
  /** How it was started; absent where a program started it. */
  readonly start?: StartedBy;
}

/** What it takes to start the same server again. */
export interface StartedBy {
  readonly directory: string;
  /** Behind `parlance start`. No secrets: there are no flags for them. */
  readonly args: readonly string[];
  /** Nobody waits for the process: whoever stops it may start it again. */
  readonly isDetached: boolean;
  /** The file that its log goes to, if it goes to one. */
  readonly logFile?: string;
}

/** Says that this process is the server. */
export function writeRunningFile(
  dataDir: string,
  { url, start }: Pick<RunningServer, "url" | "start">,
): void {
  const { pid } = process;
  const began = beginningOf(pid);
  const running: RunningServer = {
    pid,
    ...(began === undefined ? {} : { began }),
    url,
    ...(start === undefined ? {} : { start }),
  };
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

/** Whether the server's process is there: `other` is a process that got its pid after it. */
export function processOf({ pid, began }: RunningServer): "there" | "gone" | "other" {
  const now = beginningOf(pid);
  if (now === undefined) return "gone";
  return now === began ? "there" : "other";
}

/** Undefined if there is no such process. */
function beginningOf(pid: number): string | undefined {
  try {
    // Fields behind the program's name, which may have any characters: state is the first, the start the twentieth.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    // A system without it, or no such process.
  }
  try {
    const told = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C" },
    });
    return told.trim() === "" ? undefined : told.trim();
  } catch {
    return undefined;
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, "running.json");
}
