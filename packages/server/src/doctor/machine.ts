/** The machine and the directories: what this process, started as the server is, may use. */
import { readFileSync } from "node:fs";
import { mkdtemp, rmdir, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { Config } from "../config/types.ts";
import { processOf, type RunningServer } from "../running-file.ts";
import { attention, broken, type Finding, fine, wordOf } from "./finding.ts";

/** Files beside those of connections: database, logs, shared files on their way. */
const otherFiles = 200;
/** Of one quiet connection with its buffers; measured generously. */
const bytesOfConnection = 32_768;
const tightBytes = 1_073_741_824;
const fullBytes = 104_857_600;
const gigabyte = 1_073_741_824;

export function examineNode(): Finding {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18)
    ? fine("node", `Node ${node} runs Parlance.`)
    : broken("node", `Node ${node} is too old.`, "Install Node 22.18 or newer.");
}

/** What a connection costs is a file and memory. Of a running server its own limit counts, else this shell's. */
export function examineLimits(config: Config, running: RunningServer | undefined): Finding[] {
  const findings: Finding[] = [];
  const connections = config.max_connections;
  const files = openFiles(running?.pid ?? process.pid);
  const wanted = connections + otherFiles;
  if (files !== undefined && files < wanted) {
    const usable = Math.max(0, files - otherFiles);
    findings.push(
      attention(
        "limits",
        `${files} files may be open at once, and max_connections is ${connections}: from about ${usable} connections on ` +
          "newcomers find nobody.",
        `Raise the limit above ${wanted} (ulimit -n, LimitNOFILE= of the systemd unit, ulimits of Compose), or lower PARLANCE_MAX_CONNECTIONS.`,
      ),
    );
  } else if (files !== undefined) {
    findings.push(
      fine(
        "limits",
        `${files} files may be open at once, enough for max_connections (${connections}).`,
      ),
    );
  }
  const memory = process.constrainedMemory();
  const usable = memory > 0 && memory < totalmem() ? memory : totalmem();
  const needed = connections * bytesOfConnection;
  findings.push(
    needed > usable
      ? attention(
          "limits",
          `${gigabytes(usable)} of memory, and max_connections (${connections}) may take ${gigabytes(needed)}.`,
          "Lower PARLANCE_MAX_CONNECTIONS, or give it more memory.",
        )
      : fine("limits", `${gigabytes(usable)} of memory.`),
  );
  return findings;
}

/** Undefined where the system does not tell. */
function openFiles(pid: number): number | undefined {
  try {
    const line = /^Max open files +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"));
    const soft = line?.[1];
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

/** Whether the server, started as this user, could work in a directory; and how much room there is. */
export async function examineDirectory(about: string, path: string): Promise<Finding[]> {
  try {
    await tryToWrite(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return [await examineParent(about, path)];
    const { uid } = await stat(path).catch(() => ({ uid: -1 }));
    const who =
      uid === -1 ? "" : ` It belongs to user ${uid}, and this is user ${process.getuid?.() ?? -1}.`;
    return [
      broken(
        about,
        `${path} cannot be written (${codeOf(error)}).${who}`,
        "Run this as the server's user. If it is, change the directory's owner, or choose another directory.",
      ),
    ];
  }
  const findings = [fine(about, `${path} can be read and written.`)];
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free < fullBytes) {
    const advice = "Make room: at zero nothing can be sent any more.";
    findings.push(broken(about, `The disk of ${path} has ${gigabytes(free)} left.`, advice));
  } else if (free < tightBytes) {
    findings.push(
      attention(about, `The disk of ${path} has ${gigabytes(free)} left.`, "Make room."),
    );
  } else findings.push(fine(about, `The disk of ${path} has ${gigabytes(free)} left.`));
  return findings;
}

/* By doing it: what may be written is decided by more than modes, such as how a disk is mounted. */
async function tryToWrite(directory: string): Promise<void> {
  await rmdir(await mkdtemp(join(directory, ".parlance-doctor-")));
}

async function examineParent(about: string, path: string): Promise<Finding> {
  let parent = dirname(path);
  for (; parent !== dirname(parent); parent = dirname(parent)) {
    if ((await stat(parent).catch(() => undefined)) !== undefined) break;
  }
  try {
    await tryToWrite(parent);
    return fine(about, `${path} is not there yet, and can be made.`);
  } catch (error) {
    return broken(
      about,
      `${path} is not there, and cannot be made in ${parent} (${codeOf(error)}).`,
      "Make it and give it to the server's user, or choose another directory.",
    );
  }
}

/** What a dead server left, and whether the port is free for the next one. */
export async function examineProcess(
  config: Config,
  running: RunningServer | undefined,
): Promise<Finding[]> {
  const state = running === undefined ? "gone" : processOf(running);
  if (running !== undefined && state === "there") {
    return [fine("server", `It runs (pid ${running.pid}) at ${running.url}.`)];
  }
  const findings: Finding[] = [];
  if (running !== undefined) {
    const other = state === "other" ? ` What pid ${running.pid} is now is another program.` : "";
    findings.push(
      attention(
        "server",
        `The last server (pid ${running.pid}) ended without a word: it was killed, or it crashed.${other}`,
        "Start it. What was acknowledged is on disk. parlance logs may tell why it ended.",
      ),
    );
  } else
    findings.push(attention("server", "No server of this data directory runs.", "parlance start"));
  if (config.port !== 0) findings.push(await examinePort(config));
  return findings;
}

function examinePort({ host, port }: Config): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const advice =
        error.code === "EACCES"
          ? "Choose a port above 1023 with PARLANCE_PORT."
          : "Stop what uses it (ss -ltnp shows it), or choose another with PARLANCE_PORT.";
      resolve(broken("port", `Port ${port} on ${host} cannot be used: ${wordOf(error)}.`, advice));
    });
    server.listen(port, host, () => {
      server.close(() => resolve(fine("port", `Port ${port} on ${host} is free.`)));
    });
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / gigabyte).toFixed(1)} GiB`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}
