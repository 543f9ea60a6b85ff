/** Schemas of bodies, paths, queries and answers. What frames share with REST comes from `protocol`. */
import { type KeyScope, maxListed } from "@parlance/core";
import {
  type ClientMessageId,
  type DeviceId,
  type FileId,
  fields,
  type Json,
  type JsonObject,
  limits,
  type MentionWish,
  mentionWish,
  type PollWish,
  pollWish,
  publicationSchema,
  type RoomId,
  roles,
  type SearchFeatureName,
  type Sequence,
  searchAuthors,
  searchContext,
  searchCursor,
  searchFeature,
  searchLimit,
  searchQuery as searchText,
  type UserId,
} from "@parlance/protocol";
import { z } from "zod";

/** A number in a query: digits only, so that neither `1e3` nor ` 1` nor nothing is one. */
export function queryNumber<T extends number>(schema: z.ZodType<T>): z.ZodType<T, string> {
  return z
    .string()
    .regex(/^\d{1,16}$/, "digits only")
    .meta({ type: "integer" })
    .transform(Number)
    .pipe(schema as z.ZodType<T, number>);
}

/** Several of a kind in one query value, separated by commas. */
function queryList<T>(schema: z.ZodType<readonly T[]>): z.ZodType<readonly T[], string> {
  return z
    .string()
    .max(limits.searchLength)
    .transform((text) => text.split(","))
    .pipe(schema as unknown as z.ZodType<readonly T[], string[]>);
}

const deviceId: z.ZodType<DeviceId> = fields.deviceId;

/* Bodies. Unknown members are ignored: whoever they name, the token's user acts. */

export interface SignUpBody {
  username: string;
  password: string;
  name?: string;
  email?: string;
  device_id?: DeviceId;
}
const password = z.string().min(1).max(1_024);
const username = z.string().min(1).max(64);
export const signUpBody: z.ZodType<SignUpBody> = z
  .object({
    username,
    password,
    name: fields.displayName.exactOptional(),
    email: z.email().max(254).exactOptional(),
    device_id: deviceId.exactOptional(),
  })
  .meta({ id: "SignUp" });

export interface SignInBody {
  username: string;
  password: string;
  device_id?: DeviceId;
}
export const signInBody: z.ZodType<SignInBody> = z
  .object({ username, password, device_id: deviceId.exactOptional() })
  .meta({ id: "SignIn" });

export interface GuestBody {
  name: string;
  device_id?: DeviceId;
}
export const guestBody: z.ZodType<GuestBody> = z
  .object({ name: fields.displayName, device_id: deviceId.exactOptional() })
  .meta({ id: "Guest" });

export interface PasswordBody {
  current: string;
  next: string;
}
export const passwordBody: z.ZodType<PasswordBody> = z
  .object({ current: password, next: password })
  .meta({ id: "PasswordChange" });

export interface CreateRoomBody {
  kind: "public" | "private" | "announcement" | "document";
  title: string;
  room?: RoomId;
}
export const createRoomBody: z.ZodType<CreateRoomBody> = z
  .object({
    kind: z.enum(["public", "private", "announcement", "document"]),
    title: fields.roomTitle,
    room: fields.roomId.exactOptional(),
  })
  .refine((body) => body.room === undefined || body.kind !== "private", {
    message: "a private room's id is made by the server",
    path: ["room"],
  })
  .meta({ id: "NewRoom" });

export interface MemberBody {
  role?: (typeof roles)[number];
}
export const memberBody: z.ZodType<MemberBody> = z
  .object({ role: z.enum(roles).exactOptional() })
  .meta({ id: "NewMember" });

export interface MessageBody {
  text: string;
  data?: JsonObject;
  mentions?: MentionWish;
}
export const messageBody: z.ZodType<MessageBody> = z
  .object({
    text: fields.messageText,
    data: fields.messageData.exactOptional(),
    mentions: mentionWish.exactOptional(),
  })
  .meta({ id: "NewText" });

export interface NewMessageBody extends MessageBody {
  open?: true;
  thread?: string;
  reply_to?: string;
  poll?: PollWish;
}
export const newMessageBody: z.ZodType<NewMessageBody> = z
  .object({
    text: fields.openText,
    data: fields.messageData.exactOptional(),
    open: z.literal(true).exactOptional().describe("It grows until it is closed."),
    thread: fields.messageRef.exactOptional().describe("Write it under this message."),
    poll: pollWish.exactOptional(),
    reply_to: fields.messageRef.exactOptional().describe("It answers this message."),
    mentions: mentionWish.exactOptional(),
  })
  .refine(({ text, open }) => open === true || fields.isVisible(text), {
    message: "nothing to see in it",
    path: ["text"],
  })
  .meta({ id: "NewMessage" });

