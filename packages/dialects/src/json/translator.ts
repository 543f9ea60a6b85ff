/**
 * The skeleton of a JSON dialect's translator: a frame is read, its type looked up, and whatever is wrong with it is
 * answered with an error frame that leaves the connection as it is.
 */
import type { Doing, Task, Translator } from "@parlance/core";
import { type Command, type NoticeEvent, ProtocolError, type RoomId } from "@parlance/protocol";
import { asRefusal, errorFrame, type Members, member, noId, readObject } from "./frame.ts";

/** Does what one type of frame asks for. @throws ProtocolError for a frame that is not in order. */
export type FrameHandler = (frame: Members, doing: Doing) => void;

/** The frames of one connection, by type. A `Map`, so that `__proto__` is just a type that nobody knows. */
export type FrameHandlers = ReadonlyMap<string, FrameHandler>;

/** Answers one frame. Never throws; `find` says what a frame is for. */
export function receiveFrame(
  text: string,
  doing: Doing,
  find: (frame: Members) => FrameHandler | undefined,
): void {
  const frame = readObject(text);
  const handler = frame === undefined ? undefined : find(frame);
  if (frame === undefined || handler === undefined) {
    const field = frame === undefined ? undefined : { field: "type" };
    refuse(new ProtocolError("bad_request", field), doing);
    return;
  }
  try {
    handler(frame, doing);
  } catch (error) {
    refuse(asRefusal(error), doing);
  }
}

function refuse(error: ProtocolError, doing: Doing): void {
  doing.send(errorFrame(error));
  doing.badFrame();
}

/** Looks a frame's handler up by its `type`. */
export function byType(handlers: FrameHandlers): (frame: Members) => FrameHandler | undefined {
  return (frame) => {
    const type = member(frame, "type");
    return typeof type === "string" ? handlers.get(type) : undefined;
  };
}

/** What most refusals are answered with. */
export const answerRefusal: NonNullable<Translator["refused"]> = (
  _task: Task,
  error: ProtocolError,
  doing: Doing,
): void => doing.send(errorFrame(error));

/** Subscribes with everybody who is there, for dialects that tell who comes and goes. */
export function subscribeWithPeople(room: RoomId): Command<"subscribe"> {
  return { type: "subscribe", id: noId, room, presence: true, with_present: true };
}

/** A room whose log began anew is subscribed to again from its head; a room that is over is an error frame. */
export function noticedWithPeople(notice: NoticeEvent, doing: Doing): void {
  if (notice.type === "reset") doing.run(subscribeWithPeople(notice.room));
  else if (notice.type === "unsubscribed") {
    doing.send(errorFrame(new ProtocolError(notice.code, { room: notice.room })));
  }
}
