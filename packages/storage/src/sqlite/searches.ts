import type { SearchPage, SearchQuery } from "@parlance/core";
import { StorageError } from "@parlance/core/storage-error";
import { Readers } from "./readers.ts";
import type { ThreadSettings } from "./thread-messages.ts";

/** How long an answer is waited for: what stands before a search may take `searchMs` each, and the thread has to start. */
const answerMs = 15_000;
/** Searches that may wait for their turn. */
const waitingSearches = 64;

/** A thread for searches, so that no other read waits behind one. It is there from the first search on. */
export class Searches {
  readonly #settings: ThreadSettings;
  #readers: Readers | undefined;
  #waiting = 0;
  #isClosed = false;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  /** @throws StorageError `none` for one that takes too long, or whose turn does not come in time. */
  async search(query: SearchQuery): Promise<SearchPage> {
    if (this.#isClosed) throw new StorageError("the store is closed", "none");
    if (this.#waiting >= waitingSearches) {
      throw new StorageError("too many searches are waiting", "none");
    }
    this.#readers ??= new Readers(this.#settings, 1, 1);
    this.#waiting += 1;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new StorageError("the search takes too long", "none")),
      answerMs,
    );
    try {
      return await Promise.race([this.#readers.call("search", query), late.promise]);
    } finally {
      clearTimeout(timer);
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#readers?.close();
  }
}
