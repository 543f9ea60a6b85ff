/** Frames from the server of the native dialect. */
import type { CommandId, CommandType, Reply } from "./commands/index.ts";
import type { WireError } from "./errors.ts";
import type { EventFrame } from "./events/durable.ts";
import type { EphemeralEvent, NoticeEvent } from "./events/ephemeral.ts";
import type { OwnEvent } from "./events/own.ts";

/** Answer to a command that was done. */
export interface ReplyFrame<T extends CommandType = CommandType> {
  readonly type: "reply";
  readonly id: CommandId;
  readonly result: Reply<T>;
}

/** Answer to a command that was not done. `id` is absent where the frame could not be read. */
export interface ErrorFrame extends WireError {
  readonly type: "error";
  readonly id?: CommandId;
}

/** Anything the server may send. A client ignores a `type` it does not know (NAT-4). */
export type ServerFrame =
  | ReplyFrame
  | ErrorFrame
  | EventFrame
  | EphemeralEvent
  | NoticeEvent
  | OwnEvent;

/** Any event, durable or not. */
export type ServerEvent = EventFrame | EphemeralEvent | NoticeEvent;
