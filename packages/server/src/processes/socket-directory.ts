/** A private directory of Unix domain sockets, by which the processes of one server reach each other. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDirectory } from "@parlance/storage/sqlite";

/** `sun_path` of macOS and the BSDs with its final NUL; Linux has four bytes more. Longer paths cannot be listened on. */
const maxPathBytes = 103;
/** The longest name in the directory. */
const longestName = "worker-9999";
const prefix = "run-";
/** One that is younger may belong to a server that is just starting. Milliseconds. */
const minAgeMs = 60_000;

/** The directory, for one server and as long as it runs. */
export interface SocketDirectory {
  pathOf(name: string): string;
  remove(): void;
}

/**
 * Makes one in the data directory, or where paths would be too long or sockets cannot be, in the system's directory for
 * temporary files; readable by this user only in both. What servers left that were killed is taken away.
 *
 * @throws the system's error if it cannot be made.
 */
export async function makeSocketDirectory(dataDir: string): Promise<SocketDirectory> {
  await makeDirectory(dataDir);
  const isShort = Buffer.byteLength(join(dataDir, `${prefix}XXXXXX`, longestName)) <= maxPathBytes;
  if (isShort) await removeAbandoned(dataDir);
  let made = isShort ? makePrivate(join(dataDir, prefix)) : undefined;
  // Some file systems, such as those shared with a virtual machine, have no sockets.
  if (made !== undefined && !(await canListen(join(made, longestName)))) {
    rmSync(made, { recursive: true, force: true });
    made = undefined;
  }
  const directory = made ?? makePrivate(join(tmpdir(), "parlance-"));
  return {
    pathOf: (name) => join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function makePrivate(start: string): string {
  const made = mkdtempSync(start);
  /* Security: whoever reaches the sockets has the database, past every right. */
  chmodSync(made, 0o700);
  return made;
}

function canListen(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(path, () => server.close(() => resolve(true)));
  });
}

/** The socket that a server has from its start to its end: whether it answers tells whether the server lives. */
export const lifeSocket = "hub";

/* Servers on PostgreSQL or MySQL may share a data directory, so others that live are left alone. */
async function removeAbandoned(dataDir: string): Promise<void> {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith(prefix)) continue;
    const directory = join(dataDir, name);
    const isYoung = Date.now() - statSync(directory).mtimeMs < minAgeMs;
    const answer = await knock(join(directory, lifeSocket));
    if (answer === "dead" || (answer === "absent" && !isYoung)) {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

function knock(path: string): Promise<"alive" | "dead" | "absent"> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("alive");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" ? "dead" : "absent");
    });
  });
}
