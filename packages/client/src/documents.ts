/**
 * Documents that people write together, over a client: a module of its own, so that pages without documents do not load it. It
 * knows no Yjs: the application brings its copy of the document, a `Y.Doc` for instance.
 */
import type {
  DocumentUpdated,
  DocumentVersion,
  DocumentVersionNamed,
  RoomId,
  Sequence,
} from "@parlance/protocol";
import { ClientError } from "./errors.ts";
import type { Client, Room, Unlisten } from "./types.ts";

/** The application's copy. Updates are of Yjs's first encoding. */
export interface DocumentCopy {
  /** What it has: `Y.encodeStateVector(doc)`. */
  stateVector(): Uint8Array;
  /** Takes in what others wrote: `Y.applyUpdate(doc, update, origin)`. What comes twice does no harm. */
  apply(update: Uint8Array): void;
  /** What it has beyond a state vector: `Y.encodeStateAsUpdate(doc, vector)`. */
  beyond(vector: Uint8Array): Uint8Array;
}

/** What an open document tells its listener. */
export interface DocumentListener {
  /** Both sides have the same, or did until a moment ago; false while the line is down or something is on its way. */
  synced?(isSynced: boolean): void;
  /** The server refused: an update, or the whole document. A `ClientError` where it said why. */
  failed?(error: unknown): void;
}

/** A document that is followed and written. */
export interface OpenDocument {
  readonly room: Room;
  readonly isSynced: boolean;
  /**
   * Sends what the copy has since the last time. Call it for each of its own updates; they are sent together where the line is slow,
   * and again after it was down. Never throws.
   */
  written(): void;
  /** What it said, newest first. */
  versions(options?: {
    readonly before?: Sequence;
    readonly limit?: number;
  }): Promise<readonly DocumentVersion[]>;
  /** Keeps what it says now, under a name. */
  name(name: string): Promise<DocumentVersionNamed>;
  /** What a version says, as one update of an empty document. */
  version(version: Sequence): Promise<Uint8Array>;
  /** Makes it say what a version says; told as an update, to this copy too. */
  restore(version: Sequence): Promise<DocumentUpdated>;
  /** Stops following. What was not sent yet stays in the copy alone. */
  close(): Promise<void>;
}

/** Bytes of an update that fit into a frame, as base64 with the rest of the command. What is larger goes over REST. */
const largestUpdate = 97_000;
/** Wait before the server is asked again that could not answer now. */
const retryMs = 1_000;
/** Nothing to say: no struct, nothing deleted. */
const emptyLength = 2;

/**
 * Follows a document: subscribes to its room, exchanges what each side lacks, then hands on updates as they come. After an
 * interruption both sides are compared again.
 */
export function openDocument(
  client: Client,
  room: string,
  copy: DocumentCopy,
  listener: DocumentListener = {},
): OpenDocument {
  return new FollowedDocument(client, client.room(room), copy, listener);
}

class FollowedDocument implements OpenDocument {
  readonly room: Room;
  isSynced = false;
  readonly #client: Client;
  readonly #copy: DocumentCopy;
  readonly #listener: DocumentListener;
  readonly #unlisten: Unlisten[];
  /** What the server has, as far as it said. */
  #served: Uint8Array | undefined;
  #isExchanging = false;
  #wantsSync = false;
  #wantsWrite = false;
  #isClosed = false;

  constructor(client: Client, room: Room, copy: DocumentCopy, listener: DocumentListener) {
    this.#client = client;
    this.room = room;
    this.#copy = copy;
    this.#listener = listener;
    this.#unlisten = [
      room.on("event", (event) => {
        if (event.type !== "document.updated") return;
        if ("erased" in event) this.#sync();
        else copy.apply(fromBase64(event.data.update));
      }),
      room.on("subscribed", () => this.#sync()),
      room.on("reset", () => this.#sync()),
      room.on("unsubscribed", (notice) => {
        this.#tell(false);
        listener.failed?.(notice);
      }),
      client.on("state", ({ status }) => {
        if (status !== "online") this.#tell(false);
      }),
    ];
    // A refusal is told by `unsubscribed`.
    room.subscribe().catch(() => {});
  }

  get #id(): RoomId {
    return this.room.id;
  }

  written(): void {
    this.#wantsWrite = true;
    this.#tell(false);
    void this.#exchange();
  }

  #sync(): void {
    this.#wantsSync = true;
    void this.#exchange();
  }

  /* One thing at a time. What the line loses is asked for again with the next subscription. */
  async #exchange(): Promise<void> {
    if (this.#isExchanging) return;
    this.#isExchanging = true;
    try {
      while (!this.#isClosed && (this.#wantsSync || this.#wantsWrite)) {
        if (this.#wantsSync || this.#served === undefined) await this.#read();
        await this.#write();
      }
      this.#tell(!this.#isClosed);
    } catch (error) {
      this.#served = undefined;
      const { code, retry } = error instanceof ClientError ? error : {};
      // Without a line it goes on when there is one.
      if (code === "offline" || code === "closed") return;
      if (retry === "later" && !this.#isClosed) setTimeout(() => this.#sync(), retryMs);
      else this.#listener.failed?.(error);
    } finally {
      this.#isExchanging = false;
    }
  }

  async #read(): Promise<void> {
    this.#wantsSync = false;
    const { update, state_vector } = await this.#client.request<"sync_document">({
      type: "sync_document",
      room: this.#id,
      state_vector: toBase64(this.#copy.stateVector()),
    });
    this.#served = fromBase64(state_vector);
    this.#copy.apply(fromBase64(update));
    this.#wantsWrite = true;
  }

  async #write(): Promise<void> {
    this.#wantsWrite = false;
    const stateVector = this.#copy.stateVector();
    const update = this.#copy.beyond(this.#served ?? new Uint8Array(1));
    if (update.length <= emptyLength) return;
    if (update.length > largestUpdate) {
      throw new ClientError("too_large", "An update is larger than a frame may be.", "never");
    }
    await this.#client.request<"update_document">({
      type: "update_document",
      room: this.#id,
      update: toBase64(update),
    });
    this.#served = stateVector;
  }

  #tell(isSynced: boolean): void {
    if (this.isSynced === isSynced) return;
    this.isSynced = isSynced;
    this.#listener.synced?.(isSynced);
  }

  async versions(
    options: { readonly before?: Sequence; readonly limit?: number } = {},
  ): Promise<readonly DocumentVersion[]> {
    const type = "list_document_versions";
    const page = await this.#client.request<typeof type>({ type, room: this.#id, ...options });
    return page.versions;
  }

  name(name: string): Promise<DocumentVersionNamed> {
    const type = "name_document_version";
    return this.#client.request<typeof type>({ type, room: this.#id, name });
  }

  async version(version: Sequence): Promise<Uint8Array> {
    const type = "get_document_version";
    const { update } = await this.#client.request<typeof type>({ type, room: this.#id, version });
    return fromBase64(update);
  }

  restore(version: Sequence): Promise<DocumentUpdated> {
    const type = "restore_document";
    return this.#client.request<typeof type>({ type, room: this.#id, version });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const unlisten of this.#unlisten) unlisten();
    await this.room.unsubscribe();
  }
}

/** Characters of one call: more arguments would be too many for some engines. */
const pieceLength = 32_768;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += pieceLength) {
    text += String.fromCharCode(...bytes.subarray(at, at + pieceLength));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < characters.length; at += 1) bytes[at] = characters.charCodeAt(at);
  return bytes;
}
