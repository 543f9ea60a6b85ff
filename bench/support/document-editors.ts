/** Editors of one document in the words of `y-websocket`, without a copy of what others write: what is measured is the server. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import * as Y from "yjs";

/** Where a document is. */
export interface DocumentPlace {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** In each edit, so that it is found in whatever frame brings it. */
const marker = /@(\d+)\.(\d+);/g;
const sync = 0;
const step = { ask: 0, answer: 1, update: 2 } as const;
const entryMs = 20_000;

/** A frame of the protocol: what it is, the length in groups of seven bits, and the body. */
function frame(kind: number, body: Uint8Array): Buffer {
  const head = [sync, kind];
  let rest = body.length;
  for (; rest > 127; rest >>= 7) head.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...head, rest]), body]);
}

const emptyVector: Uint8Array = Uint8Array.of(0);
const emptyUpdate: Uint8Array = Uint8Array.of(0, 0);

/** The body of a frame that this file's `frame` could have made. */
function bodyOf(data: Buffer): Buffer {
  let at = 2;
  while ((data[at] ?? 0) > 127) at += 1;
  return data.subarray(at + 1);
}

/** One editor, who types in a paragraph of their own. */
export class DocumentEditor {
  readonly index: number;
  readonly #socket: WebSocket;
  readonly #doc: Y.Doc = new Y.Doc();
  readonly #text: Y.Text;
  #edits = 0;
  #line: Socket | undefined;
  /** Why its line ended, if it did. */
  ended: string | undefined;
  /** Hears of each edit that comes, by whose it is and its number. Absent: frames are not looked into. */
  heard: ((editor: number, edit: number) => void) | undefined;

  private constructor(index: number, socket: WebSocket) {
    this.index = index;
    this.#socket = socket;
    this.#text = this.#doc.getText(`p${index}`);
    this.#doc.on("update", (update: Uint8Array) => socket.send(frame(step.update, update)));
    socket.on("upgrade", (response) => {
      this.#line = response.socket;
    });
    socket.on("message", (data: Buffer) => this.#take(data));
    socket.on("error", () => {});
    socket.on("close", (code) => {
      this.ended ??= `closed with ${code}`;
    });
  }

  /** Connects, and is there when it was told what the document has. @throws Error if it is not let in. */
  static async open(index: number, { url, headers = {} }: DocumentPlace): Promise<DocumentEditor> {
    const socket = new WebSocket(url, { headers: { ...headers }, perMessageDeflate: false });
    const editor = new DocumentEditor(index, socket);
    const synced = editor.#synced();
    await once(socket, "open");
    socket.send(frame(step.ask, emptyVector));
    await synced;
    return editor;
  }

  /** What somebody new is given. */
  static async read(place: DocumentPlace): Promise<Y.Doc> {
    const socket = new WebSocket(place.url, { headers: { ...place.headers } });
    const reader = new DocumentEditor(0, socket);
    const synced = reader.#synced();
    await once(socket, "open");
    socket.send(frame(step.ask, emptyVector));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await synced);
    reader.close();
    return doc;
  }

  #synced(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not in: ${this.ended}`)), entryMs);
      this.#socket.on("message", (data: Buffer) => {
        if (data[0] !== sync || data[1] !== step.answer) return;
        clearTimeout(late);
        resolve(bodyOf(data));
      });
    });
  }

  #take(data: Buffer): void {
    if (data[0] !== sync) return;
    if (data[1] === step.ask) this.#socket.send(frame(step.answer, emptyUpdate));
    if (this.heard === undefined || data[1] !== step.update) return;
    for (const [, editor, edit] of data.toString("latin1").matchAll(marker)) {
      this.heard(Number(editor), Number(edit));
    }
  }

  /** Types. @returns the edit's number, from 0 on. */
  edit(): number {
    const edit = this.#edits;
    this.#edits += 1;
    this.#text.insert(this.#text.length, `@${this.index}.${edit};`);
    return edit;
  }

  get edits(): number {
    return this.#edits;
  }

  get text(): string {
    return this.#text.toJSON();
  }

  /** Everything that came on its line so far, with the heads of its frames. */
  get bytesRead(): number {
    return this.#line?.bytesRead ?? 0;
  }

  close(): void {
    this.ended ??= "by itself";
    this.#socket.terminate();
    this.#doc.destroy();
  }
}
