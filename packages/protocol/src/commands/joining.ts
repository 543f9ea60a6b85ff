/** Commands that find rooms and ask to be let in. */
import { z } from "zod";
import { commandId, longText, pageLimit, roomId, userId } from "../fields.ts";
import type { RoomId, UserId } from "../ids.ts";
import type { RoomKind } from "../room-kind.ts";
import type { CommandId } from "./command-id.ts";
import type { WireUser } from "./session.ts";

/** Rooms that may be found: public and announcement rooms, and private ones that are listed. By title. */
export interface ListDirectory {
  readonly type: "list_directory";
  readonly id: CommandId;
  /** Each of its words begins a word of the title or the topic, without regard to case and accents. */
  readonly query?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}
export interface DirectoryEntry {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly topic?: string;
  readonly archived?: true;
  readonly members: number;
  /** The caller is a member. */
  readonly joined: boolean;
  /** The caller asked to be let in and waits for an answer. */
  readonly asked?: true;
}
export interface DirectoryPage {
  readonly rooms: readonly DirectoryEntry[];
  /** Absent at the end. */
  readonly next?: string;
}

/**
 * Asks to be let into a private room that is listed. Of any other the answer is the one for a room that does not exist. Asking again
 * changes nothing; whoever was refused may ask again after a day.
 */
export interface AskToJoin {
  readonly type: "ask_to_join";
  readonly id: CommandId;
  readonly room: RoomId;
  /** For the room's members to read. */
  readonly text?: string;
}
export interface JoinAsked {
  readonly room: RoomId;
  /** `joined`: the caller is a member already. */
  readonly state: "asked" | "joined";
}
/** Who waits to be let in, for the room's staff. */
export interface ListJoinRequests {
  readonly type: "list_join_requests";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface JoinRequestView {
  readonly user: WireUser;
  readonly text?: string;
  /** ISO 8601 with milliseconds, UTC. */
  readonly time: string;
}
export interface JoinRequestList {
  readonly room: RoomId;
  /** Who asked first is first. */
  readonly requests: readonly JoinRequestView[];
}
/** Lets somebody in who asked, as `member`, or does not. */
export interface AnswerJoinRequest {
  readonly type: "answer_join_request";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
  readonly accept: boolean;
}

export const listDirectory: z.ZodType<ListDirectory> = z.object({
  type: z.literal("list_directory"),
  id: commandId,
  query: z.string().max(120).exactOptional(),
  after: z.string().min(1).max(1_024).exactOptional(),
  limit: pageLimit.exactOptional(),
});
export const askToJoin: z.ZodType<AskToJoin> = z.object({
  type: z.literal("ask_to_join"),
  id: commandId,
  room: roomId,
  text: longText.exactOptional(),
});
export const listJoinRequests: z.ZodType<ListJoinRequests> = z.object({
  type: z.literal("list_join_requests"),
  id: commandId,
  room: roomId,
});
export const answerJoinRequest: z.ZodType<AnswerJoinRequest> = z.object({
  type: z.literal("answer_join_request"),
  id: commandId,
  room: roomId,
  user: userId,
  accept: z.boolean(),
});
