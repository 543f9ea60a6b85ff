/** The uploads under way on this node. Each belongs to one user and ends with the process, or after an hour. */
import type { FileId, UserId } from "@parlance/protocol";
import type { Clock, FileBounds, FilePorts, FileUpload, NewFile } from "./ports/index.ts";
import { Turns } from "./turns.ts";

/** Uploads of one user at a time, and of a node: each holds a file open and its last piece in memory. */
const maxUploadsOfUser = 16;
const maxUploads = 256;
/** An upload has so long, from its beginning. */
const uploadMs = 3_600_000;

/** One file on its way. Commands on it take turns. */
export interface OpenUpload {
  readonly file: NewFile;
  readonly bytes: FileUpload;
  readonly turns: Turns;
  received: number;
  /** Index of the next piece. */
  next: number;
  /** The last piece as it came, to know it again. */
  last: string | undefined;
  /** Once it is whole. */
  sha256: string | undefined;
}

export class Files {
  readonly ports: FilePorts;
  readonly bounds: FileBounds;
  readonly #clock: Clock;
  readonly #uploads = new Map<FileId, OpenUpload>();
  /** Uploads that are being begun. */
  #beginning = 0;

  constructor(ports: FilePorts, clock: Clock) {
    this.ports = ports;
    this.#clock = clock;
    this.bounds = { quotaBytes: ports.quotaBytes, uploads: maxUploadsOfUser };
  }

  /** An upload that this user began on this node. Others' do not exist for it. */
  upload(id: FileId, user: UserId): OpenUpload | undefined {
    const upload = this.#uploads.get(id);
    return upload?.file.owner === user ? upload : undefined;
  }

  /** Whether it is still under way. */
  has(upload: OpenUpload): boolean {
    return this.#uploads.get(upload.file.file) === upload;
  }

  /**
   * Begins one.
   *
   * @returns why it cannot be; nothing is left of it then.
   * @throws StorageError
   */
  async begin(file: NewFile): Promise<"begun" | "over_quota" | "too_many" | "full"> {
    if (this.#uploads.size + this.#beginning >= maxUploads) return "too_many";
    this.#beginning += 1;
    try {
      const noted = await this.ports.index.begin(file, this.bounds);
      if (noted !== "begun") return noted;
      const bytes = await this.#open(file);
      if (bytes === "full") return "full";
      this.#uploads.set(file.file, {
        file,
        bytes,
        turns: new Turns(),
        received: 0,
        next: 0,
        last: undefined,
        sha256: undefined,
      });
      return "begun";
    } finally {
      this.#beginning -= 1;
    }
  }

  async #open(file: NewFile): Promise<FileUpload | "full"> {
    let bytes: FileUpload | "full" | undefined;
    try {
      bytes = await this.ports.store.begin(file.file, file.bytes);
      return bytes;
    } finally {
      if (typeof bytes !== "object") await this.ports.index.forget(file.file);
    }
  }

  /** Gives an upload up and its room back. */
  async abort(upload: OpenUpload): Promise<void> {
    const { file } = upload.file;
    this.#uploads.delete(file);
    await upload.bytes.abort();
    await this.ports.index.forget(file);
  }

  /** It is a shared file from now on. */
  shared(upload: OpenUpload): void {
    this.#uploads.delete(upload.file.file);
  }

  /** Removes the bytes of files that are deleted, and uploads whose time is over. */
  async sweep(): Promise<void> {
    const { index, store } = this.ports;
    const before = this.#clock.now() - uploadMs;
    for (;;) {
      const over = await index.expire(before);
      if (over.length === 0) break;
      for (const file of over) {
        const upload = this.#uploads.get(file);
        if (upload === undefined) await this.remove(file);
        else await upload.turns.take(() => this.abort(upload));
      }
    }
    for (const upload of [...this.#uploads.values()]) {
      // Shared, although the answer to its append was lost and nobody asked again.
      if (upload.file.createdAt < before) this.shared(upload);
    }
    await store.sweep(before);
  }

  /** Removes a file that is not shared any more. */
  async remove(file: FileId): Promise<void> {
    await this.ports.store.remove(file);
    await this.ports.index.forget(file);
  }
}
