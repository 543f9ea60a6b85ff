import { z } from "zod";
import { clock, documentClient, roomId, userId } from "../fields.ts";
import type { RoomId, UserId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";

/** What one client of a document shows of itself, and whose client it is. */
export interface AwarenessState {
  readonly client: number;
  readonly clock: number;
  readonly user: UserId;
  /** Its `user` has the `id` and the `name` of whose it is, whatever its client said. Null: nothing any more. */
  readonly state: JsonObject | null;
}

/** What clients of a document show of themselves: selections, colours. Class *latest-wins*, each client for itself. */
export interface AwarenessEvent {
  readonly type: "document.awareness";
  readonly room: RoomId;
  readonly states: readonly AwarenessState[];
}

/** Schema of one state, for replies and events. */
export const awarenessStateSchema: z.ZodType<AwarenessState> = z.object({
  client: documentClient,
  clock,
  user: userId,
  state: z.record(z.string(), z.unknown()).nullable(),
}) as unknown as z.ZodType<AwarenessState>;

export const awarenessEventSchema: z.ZodType<AwarenessEvent> = z.object({
  type: z.literal("document.awareness"),
  room: roomId,
  states: z.array(awarenessStateSchema),
});
