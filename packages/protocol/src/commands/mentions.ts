/** Who is mentioned, and where somebody was. */
import { z } from "zod";
import { commandId, pageLimit, roomId, sequence, userId } from "../fields.ts";
import type { RoomId, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";
import type { MessageView } from "./messages.ts";

/** Whom a writer wants to mention, beside the user names that the text has behind an `@`. */
export interface MentionWish {
  /** At most 50. Those who may not read the room are left out without a word. */
  readonly users?: readonly UserId[];
  /** Everybody in the room, as `@room` in the text. */
  readonly room?: true;
  /** Whoever is present at that moment, as `@here` in the text. */
  readonly here?: true;
}

/** Who is mentioned, as the server decided when it was written: plain JSON, part of a payload. */
export type Mentions = {
  readonly users?: readonly UserId[];
  readonly room?: true;
  /** Who was present: at most 200. */
  readonly here?: readonly UserId[];
};

/** Messages that mention the caller, the newest first, in one room or all that it may read now. */
export interface ListMentions {
  readonly type: "list_mentions";
  readonly id: CommandId;
  readonly room?: RoomId;
  /** `next` of the page before. */
  readonly before?: number;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}
export interface MentionList {
  readonly mentions: readonly MessageView[];
  /** Where the next page begins; absent where there is none. */
  readonly next?: number;
}

/** Schema of a wish. */
export const mentionWish: z.ZodType<MentionWish> = z.object({
  users: z.array(userId).min(1).max(limits.mentionedUsers).exactOptional(),
  room: z.literal(true).exactOptional(),
  here: z.literal(true).exactOptional(),
});

/** Schema of what was decided. */
export const mentions: z.ZodType<Mentions> = z.object({
  users: z.array(userId).exactOptional(),
  room: z.literal(true).exactOptional(),
  here: z.array(userId).exactOptional(),
});

export const listMentions: z.ZodType<ListMentions> = z.object({
  type: z.literal("list_mentions"),
  id: commandId,
  room: roomId.exactOptional(),
  before: sequence.exactOptional(),
  limit: pageLimit.exactOptional(),
});
