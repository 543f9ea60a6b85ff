import type {
  Command,
  CommandId,
  EphemeralEvent,
  EventFrame,
  NoticeEvent,
  ProtocolError,
  Reply,
} from "@parlance/protocol";

/** Finished bytes for one kind of transport. Never changed after they were made. */
export type Bytes = Uint8Array;

/**
 * A wire dialect: pure translation, total over any input. It never decides.
 */
export interface Dialect {
  readonly name: string;
  decode(frame: string): Decoded;
  /** Undefined where the dialect has no word for it. Same input, same output, whoever receives it. */
  encodeEvent(event: EventFrame | EphemeralEvent | NoticeEvent): string | undefined;
  encodeReply(id: CommandId, result: Reply): string;
  encodeError(id: CommandId | undefined, error: ProtocolError): string;
}

export type Decoded =
  | { readonly ok: true; readonly command: Command }
  /** `id` is given where it could be read, so that the answer finds its command. */
  | { readonly ok: false; readonly id?: CommandId; readonly error: ProtocolError };

/**
 * A dialect over a kind of transport: what makes finished bytes. All connections with the same wire share
 * each encoding, so fan-out encodes once per wire.
 */
export interface Wire {
  readonly dialect: Dialect;
  /** One text as a finished frame. */
  frame(text: string): Bytes;
  /** Several finished frames as one chunk. */
  join(frames: readonly Bytes[]): Bytes;
}

/** The sending half of one live transport. */
export interface Link {
  /** Hands over one chunk, in order. Ignored once closed. Returns nothing: look at `unsentBytes`. */
  write(chunk: Bytes): void;
  /** Bytes taken by `write` that the peer has not yet been sent. */
  readonly unsentBytes: number;
  /**
   * Ends in good order: what was written is sent, then the closing handshake with this code and reason
   * (at most 123 UTF-8 bytes).
   */
  close(code: number, reason: string): void;
  /** Ends at once; used where the peer takes nothing. */
  terminate(): void;
}