export interface AppendBody {
  at: number;
  text: string;
}
export const appendBody: z.ZodType<AppendBody> = z
  .object({ at: fields.textPosition, text: fields.openText })
  .meta({ id: "Append" });

export interface CloseBody {
  length?: number;
}
export const closeBody: z.ZodType<CloseBody> = z
  .object({ length: fields.textPosition.exactOptional() })
  .meta({ id: "Close" });

/** One publication, or many. Looked at by the route, which answers for each. */
export const publishBody: z.ZodType = z.union([
  publicationSchema.meta({ id: "Publication" }),
  z.object({ items: z.array(publicationSchema).min(1).max(1_000) }).meta({ id: "Publications" }),
]);

export interface RpcBody {
  data?: Json;
}
export const rpcBody: z.ZodType<RpcBody> = z
  .object({ data: fields.rpcData.exactOptional() })
  .meta({ id: "RpcQuestion" });

export interface ReadMarkBody {
  sequence: Sequence;
}
export const readMarkBody: z.ZodType<ReadMarkBody> = z
  .object({ sequence: fields.sequence })
  .meta({ id: "ReadMark" });

export interface KeyBody {
  name: string;
  scopes: KeyScope[];
  rooms?: string[];
  bot?: { name: string };
}
/** `incoming` is given with an address of its own only. */
const keyScopes: readonly KeyScope[] = ["publish", "read", "rooms", "impersonate", "admin"];
export const keyBody: z.ZodType<KeyBody> = z
  .object({
    name: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/),
    scopes: z.array(z.enum(keyScopes)).min(1).max(8),
    rooms: z.array(z.string().min(1).max(128)).min(1).max(100).exactOptional(),
    bot: z.object({ name: fields.displayName }).exactOptional(),
  })
  .meta({ id: "NewKey" });

export type ReasonBody = { reason?: string } | null | undefined;
export const reasonBody: z.ZodType<ReasonBody> = z
  .object({ reason: z.string().min(1).max(200).exactOptional() })
  .nullish()
  .meta({ id: "Reason" });

export interface MoveBody {
  to: string;
  replace?: boolean;
  only_node?: boolean;
}
export const moveBody: z.ZodType<MoveBody> = z
  .object({
    to: z.string().min(1).max(2_048).describe("As in `database_url`."),
    replace: z.boolean().exactOptional(),
    only_node: z.boolean().exactOptional(),
  })
  .meta({ id: "NewMove" });

export interface TicketBody {
  room?: RoomId;
  rooms?: RoomId[];
}
export const ticketBody: z.ZodType<TicketBody> = z
  .object({
    room: fields.roomId.exactOptional(),
    rooms: z.array(fields.roomId).min(1).max(limits.resumeRooms).exactOptional(),
  })
  .refine((body) => (body.room === undefined) !== (body.rooms === undefined), {
    message: "either room or rooms",
    path: ["room"],
  })
  .meta({ id: "NewTicket" });

/* Paths, queries and headers. */

export const roomParams: z.ZodType<{ room: RoomId }> = z.object({ room: fields.roomId });
export const memberParams: z.ZodType<{ room: RoomId; user: UserId }> = z.object({
  room: fields.roomId,
  user: fields.userId,
});
/** Somebody. */
export const personParams: z.ZodType<{ user: UserId }> = z.object({ user: fields.userId });
/** A message by its id or its number. */
export interface MessageParams {
  room: RoomId;
  message: string;
}
export const messageParams: z.ZodType<MessageParams> = z.object({
  room: fields.roomId,
  message: fields.messageRef,
});
export const reactionParams: z.ZodType<MessageParams & { emoji: string }> = z.object({
  room: fields.roomId,
  message: fields.messageRef,
  emoji: fields.emoji,
});
export const userParams: z.ZodType<{ user: UserId }> = z.object({ user: fields.userId });
export const overviewQuery: z.ZodType<{ points?: "hour" | "none" }> = z.object({
  points: z.enum(["hour", "none"]).exactOptional(),
});
/** A room's name and a sequence, or an id. */
export const traceParams: z.ZodType<{ message: string }> = z.object({
  message: z.string().min(1).max(160),
});
export const keyParams: z.ZodType<{ id: string }> = z.object({
  id: z.string().regex(/^[0-9a-z]{1,64}$/),
});

export interface ConnectionListQuery {
  node?: string;
  user?: string;
  room?: RoomId;
  after?: string;
  limit?: number;
}
export const connectionListQuery: z.ZodType<ConnectionListQuery> = z.object({
  node: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .exactOptional(),
  user: z.string().min(1).max(256).exactOptional(),
  room: fields.roomId.exactOptional(),
  after: z
    .string()
    .regex(/^[\w-]{1,64}:\d{1,15}$/)
    .exactOptional(),
  limit: queryNumber(z.int().min(1).max(maxListed)).exactOptional(),
});
export const connectionParams: z.ZodType<{ connection: string }> = z.object({
  connection: z.string().regex(/^[\w-]{1,64}$/),
});

