import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileUpload } from "@parlance/core";
import { StorageError } from "@parlance/core";
import { isFull, wrapped } from "./errors.ts";

/** One file while it is being received. */
export class Part implements FileUpload {
  /** Bytes that are still to come. */
  missing: number;
  readonly #paths: { readonly part: string; readonly whole: string };
  readonly #ended: () => void;
  readonly #hash = createHash("sha256");
  #handle: FileHandle | undefined;
  #sha256: string | undefined;
  /** What lies under the paths is this upload's, and not that of another with the same id. */
  #isOwn = false;

  /** @param ended Called once it is whole or aborted. */
  constructor(
    paths: { readonly part: string; readonly whole: string },
    bytes: number,
    ended: () => void,
  ) {
    this.#paths = paths;
    this.missing = bytes;
    this.#ended = ended;
  }

  /** Makes its file; refused where one of that id is there. */
  async open(): Promise<void> {
    this.#handle = await open(this.#paths.part, "wx", 0o600);
    this.#isOwn = true;
  }

  write(content: string): Promise<"written" | "full"> {
    return wrapped(async () => {
      const bytes = Buffer.from(content, "base64");
      try {
        await this.#opened().appendFile(bytes);
      } catch (error) {
        if (isFull(error)) return "full";
        throw error;
      }
      this.#hash.update(bytes);
      this.missing -= bytes.length;
      return "written";
    });
  }

  finish(): Promise<string> {
    return wrapped(async () => {
      if (this.#sha256 !== undefined) return this.#sha256;
      await this.#opened().sync();
      await this.#close();
      await rename(this.#paths.part, this.#paths.whole);
      await syncDirectory(dirname(this.#paths.whole));
      this.#sha256 = this.#hash.digest("hex");
      this.#ended();
      return this.#sha256;
    });
  }

  abort(): Promise<void> {
    return wrapped(async () => {
      this.#ended();
      await this.#close();
      if (!this.#isOwn) return;
      await rm(this.#paths.part, { force: true });
      await rm(this.#paths.whole, { force: true });
    });
  }

  #opened(): FileHandle {
    if (this.#handle === undefined) throw new StorageError("the upload has ended", "none");
    return this.#handle;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** A rename is on disk only when its directory is (fsync(2)). */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
