/** Commands of people who look at one document together: what each of their clients shows of itself to the others. */
import { z } from "zod";
import type { AwarenessState } from "../events/awareness.ts";
import { awarenessState, clock, commandId, documentClient, roomId } from "../fields.ts";
import type { RoomId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";

/** What one client shows of itself. */
export interface ClientState {
  /** Its number, which it chose for itself. */
  readonly client: number;
  /** Grows with each state of this client. An older one is ignored. */
  readonly clock: number;
  /** A JSON object of at most 16 KiB; `user` of it is completed with who the caller is. Null: it shows nothing any more. */
  readonly state: JsonObject | null;
}

/**
 * Says what the caller's clients show. Told to all with a subscription to the document, the latest of each client wins; not
 * stored. What is not said again within 30 s is taken away, and so is all of a connection that ends.
 */
export interface SetAwareness {
  readonly type: "set_awareness";
  readonly id: CommandId;
  readonly room: RoomId;
  /** 1-16. */
  readonly states: readonly ClientState[];
  /** The connection has just begun: a client that an older connection of the same user showed is its own now. */
  readonly begins?: true;
}

export interface AwarenessSet {
  readonly room: RoomId;
  /** Clients that are not the caller's; what was said of them was ignored. */
  readonly foreign: readonly number[];
  /** Clients of the caller's whose clock the others know to be further, as far as it says: say the state again with a higher one. */
  readonly behind: readonly { readonly client: number; readonly clock: number }[];
}

/** Reads what everybody's clients show now. */
export interface ListAwareness {
  readonly type: "list_awareness";
  readonly id: CommandId;
  readonly room: RoomId;
}

export interface AwarenessList {
  readonly room: RoomId;
  readonly states: readonly AwarenessState[];
}

export const setAwareness: z.ZodType<SetAwareness> = z.object({
  type: z.literal("set_awareness"),
  id: commandId,
  room: roomId,
  states: z
    .array(z.object({ client: documentClient, clock, state: awarenessState.nullable() }))
    .min(1)
    .max(limits.awarenessStates),
  begins: z.literal(true).exactOptional(),
});

export const listAwareness: z.ZodType<ListAwareness> = z.object({
  type: z.literal("list_awareness"),
  id: commandId,
  room: roomId,
});
