/** What clients may ask for: an event's name, the command that it is, and how its acknowledgement looks. */
import type { Identity } from "@parlance/core";
import {
  type Command,
  type CommandType,
  commandSchema,
  type ErrorDetails,
  limits,
  ProtocolError,
  type Reply,
} from "@parlance/protocol";
import { type ChatMessage, messageOf, plainText } from "./encode.ts";

/** Members of an event's payload, as they came. */
export type Fields = Readonly<Record<string, unknown>>;

/** What one event does. */
export interface Action {
  /** What has to be known before, where anything has. Fields of a command, not checked yet. */
  readonly first?: (fields: Fields) => Fields;
  /** Fields of its command, not checked yet. @param known Reply to `first`. */
  readonly command: (fields: Fields, newId: () => string, known: Reply | undefined) => Fields;
  /** What an acknowledgement tells beside `ok`. */
  readonly answer: (reply: Reply, asked: Asked) => object;
}

/** A command that was done, and what it was made from. */
export interface Asked {
  readonly command: Command;
  readonly fields: Fields;
  readonly identity: Identity;
}

function action<T extends CommandType>(row: {
  readonly type: T;
  readonly fields: (fields: Fields, newId: () => string) => Fields;
  readonly answer: (reply: Reply<T>, asked: Asked & { readonly command: Command<T> }) => object;
}): Action {
  return {
    command: (fields, newId) => ({ ...row.fields(fields, newId), type: row.type, id: 0 }),
    answer: row.answer as Action["answer"],
  };
}

/** For what needs to know the message that it is about. */
function aboutMessage<T extends CommandType>(row: {
  readonly type: T;
  readonly fields: (fields: Fields, message: Reply<"get_message">) => Fields;
  readonly answer: (reply: Reply<T>, asked: Asked & { readonly command: Command<T> }) => object;
}): Action {
  return {
    first: (fields) => ({ ...message(fields), type: "get_message", id: 0 }),
    command: (fields, _newId, known) => ({
      ...row.fields(fields, known as Reply<"get_message">),
      type: row.type,
      id: 0,
    }),
    answer: row.answer as Action["answer"],
  };
}

const message = (fields: Fields): Fields => ({
  ...chat(fields),
  message_id: fields["messageId"],
});
const chat = (fields: Fields): Fields => ({ room: fields["chatId"] });
const chatOnly = (_reply: unknown, { fields }: Asked): object => ({ chatId: fields["chatId"] });

const actions: Readonly<Record<string, Action>> = {
  "chat:join": action({
    type: "subscribe",
    fields: (fields) => ({ ...chat(fields), presence: true, with_present: true }),
    answer: ({ room, title, kind }) => ({ chatId: room, title, kind }),
  }),
  "chat:leave": action({ type: "unsubscribe", fields: chat, answer: chatOnly }),
  "message:send": action({
    type: "publish",
    fields: (fields, newId) => ({
      ...chat(fields),
      text: fields["content"],
      client_message_id: fields["clientMessageId"] ?? newId(),
      ...typed(fields["messageType"]),
    }),
    answer: (reply, asked) => ({
      message: sentMessage(reply, asked),
      ...(reply.repeated === true ? { repeated: true } : {}),
    }),
  }),
  "typing:start": action({
    type: "typing",
    fields: (fields) => ({ ...chat(fields), active: true }),
    answer: chatOnly,
  }),
  "typing:stop": action({
    type: "typing",
    fields: (fields) => ({ ...chat(fields), active: false }),
    answer: chatOnly,
  }),
  "message:read": aboutMessage({
    type: "mark_read",
    fields: (fields, { sequence }) => ({ ...chat(fields), sequence }),
    answer: ({ room, unread }, { fields }) => ({
      chatId: room,
      messageId: fields["messageId"],
      unread,
    }),
  }),
  "message:edit": aboutMessage({
    type: "edit_message",
    fields: (fields, { data }) => ({
      ...message(fields),
      text: fields["content"],
      ...(fields["messageType"] === undefined
        ? data === undefined
          ? {}
          : { data }
        : typed(fields["messageType"])),
    }),
    answer: ({ room, message_id, time }) => ({
      chatId: room,
      messageId: message_id,
      editedAt: time,
    }),
  }),
  "message:delete": action({
    type: "delete_message",
    fields: message,
    answer: ({ room, message_id }) => ({ chatId: room, messageId: message_id }),
  }),
  "message:react": action({
    type: "react",
    fields: (fields) => ({
      ...message(fields),
      emoji: fields["emoji"],
      on: fields["on"] === undefined ? true : fields["on"],
    }),
    answer: ({ room, message_id, emoji, on }) => ({
      chatId: room,
      messageId: message_id,
      emoji,
      on,
    }),
  }),
};

/** Plain text is not stored: it is what a message without a kind is. */
function typed(messageType: unknown): Fields {
  if (messageType === undefined || messageType === plainText) return {};
  return { data: { message_type: messageType } };
}

/** Names of the events that are understood. */
export const actionNames: readonly string[] = Object.keys(actions);

/** What an event does; undefined for names that mean nothing here, `__proto__` and the like included. */
export function actionOf(name: unknown): Action | undefined {
  return typeof name === "string" && Object.hasOwn(actions, name) ? actions[name] : undefined;
}

function sentMessage(
  reply: Reply<"publish">,
  { command, identity }: Asked & { readonly command: Command<"publish"> },
): ChatMessage {
  return messageOf({
    type: "message.created",
    room: reply.room,
    sequence: reply.sequence,
    id: reply.message_id,
    author: identity.user,
    time: reply.time,
    data: {
      text: command.text,
      author_name: identity.name,
      ...(command.data === undefined ? {} : { data: command.data }),
    },
  });
}

/** Whether fields were understood as a command, or why not. */
export type Decoded =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly error: ProtocolError };

/** The payload of an event, if it is one: JSON of any shape, bytes in any place, or nothing may have come. */
export function payloadOf(value: unknown): Fields | ProtocolError {
  if (!isMembers(value)) return new ProtocolError("bad_request", { field: "payload" });
  if (!nestsAtMost(value, limits.jsonDepth)) {
    return new ProtocolError("bad_request", { limit: limits.jsonDepth });
  }
  const { messageType } = value;
  const isType = typeof messageType === "string" && /^[\x21-\x7e]{1,32}$/.test(messageType);
  if (messageType !== undefined && !isType) {
    return new ProtocolError("bad_request", { field: "messageType" });
  }
  return value;
}

/** Checks fields against their command's schema. Total. */
export function decode(wanted: Fields): Decoded {
  const { type, text } = wanted;
  if (typeof text === "string" && text.length > limits.textLength) {
    const details = { field: "text", limit: limits.textLength };
    return { ok: false, error: new ProtocolError("too_large", details) };
  }
  const parsed = commandSchema(String(type))?.safeParse(wanted);
  if (parsed?.success === true) return { ok: true, command: parsed.data };
  return refuse({ field: parsed?.error.issues[0]?.path.map(String).join(".") ?? "event" });
}

function refuse(details: ErrorDetails): Decoded {
  return { ok: false, error: new ProtocolError("bad_request", details) };
}

function isMembers(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof ArrayBuffer)
  );
}

/** Whether objects and arrays are nested at most `depth` deep; bytes count as one value. */
function nestsAtMost(value: object, depth: number): boolean {
  if (depth === 0) return false;
  if (ArrayBuffer.isView(value)) return true;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === "object" && member !== null && !nestsAtMost(member, depth - 1)) {
      return false;
    }
  }
  return true;
}
