/** Searching a memory store: looks at every message, and so is what the indexes of engines are compared with. */
import {
  hasClause,
  messageTerms,
  type ReadableRooms,
  type SearchPage,
  type SearchQuery,
} from "@parlance/core";
import type { MessageView } from "@parlance/protocol";
import { messagePage } from "./messages.ts";
import type { MemoryRoom, MemoryState } from "./state.ts";

/** One page, as `Search.search` promises. */
export function searchMessages(state: MemoryState, query: SearchQuery): SearchPage {
  const found: MessageView[] = [];
  for (const room of state.rooms.values()) {
    if (query.rooms !== undefined && !query.rooms.includes(room.room)) continue;
    if (query.within !== undefined && !mayRead(query.within, room)) continue;
    const { messages } = messagePage(state, room, {
      room: room.room,
      line: "all",
      limit: Number.MAX_SAFE_INTEGER,
    });
    found.push(
      ...messages
        .filter(
          ({ sequence }) => query.within === undefined || isSince(query.within, room, sequence),
        )
        .filter((message) => isFound(query, searchedText(room, message), message)),
    );
  }
  found.sort(byAge);
  const behind = found.filter((message) => isBehind(query, message));
  return { messages: behind.slice(0, query.limit), hasMore: behind.length > query.limit };
}

/** The newest first. */
function byAge(left: MessageView, right: MessageView): number {
  return Date.parse(right.time) - Date.parse(left.time) || right.number - left.number;
}

function isBehind({ behind }: SearchQuery, { time, number }: MessageView): boolean {
  if (behind === undefined) return true;
  const at = Date.parse(time);
  return at < behind.time || (at === behind.time && number < behind.number);
}

function mayRead({ kinds, joined, own, user }: ReadableRooms, room: MemoryRoom): boolean {
  return (
    kinds.includes(room.kind) ||
    own.includes(room.room) ||
    (joined.includes(room.kind) && room.members.has(user))
  );
}

/** Where reading begins with joining, whether the member had joined by then. */
function isSince({ user }: ReadableRooms, room: MemoryRoom, sequence: number): boolean {
  if (room.settings.history !== "since_joined") return true;
  return sequence > (room.members.get(user)?.joinedSequence ?? Number.POSITIVE_INFINITY);
}

/** What an open message said when it was opened is found, what was appended once it is closed. */
function searchedText(room: MemoryRoom, message: MessageView): string {
  if (message.open !== true) return message.text;
  const made = room.events.find(({ frame }) => frame.id === message.id)?.frame;
  return made?.type === "message.created" && "data" in made ? made.data.text : "";
}

function isFound(query: SearchQuery, text: string, message: MessageView): boolean {
  const { room, author, data, deleted, reactions } = message;
  if (deleted === true) return false;
  const terms = messageTerms({ room, author, text, ...(data === undefined ? {} : { data }) });
  const words = terms.split(" ");
  const time = Date.parse(message.time);
  return (
    query.clauses.every((clause) => hasClause(terms, clause)) &&
    (query.authors?.includes(author) ?? true) &&
    query.has.every((feature) =>
      feature === "reaction" ? reactions !== undefined : words.includes(`\ue000h${feature}`),
    ) &&
    time >= (query.after ?? time) &&
    time < (query.before ?? Number.POSITIVE_INFINITY)
  );
}
