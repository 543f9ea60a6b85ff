import type { Awaitable } from "../outcome.ts";

/** What an update is to a document. `known`: it adds nothing. `missing`: it stands on what is not there. */
export type DocumentFit = "new" | "known" | "missing";

/** What one document says, in memory: the updates of a log, folded in their order. Bytes are Yjs updates of the first encoding. */
export interface DocumentContent {
  /** About bytes that it holds. */
  readonly byteLength: number;
  /** An update without what the document has already: nobody can say again, and otherwise, what was said. */
  beyond(update: Uint8Array): Uint8Array;
  /** Looks at what `beyond` gave, without taking it in. */
  fit(update: Uint8Array): DocumentFit;
  /** Takes in what is beyond the document of the log's next update, which was found to fit. */
  add(update: Uint8Array): void;
  /** All of it as one update. */
  whole(): Uint8Array;
  /** What a reader with this state vector lacks. Undefined: it is no state vector. */
  since(vector: Uint8Array): Uint8Array | undefined;
  /** The state vector. */
  vector(): Uint8Array;
}

/** The engine of documents: functions over bytes, which knows no wire and no storage. */
export interface Documents {
  /** A document as it was stored, or an empty one. */
  open(state: Uint8Array | undefined): DocumentContent;
  /** Whether bytes are an update, of whatever document. Never throws for what is in them. */
  isUpdate(bytes: Uint8Array): boolean;
  /** One update that says what these say, each of which is one. At least one. */
  merge(updates: readonly Uint8Array[]): Uint8Array;
  /** The same document without deleted texts. Undefined: it did not come out the same, or not in time, and is to be left as it is. */
  compact(state: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** An update after which the document that says `now` says what it said in `then`. Undefined: not in time. */
  revert(now: Uint8Array, then: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** Base64 of bytes, with padding. */
  toText(bytes: Uint8Array): string;
  /** Bytes of base64, in memory of their own; undefined if it is none. */
  toBytes(text: string): Uint8Array | undefined;
}
