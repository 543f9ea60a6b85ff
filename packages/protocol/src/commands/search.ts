/** Searching messages. */
import { z } from "zod";
import { commandId, moment, roomId, userId } from "../fields.ts";
import type { RoomId, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";
import type { MessageView } from "./messages.ts";

/**
 * Finds messages by what they say now, the newest first, in all rooms that the caller may read. There has to be a word, a person,
 * a room or one of `link`, `file` and `code` to search for.
 */
export interface SearchMessages {
  readonly type: "search";
  readonly id: CommandId;
  /** Words, `"phrases"`, `begin*`, and `from:`, `in:`, `has:`, `before:`, `after:`, `on:`. At most 1,024 UTF-16 code units. */
  readonly query: string;
  /** The last word of `query` may go on: for searching while somebody types. */
  readonly growing?: true;
  /** Only there. */
  readonly room?: RoomId;
  /** By one of these. */
  readonly from?: readonly UserId[];
  /** All of these. */
  readonly has?: readonly SearchFeatureName[];
  /** Written at this time or later, and before; ISO 8601. */
  readonly after?: string;
  readonly before?: string;
  /** So many messages before and after each that is found, 0-5; none if absent. */
  readonly context?: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
  /** 1-50, 20 if absent. */
  readonly limit?: number;
}
export type SearchFeatureName = "link" | "file" | "code" | "reaction";

export interface SearchResult {
  /** The newest first. May be fewer than `limit` though more follow. */
  readonly hits: readonly SearchHit[];
  /** Where the next page begins; absent on the last one. Opaque. */
  readonly next?: string;
}

/** A message that was found. Its room and sequence are the place to jump to (`list_messages` with `around`). */
export interface SearchHit {
  readonly message: MessageView;
  readonly room_title: string;
  /** What stands beside it, ascending. Only where `context` asks for it. */
  readonly before?: readonly MessageView[];
  readonly after?: readonly MessageView[];
}

/** A place in the order of results. */
export const searchCursor: z.ZodType<string> = z.string().regex(/^\d{1,15}\.\d{1,15}$/);
export const searchQuery: z.ZodType<string> = z.string().max(limits.searchLength);
export const searchFeature: z.ZodType<SearchFeatureName> = z.enum([
  "link",
  "file",
  "code",
  "reaction",
]);
export const searchContext: z.ZodType<number> = z.int().min(0).max(limits.searchContext);
export const searchLimit: z.ZodType<number> = z.int().min(1).max(limits.searchHits);
export const searchAuthors: z.ZodType<readonly UserId[]> = z
  .array(userId)
  .min(1)
  .max(limits.searchAuthors);

export const search: z.ZodType<SearchMessages> = z.object({
  type: z.literal("search"),
  id: commandId,
  query: searchQuery,
  growing: z.literal(true).exactOptional(),
  room: roomId.exactOptional(),
  from: searchAuthors.exactOptional(),
  has: z.array(searchFeature).max(4).exactOptional(),
  after: moment.exactOptional(),
  before: moment.exactOptional(),
  context: searchContext.exactOptional(),
  cursor: searchCursor.exactOptional(),
  limit: searchLimit.exactOptional(),
});
