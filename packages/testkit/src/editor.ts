/** Editors of one document: stock `y-websocket` providers of both versions, as pages have them. */
import { expect } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import { WebsocketProvider as WebsocketProvider2 } from "y-websocket-2";
import * as Y from "yjs";

/** The stock providers by version. */
export const versions = ["3", "2"] as const;
export type Version = (typeof versions)[number];

const makers: Readonly<Record<Version, typeof WebsocketProvider>> = {
  "3": WebsocketProvider,
  // As far as they are used here they are the same.
  "2": WebsocketProvider2 as unknown as typeof WebsocketProvider,
};

/** How long anything is waited for. Milliseconds. */
export const waitMs = 15_000;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** One editor: a document of Yjs with its provider. */
export class Editor {
  readonly doc: Y.Doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  /** How its connections ended. */
  readonly closes: Closed[] = [];

  /** @param headers What a browser would send along by itself: `cookie`, `origin`. */
  constructor(
    version: Version,
    url: string,
    room: string,
    params: Record<string, string>,
    headers: Record<string, string> = {},
  ) {
    const Socket = class extends WebSocket {
      constructor(address: string) {
        super(address, { headers });
      }
    };
    this.provider = new makers[version](url, room, this.doc, {
      params,
      disableBc: true,
      WebSocketPolyfill: Socket as unknown as typeof globalThis.WebSocket,
      maxBackoffTime: 500,
    });
    this.provider.on("connection-close", (event) => {
      if (event !== null) this.closes.push({ code: event.code, reason: event.reason });
    });
  }

  get text(): string {
    return this.doc.getText("t").toJSON();
  }

  type(what: string, at: number = this.text.length): void {
    this.doc.getText("t").insert(at, what);
  }

  async synced(): Promise<this> {
    await expect.poll(() => this.provider.synced, { timeout: waitMs }).toBe(true);
    return this;
  }

  async reads(text: string): Promise<void> {
    await expect.poll(() => this.text, { timeout: waitMs }).toBe(text);
  }

  /** What others show, by the name beside their cursors. */
  others(): Record<string, Record<string, unknown>> {
    const found: Record<string, Record<string, unknown>> = {};
    for (const [client, state] of this.provider.awareness.getStates()) {
      if (client === this.doc.clientID) continue;
      const { name } = (state["user"] ?? {}) as { name?: string };
      found[name ?? String(client)] = state;
    }
    return found;
  }

  /** The line breaks off without a word. */
  cut(): void {
    (this.provider.ws as unknown as WebSocket | null)?.terminate();
  }

  destroy(): void {
    this.provider.destroy();
    this.doc.destroy();
  }
}