export interface RoomListQuery {
  pattern?: string;
  after?: RoomId;
  limit?: number;
}
export const roomListQuery: z.ZodType<RoomListQuery> = z.object({
  pattern: z
    .string()
    .regex(/^[A-Za-z0-9._:*?-]{1,128}$/)
    .describe("`*` is any text, `?` any character.")
    .exactOptional(),
  after: fields.roomId.exactOptional(),
  limit: queryNumber(fields.pageLimit).exactOptional(),
});

export interface UserListQuery {
  after?: number;
  limit?: number;
}
export const userListQuery: z.ZodType<UserListQuery> = z.object({
  after: queryNumber(z.int().min(0)).exactOptional(),
  limit: queryNumber(fields.pageLimit).exactOptional(),
});

export interface HistoryQuery {
  before?: Sequence;
  after?: Sequence;
  limit?: number;
}
export const historyQuery: z.ZodType<HistoryQuery> = z
  .object({
    before: queryNumber(fields.sequence).exactOptional(),
    after: queryNumber(fields.sequence).exactOptional(),
    limit: queryNumber(fields.pageLimit).exactOptional(),
  })
  .refine((query) => query.before === undefined || query.after === undefined, {
    message: "not both before and after",
    path: ["after"],
  });

/** The nearest before a place, or the newest. */
export interface PageQuery {
  before?: Sequence;
  limit?: number;
}
export const pageQuery: z.ZodType<PageQuery> = z.object({
  before: queryNumber(fields.sequence).exactOptional(),
  limit: queryNumber(fields.pageLimit).exactOptional(),
});
export interface MessageListQuery {
  before?: Sequence;
  after?: Sequence;
  around?: Sequence;
  at?: string;
  limit?: number;
  with_threads?: "true";
}
export const messageListQuery: z.ZodType<MessageListQuery> = z
  .object({
    before: queryNumber(fields.sequence).exactOptional(),
    after: queryNumber(fields.sequence).exactOptional(),
    around: queryNumber(fields.sequence).exactOptional(),
    at: fields.moment.exactOptional(),
    limit: queryNumber(fields.pageLimit).exactOptional(),
    with_threads: z.literal("true").exactOptional().describe("Those of threads too."),
  })
  .refine(fields.isOnePlace, fields.onePlace);

export interface SearchQuery {
  q?: string;
  growing?: "true";
  room?: RoomId;
  from?: readonly UserId[];
  has?: readonly SearchFeatureName[];
  after?: string;
  before?: string;
  context?: number;
  cursor?: string;
  limit?: number;
}
export const searchQuery: z.ZodType<SearchQuery> = z.object({
  q: searchText.exactOptional(),
  growing: z.literal("true").exactOptional(),
  room: fields.roomId.exactOptional(),
  from: queryList(searchAuthors).exactOptional(),
  has: queryList(z.array(searchFeature).max(4)).exactOptional(),
  after: fields.moment.exactOptional(),
  before: fields.moment.exactOptional(),
  context: queryNumber(searchContext).exactOptional(),
  cursor: searchCursor.exactOptional(),
  limit: queryNumber(searchLimit).exactOptional(),
});

export interface ImportBody {
  items: readonly unknown[];
  dry_run?: boolean;
}
/** Items are looked at one by one: a wrong one is refused alone. */
export const importBody: z.ZodType<ImportBody> = z.object({
  items: z.array(z.unknown()).min(1).max(2_000),
  dry_run: z.boolean().exactOptional(),
});

export interface TextQuery {
  from?: number;
}
export const textQuery: z.ZodType<TextQuery> = z.object({
  from: queryNumber(fields.textPosition).exactOptional(),
});

export interface MessageHeaders {
  "idempotency-key"?: ClientMessageId;
}
/** Loose, since the validated headers replace those of the request. */
export const messageHeaders: z.ZodType<MessageHeaders> = z.looseObject({
  "idempotency-key": fields.clientMessageId.exactOptional(),
});

export const rpcParams: z.ZodType<{ method: string }> = z.object({ method: fields.rpcMethod });

export const fileParams: z.ZodType<{ file: FileId }> = z.object({ file: fields.fileId });

export const roomFileParams: z.ZodType<{ room: RoomId; file: FileId }> = z.object({
  room: fields.roomId,
  file: fields.fileId,
});

export interface FileListQuery {
  before?: Sequence;
  limit?: number;
}
export const fileListQuery: z.ZodType<FileListQuery> = z.object({
  before: queryNumber(fields.sequence).exactOptional(),
  limit: queryNumber(fields.pageLimit).exactOptional(),
});
