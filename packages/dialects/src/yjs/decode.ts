/** Frames of `y-websocket`'s clients. Total over any bytes. */
import type { Bytes } from "@parlance/core";
import { type ClientState, fields, type JsonObject, limits } from "@parlance/protocol";
import { Reader } from "./bytes.ts";
import { messages, syncSteps } from "./messages.ts";

/** What a frame says. */
export type Message =
  /** The client has this, and asks for what it lacks. */
  | { readonly type: "ask"; readonly vector: Bytes }
  /** `isAnswer`: it is all that the server was found to lack. */
  | { readonly type: "update"; readonly update: Bytes; readonly isAnswer: boolean }
  | { readonly type: "awareness"; readonly states: readonly RawState[] }
  | { readonly type: "ask_awareness" }
  /** Of a kind that only others know. */
  | { readonly type: "unknown" };

/** What one client shows, not read yet: most of what comes is what the client heard from us. */
export interface RawState {
  readonly client: number;
  readonly clock: number;
  readonly text: string;
}

/** Clients in one frame: as many as a document has. */
const maxStates = 2_000;

/** One frame; undefined where it is broken. The bytes in it are views. */
export function decode(frame: Bytes): Message | undefined {
  const reader = new Reader(frame);
  const kind = reader.number();
  switch (kind) {
    case undefined:
      return undefined;
    case messages.sync:
      return whole(reader, sync(reader));
    case messages.awareness:
      return whole(reader, awareness(reader.bytes()));
    case messages.queryAwareness:
      return whole(reader, { type: "ask_awareness" });
    default:
      return { type: "unknown" };
  }
}

/** A state as the command takes it; undefined where it is no object, or says too much. */
export function readState({ client, clock, text }: RawState): ClientState | undefined {
  if (text.length > 2 * limits.awarenessBytes) return undefined;
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (state === null) return { client, clock, state };
  const parsed = fields.awarenessState.safeParse(state);
  return parsed.success ? { client, clock, state: parsed.data satisfies JsonObject } : undefined;
}

/* What is behind a message is none of it. */
function whole(reader: Reader, message: Message | undefined): Message | undefined {
  return reader.isAtEnd ? message : undefined;
}

function sync(reader: Reader): Message | undefined {
  const step = reader.number();
  const bytes = reader.bytes();
  if (bytes === undefined) return undefined;
  switch (step) {
    case syncSteps.vector:
      return { type: "ask", vector: bytes };
    case syncSteps.missing:
    case syncSteps.update:
      return { type: "update", update: bytes, isAnswer: step === syncSteps.missing };
    default:
      return undefined;
  }
}

function awareness(bytes: Bytes | undefined): Message | undefined {
  if (bytes === undefined) return undefined;
  const reader = new Reader(bytes);
  const count = reader.number();
  if (count === undefined || count > maxStates) return undefined;
  const states: RawState[] = [];
  for (let left = count; left > 0; left -= 1) {
    const client = reader.number();
    const clock = reader.number();
    const text = reader.text();
    if (client === undefined || clock === undefined || text === undefined) return undefined;
    states.push({ client, clock, text });
  }
  return whole(reader, { type: "awareness", states });
}
