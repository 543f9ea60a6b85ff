/**
 * A page of Pusher's clients without a network, and an application that signs for it: a signature is the text itself, and whoever it
 * names is let in.
 */
import type { Authenticator, Identity, Inlet, Link, Signatures, Wire } from "@parlance/core";
import { createPusher } from "@parlance/dialects/pusher";
import { type Harness, namesAsTokens } from "./harness.ts";
import { settle } from "./manual-clock.ts";

/** A page that does not say who it is gets what comes live from then on. Milliseconds after it came. */
export const signInWaitMs = 1_000;

const wire: Wire = {
  dialect: createPusher({ key: "key", publicChannels: true, storedEvents: new Set() }),
  frame: (text) => new TextEncoder().encode(`${String(text)}\n`),
  join: (frames) => Buffer.concat(frames),
};

export const textSignatures: Signatures = { verify: ({ text, signature }) => signature === text };
export const signedAuthenticator: Authenticator = {
  ...namesAsTokens,
  authenticate(credential) {
    if (!("vouched" in credential)) return namesAsTokens.authenticate(credential);
    const user = String(credential.vouched.user);
    return Promise.resolve({ user, name: user, kind: "external", principal: user } as Identity);
  },
};

/** A frame that came. */
export interface PageFrame {
  readonly event: string;
  readonly channel?: string;
  readonly data: unknown;
}

/** A page: it answers probes while its line works. */
export class SignedPage implements Link {
  readonly frames: PageFrame[] = [];
  readonly inlet: Inlet;
  writes = 0;
  stalls = false;
  closedWith: number | undefined;
  #isHeard = true;
  #unread: Uint8Array[] = [];

  constructor(harness: Harness) {
    const url = "/app/key?protocol=7";
    const peer = { address: "127.0.0.1", transport: "websocket", url } as const;
    this.inlet = harness.node.connect(this, wire, peer);
  }

  get unsentBytes(): number {
    return this.#unread.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get socketId(): string {
    const [{ data } = { data: "{}" }] = this.frames;
    return (JSON.parse(String(data)) as { socket_id: string }).socket_id;
  }

  write(chunk: Uint8Array): void {
    if (!this.#isHeard) return;
    this.writes += 1;
    if (this.stalls) this.#unread.push(chunk);
    else this.#read(chunk);
  }

  #read(chunk: Uint8Array): void {
    for (const line of new TextDecoder().decode(chunk).split("\n")) {
      if (line !== "") this.frames.push(JSON.parse(line) as PageFrame);
    }
  }

  /** Takes what waited. */
  async drain(): Promise<void> {
    this.stalls = false;
    for (const chunk of this.#unread.splice(0)) this.#read(chunk);
    this.inlet.drained();
    await settle();
  }

  probe(mark: number): void {
    if (this.#isHeard) queueMicrotask(() => this.inlet.confirmed(mark));
  }

  loseLine(): void {
    this.#isHeard = false;
    this.inlet.closed(1006);
  }

  close(code: number): void {
    this.closedWith = code;
  }
  terminate(): void {}

  async say(event: string, data: object): Promise<void> {
    this.inlet.receive(JSON.stringify({ event, data }));
    await settle();
  }

  async subscribe(channel: string, data?: string): Promise<void> {
    const auth = [this.socketId, channel, ...(data === undefined ? [] : [data])].join(":");
    const more = data === undefined ? {} : { channel_data: data };
    await this.say("pusher:subscribe", { channel, auth, ...more });
  }

  async signIn(id: string, device?: string): Promise<void> {
    const user = JSON.stringify({ id, device });
    await this.say("pusher:signin", { auth: `${this.socketId}::user::${user}`, user_data: user });
  }

  /** What came on a channel that is no word of the protocol's own. */
  sold(): unknown[] {
    return this.frames
      .filter(({ event }) => event === "sold")
      .map(({ data }) => JSON.parse(String(data)) as unknown);
  }

  has(event: string): boolean {
    return this.frames.some((frame) => frame.event === event);
  }
}
