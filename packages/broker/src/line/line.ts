/**
 * What a broker's adapter brings: how to dial one address, and what a live connection can do. Everything else (turns,
 * back-off, repair, bounds, liveness) is `broker.ts`, once for all of them.
 */
import type { Report, Subject } from "@parlance/core";

/** What `createRedisBroker` and its siblings are given. */
export interface BrokerOptions {
  /** Where the broker is. Its forms are in `../url/broker-url.ts`. */
  readonly url: string;
  /** Installs with different ids never hear each other, whatever broker they share. */
  readonly installId: string;
  /** Names this node among its install's nodes: its own notices do not come back to it. At most 255 bytes. */
  readonly nodeId: string;
  readonly report: Report;
}

/** Where a connection tells what happens to it. */
export interface Ear {
  /** Bytes arrived on a subject that is listened to, whoever sent them. Never throws. */
  message(subject: Subject, bytes: Buffer): void;
  /** The connection is gone or no good any more. Only the first call counts; the signal of the connection is aborted by it. */
  lost(reason: unknown): void;
}

/** One live connection. When its signal is aborted it lets go of everything at once. */
export interface Line {
  /** Longest message that the broker takes. */
  readonly maxBytes: number;
  /** Whether the broker says that it takes nothing for now. */
  isBlocked(): boolean;
  /** At most `maxBytes`. Never throws, never waits: what goes wrong is told to the ear. */
  send(subject: Subject, bytes: Buffer): void;
  /** Resolves once what is sent from then on arrives. Calls for one subject never overlap. */
  listen(subject: Subject): Promise<void>;
  unlisten(subject: Subject): Promise<void>;
  /** Resolves when the broker has taken all that was sent before, and what it sends arrives. One at a time. */
  ping(): Promise<void>;
  /** Ends it in good order. */
  close(): Promise<void>;
}

/**
 * Makes one attempt at one address.
 *
 * @param signal Aborted when the attempt took too long or the connection was lost: everything that was opened for it
 *   is to be closed then, without a word.
 */
export type Dial<Address> = (address: Address, ear: Ear, signal: AbortSignal) => Promise<Line>;
