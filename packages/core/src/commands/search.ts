/** Searching messages. What is found was decided by storage in one snapshot; here each room is asked about once more. */
import {
  type Command,
  fields,
  type MessageView,
  ProtocolError,
  type RoomId,
  type SearchHit,
  type SearchResult,
  type Sequence,
  type UserId,
} from "@parlance/protocol";
import { backEndMay, readableRooms } from "../authorize.ts";
import type { SearchPlace } from "../ports/index.ts";
import { floorFor, viewsFrom } from "../reader-floor.ts";
import type { Room } from "../room.ts";
import { type QueryText, readQueryText } from "../search/query-text.ts";
import type { CommandContext } from "../services.ts";
import { openToRead, pageBytes } from "./reading.ts";

const defaultHits = 20;
/** Rooms among which one is found by its title. */
const maxTitles = 1_000;

/** Messages that have all of what is asked, the newest first. */
export async function search(
  context: CommandContext,
  command: Command<"search">,
): Promise<SearchResult> {
  const { identity, services } = context;
  if (identity.scopes !== undefined && !backEndMay(identity.scopes, "read")) {
    throw new ProtocolError("forbidden");
  }
  // Security: a key for some rooms finds nothing in others, and there is no list of its rooms to search in.
  if (identity.rooms !== undefined && command.room === undefined) {
    throw new ProtocolError("bad_request", { field: "room" });
  }
  if (command.room !== undefined) await openToRead(context, command.room);
  const text = readQueryText(command.query, command.growing === true);
  const has = [...new Set([...text.has, ...(command.has ?? [])])];
  const rooms = await roomsOf(context, command, text);
  const authors = await authorsOf(context, command, text);
  const isAnything =
    text.clauses.length > 0 ||
    rooms !== undefined ||
    authors !== undefined ||
    has.some((feature) => feature !== "reaction");
  if (!isAnything) throw new ProtocolError("bad_request", { field: "query" });
  if (rooms?.length === 0 || authors?.length === 0) return { hits: [] };
  const within = readableRooms(identity);
  const page = await services.log.search({
    ...(within === undefined ? {} : { within }),
    ...(rooms === undefined ? {} : { rooms }),
    clauses: text.clauses,
    ...(authors === undefined ? {} : { authors }),
    has,
    ...timesOf(command, text),
    ...(command.cursor === undefined ? {} : { behind: placeOf(command.cursor) }),
    limit: command.limit ?? defaultHits,
  });
  const last = page.messages.at(-1);
  return {
    hits: await hitsOf(context, page.messages, command.context ?? 0),
    ...(page.hasMore && last !== undefined
      ? { next: `${Date.parse(last.time)}.${last.number}` }
      : {}),
  };
}

function placeOf(cursor: string): SearchPlace {
  const [time = 0, number = 0] = cursor.split(".").map(Number);
  return { time, number };
}

function timesOf(
  command: Command<"search">,
  text: QueryText,
): { readonly after?: number; readonly before?: number } {
  const after = Math.max(
    text.after ?? 0,
    command.after === undefined ? 0 : Date.parse(command.after),
  );
  const before = Math.min(
    text.before ?? Number.POSITIVE_INFINITY,
    command.before === undefined ? Number.POSITIVE_INFINITY : Date.parse(command.before),
  );
  return { ...(after > 0 ? { after } : {}), ...(Number.isFinite(before) ? { before } : {}) };
}

/** What `room` and `in:` name: rooms that the caller may read. Undefined where nothing is named. */
async function roomsOf(
  context: CommandContext,
  command: Command<"search">,
  text: QueryText,
): Promise<readonly RoomId[] | undefined> {
  const named: RoomId[] = [];
  for (const name of text.in) {
    const found = await roomCalled(context, name.replace(/^#/, ""));
    if (found !== undefined) named.push(found);
  }
  if (command.room === undefined) return text.in.length === 0 ? undefined : named;
  return text.in.length === 0 || named.includes(command.room) ? [command.room] : [];
}

/** By its id, else by its title among those that the caller belongs to. */
async function roomCalled(context: CommandContext, name: string): Promise<RoomId | undefined> {
  const id = fields.roomId.safeParse(name);
  if (id.success && (await readable(context, id.data)) !== undefined) return id.data;
  const joined = await context.services.directory.roomsOf(context.identity.user, maxTitles);
  return joined.find(({ title }) => title.toLowerCase() === name.toLowerCase())?.room;
}

/** @returns undefined where the caller may not read it. */
async function readable(context: CommandContext, room: RoomId): Promise<Room | undefined> {
  try {
    return await openToRead(context, room);
  } catch (error) {
    if (error instanceof ProtocolError && hidden.has(error.code)) return undefined;
    throw error;
  }
}

const hidden: ReadonlySet<string> = new Set(["not_found", "forbidden"]);

/** What `from` and `from:` name: users. Undefined where nobody is named. */
async function authorsOf(
  { identity, services }: CommandContext,
  command: Command<"search">,
  text: QueryText,
): Promise<readonly UserId[] | undefined> {
  if (text.from.length === 0) return command.from;
  const found: UserId[] = [];
  for (const given of text.from) {
    const name = given.replace(/^@/, "");
    if (name.toLowerCase() === "me") found.push(identity.user);
    const account = await services.directory.userByUsername(name);
    if (account !== undefined) found.push(account.id);
    const id = fields.userId.safeParse(name);
    if (id.success) found.push(id.data);
  }
  return command.from === undefined ? found : found.filter((id) => command.from?.includes(id));
}

/* Security: rights were looked up by storage. This asks the one function that decides, and the application, about each room
 * of the page; what they refuse is left out. */
async function hitsOf(
  context: CommandContext,
  messages: readonly MessageView[],
  beside: number,
): Promise<readonly SearchHit[]> {
  const rooms = new Map<RoomId, Room | undefined>();
  for (const { room } of messages) {
    if (!rooms.has(room)) rooms.set(room, await readable(context, room));
  }
  const hits: SearchHit[] = [];
  for (const found of messages) {
    const room = rooms.get(found.room);
    if (room === undefined) continue;
    const floor = await floorFor(context, room);
    const [message] = viewsFrom(floor, [found]);
    if (message === undefined) continue;
    const around = beside === 0 ? {} : await surroundings(context, message, beside, floor);
    hits.push({ message, room_title: room.record.title, ...around });
  }
  return hits;
}

async function surroundings(
  { services }: CommandContext,
  { room, sequence, thread }: MessageView,
  beside: number,
  floor: Sequence,
): Promise<Pick<SearchHit, "before" | "after">> {
  const limit = 2 * beside + 1;
  const page = await services.log.messages({
    room,
    ...(thread === undefined ? {} : { line: { thread } }),
    around: sequence,
    limit,
    maxBytes: pageBytes,
  });
  const messages = viewsFrom(floor, page?.messages ?? []);
  return {
    before: messages.filter((message) => message.sequence < sequence),
    after: messages.filter((message) => message.sequence > sequence),
  };
}
