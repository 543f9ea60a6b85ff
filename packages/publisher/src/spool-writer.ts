/**
 * Puts publications into the server's spool: a file each, written under another name, synced, renamed. Names sort in the order of
 * the calls, and a file appears behind those of earlier calls. What is called while the disk works is synced together.
 */
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

interface Waiting {
  readonly path: string;
  readonly content: string;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** Files that are written at once. */
const maxAtOnce = 64;
/** The group may read: the server may run as another user, in the group that the directory hands down. */
const fileMode = 0o640;
/** What systems answer that cannot sync a directory, and do not have to. */
const needless: ReadonlySet<unknown> = new Set(["EINVAL", "EPERM", "EISDIR", "EBADF", "ENOTSUP"]);

export class SpoolWriter {
  readonly #directory: string;
  /** As long as there are callers that wait. */
  readonly #queue: Waiting[] = [];
  #isWriting = false;
  #lastMicros = 0;

  constructor(directory: string) {
    this.#directory = resolve(directory);
  }

  /** Resolves when it is on the disk for good. Rejects with the system's error. */
  write(content: string): Promise<void> {
    const path = join(this.#directory, this.#newName());
    const written = new Promise<void>((done, reject) => {
      this.#queue.push({ path, content, resolve: done, reject });
    });
    if (!this.#isWriting) void this.#writeAll();
    return written;
  }

  /** Microseconds since 1970, never the same twice in one process, then something for the other processes. */
  #newName(): string {
    this.#lastMicros = Math.max(this.#lastMicros + 1, Date.now() * 1_000);
    const time = String(this.#lastMicros).padStart(17, "0");
    return `${time}-${randomBytes(6).toString("hex")}.json`;
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#queue.length > 0) await this.#writeSome(this.#queue.splice(0, maxAtOnce));
    this.#isWriting = false;
  }

  async #writeSome(some: readonly Waiting[]): Promise<void> {
    const outcomes = await Promise.allSettled(some.map(writeAside));
    const renamed: Waiting[] = [];
    for (const [index, waiting] of some.entries()) {
      try {
        const outcome = outcomes[index];
        if (outcome?.status === "rejected") throw outcome.reason;
        await rename(aside(waiting.path), waiting.path);
        renamed.push(waiting);
      } catch (cause) {
        await rm(aside(waiting.path), { force: true }).catch(() => {});
        waiting.reject(cause);
      }
    }
    try {
      if (renamed.length > 0) await syncDirectory(this.#directory);
      for (const waiting of renamed) waiting.resolve();
    } catch (cause) {
      for (const waiting of renamed) waiting.reject(cause);
    }
  }
}

function aside(path: string): string {
  return `${path}.tmp`;
}

async function writeAside({ path, content }: Waiting): Promise<void> {
  const file = await open(aside(path), "wx", fileMode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it a power cut could take the new name, though not the content. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (!needless.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}
