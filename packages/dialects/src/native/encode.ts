import type {
  CommandId,
  ErrorFrame,
  OwnEvent,
  ProtocolError,
  Reply,
  ReplyFrame,
  ServerEvent,
} from "@parlance/protocol";

/** An event as it is: the native wire is the protocol's own shape, members in the order of their types. */
export function encodeEvent(event: ServerEvent | OwnEvent): string {
  return JSON.stringify(event);
}

/** The answer to a command that was done. */
export function encodeReply(id: CommandId, result: Reply): string {
  return JSON.stringify({ type: "reply", id, result } satisfies ReplyFrame);
}

/** The answer to a command that was not done. Without `id` where the frame's own could not be read. */
export function encodeError(id: CommandId | undefined, error: ProtocolError): string {
  const wire = error.toWire();
  const frame: ErrorFrame =
    id === undefined ? { type: "error", ...wire } : { type: "error", id, ...wire };
  return JSON.stringify(frame);
}
