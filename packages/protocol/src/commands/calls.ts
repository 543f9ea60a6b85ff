/** Commands of calls: ring, answer, end, and what the two ends tell each other to connect. */
import { z } from "zod";
import { type CallEndReason, type CallMedia, callEndReasons, callMedia } from "../events/calls.ts";
import type { CallSignal } from "../events/ephemeral.ts";
import { callId, commandId, roomId, userId } from "../fields.ts";
import type { CallId, Epoch, RoomId, Sequence, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";

/** Rings people of a room: a durable event. Several calls may be open in a room, each with its own id. */
export interface StartCall {
  readonly type: "start_call";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly media: CallMedia;
  /** 1-8 people who may read the room. Absent: all other members of a private or direct room. */
  readonly callees?: readonly UserId[];
}
export interface CallStarted {
  readonly room: RoomId;
  readonly call_id: CallId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly callees: readonly UserId[];
}

/** A callee takes the call. */
export interface AnswerCall {
  readonly type: "answer_call";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly call_id: CallId;
}

/**
 * The caller, or the last callee, ends the call; one callee of several only leaves it. Without `reason`: `missed`
 * by a caller whom nobody answered, `declined` by a callee who did not answer, else `hung_up`.
 */
export interface EndCall {
  readonly type: "end_call";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly call_id: CallId;
  readonly reason?: CallEndReason;
}

/** Answer to `answer_call` and `end_call`: where the event is in the log. */
export interface CallChanged {
  readonly room: RoomId;
  readonly call_id: CallId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  /** Present and true when the caller, perhaps on another device, had answered before; the place is that of then. */
  readonly repeated?: boolean;
}

/** Hands a signal to one other participant of a call that is not over. Not stored; answered also if nobody got it. */
export interface SignalCall {
  readonly type: "signal_call";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly call_id: CallId;
  readonly to: UserId;
  readonly signal: CallSignal;
}

export const startCall: z.ZodType<StartCall> = z.object({
  type: z.literal("start_call"),
  id: commandId,
  room: roomId,
  media: z.enum(callMedia),
  callees: z.array(userId).min(1).max(limits.callees).exactOptional(),
});

export const answerCall: z.ZodType<AnswerCall> = z.object({
  type: z.literal("answer_call"),
  id: commandId,
  room: roomId,
  call_id: callId,
});

export const endCall: z.ZodType<EndCall> = z.object({
  type: z.literal("end_call"),
  id: commandId,
  room: roomId,
  call_id: callId,
  reason: z.enum(callEndReasons).exactOptional(),
});

const callSignal: z.ZodType<CallSignal> = z
  .record(z.string(), z.unknown())
  .refine((signal) => utf8Bytes(JSON.stringify(signal)) <= limits.signalBytes, {
    message: `at most ${limits.signalBytes} bytes`,
  }) as unknown as z.ZodType<CallSignal>;

export const signalCall: z.ZodType<SignalCall> = z.object({
  type: z.literal("signal_call"),
  id: commandId,
  room: roomId,
  call_id: callId,
  to: userId,
  signal: callSignal,
});

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
