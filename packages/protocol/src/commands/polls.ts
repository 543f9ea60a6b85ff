/** Polls: a message with choices, votes, and the end of voting. */
import { z } from "zod";
import { commandId, line, messageRef, moment, roomId } from "../fields.ts";
import type { Epoch, EventId, RoomId, Sequence, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";

/** What a poll asks, as it is written. The message's text is the question. */
export interface PollWish {
  /** 2-10 different ones, each one line of 1-200 UTF-16 code units. */
  readonly options: readonly string[];
  /** One may choose several. */
  readonly several?: true;
  /** Nobody is told who chose what. */
  readonly anonymous?: true;
  /** ISO 8601: from then on nobody votes. */
  readonly closes_at?: string;
}

/** What a message that asks says of its poll; its text has the question and the choices for those who know no polls. */
export type Poll = {
  readonly question: string;
  readonly options: readonly string[];
  readonly several?: true;
  readonly anonymous?: true;
  readonly closes_at?: string;
};

/** A poll as it stands. */
export interface PollView {
  readonly question: string;
  readonly options: readonly PollOption[];
  readonly several?: true;
  readonly anonymous?: true;
  readonly closes_at?: string;
  /** Somebody ended it. One whose `closes_at` is over is ended too. */
  readonly closed?: true;
  /** How many have voted. */
  readonly voters: number;
  /** What the reader chose, by places in `options`; absent where nothing. Not in events. */
  readonly mine?: readonly number[];
}
export interface PollOption {
  readonly text: string;
  readonly votes: number;
  /** The first 50; absent in an anonymous poll. */
  readonly users?: readonly UserId[];
}

/** Chooses, instead of what the caller chose before. An empty list takes the vote back. */
export interface Vote {
  readonly type: "vote";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  /** Places in `options`, from 0; at most one unless `several`. */
  readonly choices: readonly number[];
}
export interface Voted {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly message_id: EventId;
  readonly choices: readonly number[];
  /** Absent where it was so already. */
  readonly sequence?: Sequence;
}

/** Ends a poll: its author, and whoever manages the room. */
export interface ClosePoll {
  readonly type: "close_poll";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
}
export interface PollClosed {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly message_id: EventId;
  /** Absent where it was closed already. */
  readonly sequence?: Sequence;
}

const option: z.ZodType<string> = line(limits.pollOptionLength);
const options = z
  .array(option)
  .min(2)
  .max(limits.pollOptions)
  .refine((texts) => new Set(texts).size === texts.length, "two are the same");
const switches = {
  several: z.literal(true).exactOptional(),
  anonymous: z.literal(true).exactOptional(),
  closes_at: moment.exactOptional(),
};

/** Schema of what is wished. */
export const pollWish: z.ZodType<PollWish> = z.object({ options, ...switches });

/** Schema of what is in the event. */
export const poll: z.ZodType<Poll> = z.object({
  question: z.string(),
  options: z.array(z.string()),
  ...switches,
});

/** Places of a poll's options, each once. */
export const choices: z.ZodType<readonly number[]> = z
  .array(
    z
      .int()
      .min(0)
      .max(limits.pollOptions - 1),
  )
  .max(limits.pollOptions)
  .refine((places) => new Set(places).size === places.length, "one is there twice");

/** Schema of a poll as it stands. */
export const pollView: z.ZodType<PollView> = z.object({
  question: z.string(),
  options: z.array(
    z.object({
      text: z.string(),
      votes: z.int().min(0),
      users: z.array(z.string() as unknown as z.ZodType<UserId>).exactOptional(),
    }),
  ),
  ...switches,
  closed: z.literal(true).exactOptional(),
  voters: z.int().min(0),
  mine: choices.exactOptional(),
});

const head = { id: commandId, room: roomId, message_id: messageRef };

export const vote: z.ZodType<Vote> = z.object({ type: z.literal("vote"), ...head, choices });
export const closePoll: z.ZodType<ClosePoll> = z.object({ type: z.literal("close_poll"), ...head });
