/** What changes of a user's own, on whichever device: it is in no room's log. */
import { z } from "zod";
import { type SavedMessage, savedMessage } from "../commands/keeping.ts";
import { type Draft, draft, type ScheduledMessage, scheduledMessage } from "../commands/later.ts";
import { choices, type Voted } from "../commands/polls.ts";
import { type OnlyYou, onlyYou } from "../commands/slash.ts";
import { type ThreadStanding, threadStanding } from "../commands/threads.ts";
import { epoch, roomId, sequence } from "../fields.ts";
import type { EventId, RoomId, Sequence } from "../ids.ts";
import {
  type OwnPreferences,
  ownPreferences,
  type RoomPreferences,
  roomPreferences,
} from "../preferences.ts";
import { type OwnProfile, ownProfile } from "../profiles.ts";

/**
 * Something of the reader's own changed: told to all connections of that user, the one that asked too. Class *latest-wins*: it may
 * be lost, and is in the answers of the commands that read it.
 */
export interface OwnEvent {
  readonly type: "own";
  readonly change: OwnChange;
}

/** What changed, as it is now. */
export type OwnChange =
  | { readonly what: "thread"; readonly thread: ThreadStanding }
  | { readonly what: "saved"; readonly message: SavedMessage }
  | { readonly what: "draft"; readonly draft: Draft }
  | { readonly what: "scheduled"; readonly message: ScheduledMessage }
  | { readonly what: "preferences"; readonly preferences: OwnPreferences }
  | {
      readonly what: "room_preferences";
      readonly room: RoomId;
      readonly preferences: RoomPreferences;
    }
  /** The reader became a member, by whosever doing: the room is in their list from now on. */
  | { readonly what: "joined"; readonly room: RoomId }
  | { readonly what: "profile"; readonly own: OwnProfile }
  /** Somebody or something told the reader what nobody else sees. */
  | { readonly what: "only_you"; readonly note: OnlyYou }
  /** The reader chose in a poll. */
  | { readonly what: "vote"; readonly vote: Voted }
  /** A read mark of the reader moved; the marks as in `RoomView`. */
  | {
      readonly what: "read";
      readonly room: RoomId;
      readonly read_mark: Sequence;
      readonly unread_after: Sequence;
      readonly unread: number;
    };

/** Schema of what changed; a client passes over a `what` that it does not know. */
export const ownChange: z.ZodType<OwnChange> = z.discriminatedUnion("what", [
  z.object({ what: z.literal("thread"), thread: threadStanding }),
  z.object({ what: z.literal("saved"), message: savedMessage }),
  z.object({ what: z.literal("draft"), draft }),
  z.object({ what: z.literal("scheduled"), message: scheduledMessage }),
  z.object({ what: z.literal("preferences"), preferences: ownPreferences }),
  z.object({ what: z.literal("room_preferences"), room: roomId, preferences: roomPreferences }),
  z.object({ what: z.literal("joined"), room: roomId }),
  z.object({ what: z.literal("profile"), own: ownProfile }),
  z.object({ what: z.literal("only_you"), note: onlyYou }),
  z.object({
    what: z.literal("vote"),
    vote: z.object({
      room: roomId,
      epoch,
      message_id: z.string() as unknown as z.ZodType<EventId>,
      choices,
      sequence: sequence.exactOptional(),
    }),
  }),
  z.object({
    what: z.literal("read"),
    room: roomId,
    read_mark: sequence,
    unread_after: sequence,
    unread: z.int().min(0),
  }),
]);
