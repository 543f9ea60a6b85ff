/** What a back end publishes, and what it learns of it. The names of the fields are those of the wire. */
import { randomUUID } from "node:crypto";
import { PublishError } from "./publish-error.ts";

/** Whom it is for: exactly one of these. `user` and `users` are inboxes, `everyone` is the room of announcements. */
export type Target =
  | { readonly room: string }
  | { readonly rooms: readonly string[] }
  | { readonly user: string }
  | { readonly users: readonly string[] }
  | { readonly everyone: true };

/** Has a text, or data of which a text can be made, or both. */
export type Publication = Target & {
  /** What people read, at most 16,384 UTF-16 code units. */
  readonly text?: string;
  /** For programs, at most 32 KiB of JSON. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** The user who is shown as its author, for keys with the scope `impersonate`; with a name, one that is made if need be. */
  readonly from?: string | { readonly id: string; readonly name?: string };
  /** With `room`: the message under which it is a reply, by id or number. */
  readonly thread?: string;
  /** With `room`: the message that it answers. */
  readonly reply_to?: string;
  /** With `room` or `rooms`: it asks, with the text as the question and 2-10 choices; voting ends at `closes_at`, RFC 3339. */
  readonly poll?: {
    readonly options: readonly string[];
    readonly several?: true;
    readonly anonymous?: true;
    readonly closes_at?: string;
  };
  /** Whom it mentions beside those whom the text names. */
  readonly mentions?: {
    readonly users?: readonly string[];
    readonly room?: true;
    readonly here?: true;
  };
  /** 1-64 visible ASCII characters. The same key with the same content again is stored once. Absent: a random one. */
  readonly idempotency_key?: string;
};

/** One that has its key. */
export type KeyedPublication = Publication & { readonly idempotency_key: string };

/** An error as the server tells it. */
export interface ServerError {
  readonly code: string;
  /** `never`, `later`, `after_auth` or `after_resync`. */
  readonly retry: string;
  readonly text: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Where a message is in one room. */
export interface Stored {
  readonly room: string;
  readonly sequence: number;
  readonly epoch: string;
  readonly message_id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** It was stored before: the place is the first one. */
  readonly repeated?: true;
}

/** What became of a publication in one of its rooms. */
export type RoomResult = Stored | { readonly room: string; readonly error: ServerError };

/** `http`: it is stored. `spool`: it is on this machine's disk, and the server will take it from there. */
export type PublishReport =
  | {
      readonly by: "http";
      readonly idempotency_key: string;
      readonly results: readonly RoomResult[];
    }
  | { readonly by: "spool"; readonly idempotency_key: string };

/** Of one item of several. */
export type ItemReport =
  | PublishReport
  | { readonly idempotency_key: string; readonly error: PublishError };

/** The server reads no longer one, in bytes of JSON. */
const maxBytes = 262_144;
const targets = ["room", "rooms", "user", "users", "everyone"] as const;
const visibleAscii = /^[\x21-\x7e]{1,64}$/;

/**
 * Gives a publication its key. What would be refused at any rate is refused here: from the spool nobody could be told.
 *
 * @throws PublishError `bad_request` or `too_large`.
 */
export function withKey(publication: Publication): KeyedPublication {
  const { idempotency_key = randomUUID() } = publication;
  const keyed = { ...publication, idempotency_key };
  const refuse = (code: "bad_request" | "too_large", text: string, field?: string): never => {
    const details = field === undefined ? {} : { details: { field } };
    throw new PublishError({ code, text, outcome: "refused", idempotency_key, ...details });
  };
  const fields: Readonly<Record<string, unknown>> = { ...publication };
  const named = targets.filter((name) => fields[name] !== undefined);
  if (named.length !== 1) refuse("bad_request", `exactly one of ${targets.join(", ")}`);
  if (publication.text === undefined && publication.data === undefined) {
    refuse("bad_request", "text or data", "text");
  }
  if (!visibleAscii.test(idempotency_key)) {
    refuse("bad_request", "a key has 1-64 visible ASCII characters", "idempotency_key");
  }
  if (Buffer.byteLength(JSON.stringify(keyed)) > maxBytes) {
    refuse("too_large", `more than ${maxBytes} bytes of JSON`);
  }
  return keyed;
}
