/** What the server tells, in the words of the chat (`docs/protocol/socketio.md`). Same event, same text, for all. */
import type {
  AnyDurableEvent,
  DurableEvent,
  EphemeralEvent,
  EventFrame,
  JsonObject,
  NoticeEvent,
  ProtocolError,
  UserId,
} from "@parlance/protocol";
import { wholeMessage } from "../json/whole-message.ts";
import { packet } from "./packet.ts";
import { writePlace } from "./place.ts";

/** A message as clients get it. */
export interface ChatMessage {
  readonly id: string;
  readonly chat_id: string;
  readonly content: string;
  readonly sender: { readonly id: string; readonly username: string };
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly message_type: string;
}

/** An error as an acknowledgement and a refused handshake carry it. */
export type ChatError = ReturnType<ProtocolError["toWire"]>;

/** Any event that this dialect has a word for; undefined for others. */
export function encodeEvent(event: EventFrame | EphemeralEvent | NoticeEvent): string | undefined {
  if ("sequence" in event) return "erased" in event ? undefined : encodeDurable(event);
  switch (event.type) {
    case "typing": {
      const { room: chatId, user: userId, thread } = event;
      // Its clients know no threads: it would stand for the room.
      if (thread !== undefined) return undefined;
      return event.active
        ? packet("typing:start", { chatId, userId, username: event.name })
        : packet("typing:stop", { chatId, userId });
    }
    case "read":
      return event.message_id === undefined
        ? undefined
        : packet("message:read", {
            messageId: event.message_id,
            userId: event.user,
            chatId: event.room,
          });
    case "unsubscribed":
      return packet("chat:removed", { chatId: event.room });
    case "reset":
      return packet("chat:reset", { chatId: event.room });
    case "call.signal":
      return packet("call:signal", {
        callId: event.call_id,
        chatId: event.room,
        from: event.from,
        signal: event.signal,
      });
    case "presence":
    case "cursor":
    case "document.awareness":
    case "message.appended":
    case "whisper":
    case "goodbye":
      return undefined;
    default:
      return event satisfies never;
  }
}

/* The place is the last argument, so that a client that comes back tells what it has. */
function encodeDurable(event: AnyDurableEvent): string | undefined {
  switch (event.type) {
    case "message.created":
    case "message.closed": {
      const message = wholeMessage(event);
      return message && packet("message:new", messageOf(message), writePlace(message));
    }
    case "message.edited":
      return packet("message:edited", editedOf(event), writePlace(event));
    case "message.deleted": {
      const { message_id: messageId, by: userId } = event.data;
      return packet(
        "message:deleted",
        { messageId, chatId: event.room, userId },
        writePlace(event),
      );
    }
    case "reaction.added":
    case "reaction.removed": {
      const { message_id: messageId, emoji } = event.data;
      const on = event.type === "reaction.added";
      const reaction = { messageId, chatId: event.room, userId: event.author, emoji, on };
      return packet("message:reaction", reaction, writePlace(event));
    }
    case "call.started":
    case "call.answered":
    case "call.left":
    case "call.ended":
      return encodeCall(event);
    case "file.shared":
      return packet("file:shared", fileOf(event), writePlace(event));
    case "file.deleted": {
      const { author: userId, room: chatId } = event;
      const { file_id: fileId } = event.data;
      return packet("file:deleted", { fileId, chatId, userId }, writePlace(event));
    }
    case "member.joined":
    case "member.left":
    case "message.pinned":
    case "message.unpinned":
    case "poll.voted":
    case "poll.closed":
    case "document.edited":
    case "document.updated":
    case "document.named":
    case "room.updated":
    case "member.role_changed":
    case "member.banned":
    case "member.unbanned":
    case "invite.created":
    case "invite.revoked":
    case "join.requested":
    case "join.refused":
      return undefined;
    default:
      return event satisfies never;
  }
}

type CallEvent = Extract<AnyDurableEvent, { readonly type: `call.${string}` }>;

function encodeCall(event: CallEvent): string {
  const call = { callId: event.data.call_id, chatId: event.room };
  const told = (name: string, more: object): string =>
    packet(name, { ...call, ...more }, writePlace(event));
  switch (event.type) {
    case "call.started": {
      const { media, callees, caller_name: username } = event.data;
      return told("call:started", { media, caller: { id: event.author, username }, callees });
    }
    case "call.answered":
      return told("call:answered", { userId: event.author, username: event.data.user_name });
    case "call.left": {
      const { user_name: username, reason } = event.data;
      return told("call:left", { userId: event.author, username, reason });
    }
    case "call.ended": {
      const { reason, duration_ms: durationMs } = event.data;
      return told("call:ended", { reason, durationMs });
    }
    default:
      return event satisfies never;
  }
}

function fileOf({ author, data, room, time }: DurableEvent<"file.shared">): object {
  return {
    fileId: data.file_id,
    chatId: room,
    name: data.name,
    bytes: data.bytes,
    mediaType: data.media_type,
    sha256: data.sha256,
    sender: { id: author, username: data.author_name },
    created_at: time,
  };
}

/** A stored message in this chat's shape. */
export function messageOf(event: DurableEvent<"message.created">): ChatMessage {
  return {
    id: event.id,
    chat_id: event.room,
    content: event.data.text,
    sender: { id: event.author, username: event.data.author_name },
    created_at: event.time,
    message_type: messageTypeOf(event.data.data),
  };
}

function editedOf({ data, room, author, time }: DurableEvent<"message.edited">): object {
  return {
    id: data.message_id,
    chat_id: room,
    content: data.text,
    sender: { id: author, username: data.editor_name },
    edited_at: time,
    message_type: messageTypeOf(data.data),
  };
}

/** What applications put beside a text; only the kind of the message is this chat's. */
export function messageTypeOf(data: JsonObject | undefined): string {
  const type = data?.["message_type"];
  return typeof type === "string" ? type : plainText;
}

/** The kind of a message that says none. */
export const plainText = "text";

/** Somebody who shares a chat came or went. */
export function encodeStatus(userId: UserId, isOnline: boolean): string {
  return packet("user:status", { userId, status: isOnline ? "online" : "offline" });
}

/** Something that the client asked for was not done, or the connection ends. */
export function encodeError(error: ProtocolError): string {
  const { text: message, code, retry, details } = error.toWire();
  return packet("error", {
    message,
    code,
    retry,
    ...(details === undefined ? {} : { details: chatDetails(details) }),
  });
}

/** Fields of our commands, by the names that clients gave them. */
const fieldNames: Readonly<Record<string, string>> = {
  room: "chatId",
  text: "content",
  client_message_id: "clientMessageId",
  message_id: "messageId",
  call_id: "callId",
  file_id: "fileId",
  upload_id: "fileId",
  media_type: "mediaType",
};

/** An error with its field named as the client named it. */
export function chatError(error: ProtocolError): ChatError {
  const wire = error.toWire();
  return wire.details === undefined ? wire : { ...wire, details: chatDetails(wire.details) };
}

function chatDetails(
  details: NonNullable<ChatError["details"]>,
): NonNullable<ChatError["details"]> {
  const { field } = details;
  if (typeof field !== "string" || !Object.hasOwn(fieldNames, field)) return details;
  return { ...details, field: fieldNames[field] ?? field };
}
