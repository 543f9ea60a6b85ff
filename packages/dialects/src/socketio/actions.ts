/** What clients may ask for: an event's name, the commands that it is, and how its acknowledgement looks. */
import type { Identity } from "@parlance/core";
import {
  type Command,
  type CommandType,
  limits,
  ProtocolError,
  type Reply,
} from "@parlance/protocol";
import type { Fields } from "./decode.ts";
import { type ChatMessage, messageOf, plainText } from "./encode.ts";

/** Fields of a command, not checked yet. @throws nothing: an error is a value. */
export type Step = (given: Given) => Fields | ProtocolError;

/** What a step is made from. */
export interface Given {
  readonly fields: Fields;
  /** Replies to the steps before. */
  readonly known: readonly Reply[];
  readonly newId: () => string;
}

/** What one event does. */
export interface Action {
  /** One or more; the last one's reply is the answer. */
  readonly steps: readonly Step[];
  /** What an acknowledgement tells beside `ok`. */
  readonly answer: (reply: Reply, asked: Asked) => object;
}

/** A command that was done, and what it was made from. */
export interface Asked {
  readonly command: Command;
  readonly fields: Fields;
  readonly identity: Identity;
}

type Wanted = Fields | ProtocolError;

function step(type: CommandType, fields: (given: Given) => Wanted): Step {
  return (given) => {
    const wanted = fields(given);
    return wanted instanceof ProtocolError ? wanted : { ...wanted, type, id: 0 };
  };
}

function action<T extends CommandType>(row: {
  readonly type: T;
  readonly before?: readonly Step[];
  readonly fields: (given: Given) => Wanted;
  readonly answer: (reply: Reply<T>, asked: Asked & { readonly command: Command<T> }) => object;
}): Action {
  return {
    steps: [...(row.before ?? []), step(row.type, row.fields)],
    answer: row.answer as Action["answer"],
  };
}

const chat = ({ fields }: Given): Fields => ({ room: fields["chatId"] });
const message = (given: Given): Fields => ({
  ...chat(given),
  message_id: given.fields["messageId"],
});
const call = (given: Given): Fields => ({ ...chat(given), call_id: given.fields["callId"] });
const upload = ({ fields }: Given): Fields => ({ upload_id: fields["fileId"] });
const ownId = ({ fields, newId }: Given): Fields => ({
  client_message_id: fields["clientMessageId"] ?? newId(),
});
const signal = (given: Given, said: Fields): Fields => ({
  ...call(given),
  to: given.fields["to"],
  signal: said,
});

/** A field of ours by their name, only if it is there. */
function optional(name: string, value: unknown): Fields {
  return value === undefined ? {} : { [name]: value };
}

const getMessage: Step = step("get_message", message);
const chatOnly = (_reply: unknown, { fields }: Asked): object => ({ chatId: fields["chatId"] });
const callOnly = ({ call_id, room }: Reply<"answer_call">): object => ({
  callId: call_id,
  chatId: room,
});
const signalOnly = (_reply: unknown, { fields }: Asked): object => ({ callId: fields["callId"] });

const chats: Readonly<Record<string, Action>> = {
  "chat:join": action({
    type: "subscribe",
    fields: (given) => ({ ...chat(given), presence: true, with_present: true }),
    answer: ({ room, title, kind }) => ({ chatId: room, title, kind }),
  }),
  "chat:leave": action({ type: "unsubscribe", fields: chat, answer: chatOnly }),
  "typing:start": action({
    type: "typing",
    fields: (given) => ({ ...chat(given), active: true }),
    answer: chatOnly,
  }),
  "typing:stop": action({
    type: "typing",
    fields: (given) => ({ ...chat(given), active: false }),
    answer: chatOnly,
  }),
};

