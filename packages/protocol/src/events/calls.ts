/** Durable events of calls: who rang whom, who answered, how it ended. What is said travels elsewhere. */
import { z } from "zod";
import { callId, userId } from "../fields.ts";
import type { CallId, UserId } from "../ids.ts";

/** What a call is for; `video` may be answered without a camera. */
export type CallMedia = "audio" | "video";
/** `missed`: nobody answered. `failed`: it broke, or everybody had gone. */
export type CallEndReason = "hung_up" | "declined" | "missed" | "failed";

/** Every value of `CallMedia`. */
export const callMedia: readonly CallMedia[] = ["audio", "video"];
/** Every value of `CallEndReason`. */
export const callEndReasons: readonly CallEndReason[] = ["hung_up", "declined", "missed", "failed"];

/** Payloads of call events by type. The author of `call.started` is the caller. */
export interface CallPayloads {
  "call.started": {
    readonly call_id: CallId;
    readonly media: CallMedia;
    /** Who is rung; the caller is not among them. */
    readonly callees: readonly UserId[];
    readonly caller_name: string;
  };
  /** The author takes part from now on. */
  "call.answered": { readonly call_id: CallId; readonly user_name: string };
  /** One callee of several declined or hung up; the call goes on without the author. */
  "call.left": {
    readonly call_id: CallId;
    readonly user_name: string;
    readonly reason: CallEndReason;
  };
  /** The call is over for everybody. `duration_ms` counts from the first answer; 0 without one. */
  "call.ended": {
    readonly call_id: CallId;
    readonly reason: CallEndReason;
    readonly duration_ms: number;
  };
}

/** Schemas of the payloads. */
export const callPayloadSchemas: {
  readonly [T in keyof CallPayloads]: z.ZodType<CallPayloads[T]>;
} = {
  "call.started": z.object({
    call_id: callId,
    media: z.enum(callMedia),
    callees: z.array(userId),
    caller_name: z.string(),
  }),
  "call.answered": z.object({ call_id: callId, user_name: z.string() }),
  "call.left": z.object({
    call_id: callId,
    user_name: z.string(),
    reason: z.enum(callEndReasons),
  }),
  "call.ended": z.object({
    call_id: callId,
    reason: z.enum(callEndReasons),
    duration_ms: z.int().min(0),
  }),
};
