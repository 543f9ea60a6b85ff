import type { DocumentContent, DocumentFit } from "@parlance/core";
import { diffUpdate, encodeStateVector, mergeUpdates } from "yjs";
import { Garbled } from "./bytes.ts";
import { fit } from "./check.ts";
import { Ranges } from "./ranges.ts";
import { readVector, scan } from "./scan.ts";

/** Updates that wait to be merged, at most; their merging costs as much as the whole document. */
const maxTail = 512;

/** No struct and nothing deleted. */
const nothing: Uint8Array = Uint8Array.of(0, 0);

/**
 * What a document says, as its updates merged: the fold of a log, without building the document. Deleted texts stay in it until
 * `compact`.
 */
export class MergedContent implements DocumentContent {
  readonly #clocks = new Map<number, number>();
  readonly #deleted = new Ranges();
  #merged: Uint8Array;
  #tail: Uint8Array[] = [];
  #tailBytes = 0;

  constructor(state: Uint8Array | undefined) {
    this.#merged = state ?? nothing;
    this.#note(this.#merged);
  }

  get byteLength(): number {
    return this.#merged.length + this.#tailBytes;
  }

  fit(update: Uint8Array): DocumentFit {
    return fit(update, { clocks: this.#clocks, deleted: this.#deleted });
  }

  /*
   * Security: the library does not compare what has the same id, and may take the later one when it merges. Without this a writer
   * could put other words, or references that end in an error, in the place of what everybody has.
   */
  beyond(update: Uint8Array): Uint8Array {
    const known = new Map<number, number>();
    scan(update, {
      struct: (client, clock) => {
        const upTo = this.#clocks.get(client) ?? 0;
        if (clock < upTo) known.set(client, upTo);
      },
      deleted: () => {},
    });
    return known.size === 0 ? update : diffUpdate(update, encodeStateVector(known));
  }

  add(update: Uint8Array): void {
    const news = this.beyond(update);
    this.#note(news);
    this.#tail.push(news);
    this.#tailBytes += news.length;
    if (this.#tail.length >= maxTail) this.whole();
  }

  #note(update: Uint8Array): void {
    scan(update, {
      struct: (client, clock, length) => {
        const known = this.#clocks.get(client) ?? 0;
        if (clock <= known && clock + length > known) this.#clocks.set(client, clock + length);
      },
      deleted: (client, clock, length) => this.#deleted.add(client, clock, length),
    });
  }

  whole(): Uint8Array {
    if (this.#tail.length > 0) {
      this.#merged = mergeUpdates([this.#merged, ...this.#tail]);
      this.#tail = [];
      this.#tailBytes = 0;
    }
    return this.#merged;
  }

  since(vector: Uint8Array): Uint8Array | undefined {
    try {
      if (readVector(vector).size === 0) return this.whole();
    } catch (error) {
      if (error instanceof Garbled) return undefined;
      throw error;
    }
    return diffUpdate(this.whole(), vector);
  }

  vector(): Uint8Array {
    return encodeStateVector(this.#clocks);
  }
}