const messages: Readonly<Record<string, Action>> = {
  "message:send": action({
    type: "publish",
    fields: (given) => ({
      ...chat(given),
      ...ownId(given),
      ...typed(given.fields["messageType"]),
      text: given.fields["content"],
    }),
    answer: (reply, asked) => ({
      message: sentMessage(reply, asked),
      ...(reply.repeated === true ? { repeated: true } : {}),
    }),
  }),
  "message:read": action({
    type: "mark_read",
    before: [getMessage],
    fields: (given) => ({ ...chat(given), sequence: messageIn(given).sequence }),
    answer: ({ room, unread }, { fields }) => ({
      chatId: room,
      messageId: fields["messageId"],
      unread,
    }),
  }),
  "message:edit": action({
    type: "edit_message",
    // A kind that is not given stays what it was.
    before: [getMessage],
    fields: (given) => ({
      ...message(given),
      text: given.fields["content"],
      ...(given.fields["messageType"] === undefined
        ? optional("data", messageIn(given).data)
        : typed(given.fields["messageType"])),
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
    fields: (given) => ({
      ...message(given),
      emoji: given.fields["emoji"],
      on: given.fields["on"] === undefined ? true : given.fields["on"],
    }),
    answer: ({ room, message_id, emoji, on }) => ({
      chatId: room,
      messageId: message_id,
      emoji,
      on,
    }),
  }),
};

const calls: Readonly<Record<string, Action>> = {
  "call:start": action({
    type: "start_call",
    fields: (given) => ({
      ...chat(given),
      media: given.fields["media"],
      ...optional("callees", given.fields["callees"]),
    }),
    answer: ({ call_id, callees, room }) => ({ callId: call_id, chatId: room, callees }),
  }),
  "call:answer": action({ type: "answer_call", fields: call, answer: callOnly }),
  "call:end": action({
    type: "end_call",
    fields: (given) => ({ ...call(given), ...optional("reason", given.fields["reason"]) }),
    answer: callOnly,
  }),
  "call:signal": action({
    type: "signal_call",
    fields: (given) => ({ ...signal(given, {}), signal: given.fields["signal"] }),
    answer: signalOnly,
  }),
  "call:offer": action({
    type: "signal_call",
    fields: (given) => signal(given, { offer: given.fields["offer"] }),
    answer: signalOnly,
  }),
  "call:candidate": action({
    type: "signal_call",
    fields: (given) => signal(given, { candidate: given.fields["candidate"] }),
    answer: signalOnly,
  }),
};

const begin = (given: Given, bytes: unknown): Fields => ({
  ...chat(given),
  name: given.fields["name"],
  bytes,
  ...optional("media_type", given.fields["mediaType"]),
});
const shared = ({ file }: Reply<"finish_upload">): object => ({
  file: {
    fileId: file.file_id,
    chatId: file.room,
    name: file.name,
    bytes: file.bytes,
    mediaType: file.media_type,
    sha256: file.sha256,
  },
});

const files: Readonly<Record<string, Action>> = {
  "file:begin": action({
    type: "begin_upload",
    fields: (given) => begin(given, given.fields["bytes"]),
    answer: ({ upload_id, piece_bytes }) => ({ fileId: upload_id, pieceBytes: piece_bytes }),
  }),
  "file:piece": action({
    type: "upload_piece",
    fields: (given) => ({
      ...upload(given),
      index: given.fields["index"],
      content: base64Of(given.fields["content"]),
    }),
    answer: ({ upload_id, received }) => ({ fileId: upload_id, received }),
  }),
  "file:finish": action({
    type: "finish_upload",
    fields: (given) => ({
      ...upload(given),
      ...ownId(given),
      ...optional("sha256", given.fields["sha256"]),
    }),
    answer: shared,
  }),
  /* What fits into one piece, in one event. */
  "file:upload": action({
    type: "finish_upload",
    before: [
      step("begin_upload", (given) => {
        const { content } = given.fields;
        if (!(content instanceof Uint8Array)) {
          return new ProtocolError("bad_request", { field: "content" });
        }
        if (content.length > limits.pieceBytes) {
          const details = { field: "content", limit: limits.pieceBytes };
          return new ProtocolError("too_large", details);
        }
        return begin(given, content.length);
      }),
      step("upload_piece", (given) => ({
        upload_id: begunIn(given),
        index: 0,
        content: base64Of(given.fields["content"]),
      })),
    ],
    fields: (given) => ({ upload_id: begunIn(given), ...ownId(given) }),
    answer: shared,
  }),
  "file:delete": action({
    type: "delete_file",
    fields: (given) => ({ ...chat(given), file_id: given.fields["fileId"] }),
    answer: (_reply, { fields }) => ({ chatId: fields["chatId"], fileId: fields["fileId"] }),
  }),
};

/** Questions to the application behind the server. */
const questions: Readonly<Record<string, Action>> = {
  rpc: action({
    type: "rpc",
    fields: ({ fields }) => ({ method: fields["method"], ...optional("data", fields["data"]) }),
    answer: ({ data }) => ({ data }),
  }),
};

const actions: Readonly<Record<string, Action>> = {
  ...chats,
  ...messages,
  ...calls,
  ...files,
  ...questions,
};

/** Names of the events that are understood. */
export const actionNames: readonly string[] = Object.keys(actions);

/** What an event does; undefined for names that mean nothing here, `__proto__` and the like included. */
export function actionOf(name: unknown): Action | undefined {
  return typeof name === "string" && Object.hasOwn(actions, name) ? actions[name] : undefined;
}

function messageIn({ known }: Given): Reply<"get_message"> {
  return known[0] as Reply<"get_message">;
}

function begunIn({ known }: Given): string {
  return (known[0] as Reply<"begin_upload">).upload_id;
}

/** Clients may send bytes as they are; the command has them as text. */
function base64Of(content: unknown): unknown {
  return content instanceof Uint8Array ? Buffer.from(content).toString("base64") : content;
}

/** Plain text is not stored: it is what a message without a kind is. */
function typed(messageType: unknown): Fields {
  if (messageType === undefined || messageType === plainText) return {};
  return { data: { message_type: messageType } };
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
      author_name: identity.name,
      ...(reply.rewritten ?? {
        text: command.text,
        ...(command.data === undefined ? {} : { data: command.data }),
      }),
    },
  });
}
