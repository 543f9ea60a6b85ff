import type {
  ClientMessageId,
  ErrorCode,
  JsonObject,
  MentionWish,
  PollWish,
  RoomId,
  UserId,
} from "@parlance/protocol";
import type { Identity } from "./authenticator.ts";

/** What people have not sent yet. Same errors as `RoomLog`. */
export interface Later {
  /**
   * Keeps a draft unless a newer one is there. Of emptied ones the newest `most` are remembered, so that what comes late does not bring
   * them back.
   *
   * @returns what is kept now; undefined where the user has `most` others with a text already, and nothing was done.
   */
  saveDraft(
    room: RoomId,
    user: UserId,
    draft: DraftRecord,
    most: number,
  ): Promise<DraftRecord | undefined>;
  /** Those with a text, the newest first. */
  drafts(user: UserId): Promise<readonly DraftRecord[]>;
  /**
   * Keeps a message to be sent, in place of what was waiting under the same key; or one that was refused elsewhere, which is not sent.
   *
   * @returns `taken` where it is being sent already or was refused, `full` where the user has `most` others.
   */
  schedule(
    room: RoomId,
    user: UserId,
    message: ScheduledRecord,
    most: number,
  ): Promise<"kept" | "taken" | "full">;
  /** Of one user, the next first. */
  scheduled(user: UserId): Promise<readonly ScheduledRecord[]>;
  /** Those whose time has come, the longest due first. */
  dueMessages(now: number, limit: number): Promise<readonly DueMessage[]>;
  /**
   * From now on it can be neither changed nor taken back. May be asked again, by any node.
   *
   * @returns what is to be sent; undefined if it is gone, was refused, or is not due any more.
   */
  claimScheduled(
    room: RoomId,
    user: UserId,
    key: ClientMessageId,
    now: number,
  ): Promise<ScheduledRecord | undefined>;
  /** It was sent, or was refused for good and says so until its author takes it away. */
  settleScheduled(
    room: RoomId,
    user: UserId,
    key: ClientMessageId,
    refused?: ErrorCode,
  ): Promise<void>;
  /** @returns false where there is none that can be taken back: it is being sent, was sent, or never was. */
  cancelScheduled(room: RoomId, user: UserId, key: ClientMessageId): Promise<boolean>;
}

export interface DraftRecord {
  readonly room: RoomId;
  readonly thread?: string;
  readonly text: string;
  readonly replyTo?: string;
  /** Milliseconds since 1970. */
  readonly editedAt: number;
}

export interface ScheduledRecord {
  readonly room: RoomId;
  readonly key: ClientMessageId;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly content: ScheduledContent;
  /** Who wrote it, as that was known then. */
  readonly author: Pick<Identity, "user" | "name" | "kind" | "principal" | "number">;
  readonly state: "waiting" | "sending" | "refused";
  readonly reason?: ErrorCode;
}

/** What is sent when the time comes: as in `publish`. */
export interface ScheduledContent {
  readonly text: string;
  readonly data?: JsonObject;
  readonly thread?: string;
  readonly reply_to?: string;
  readonly poll?: PollWish;
  readonly mentions?: MentionWish;
}

export interface DueMessage {
  readonly room: RoomId;
  readonly user: UserId;
  readonly key: ClientMessageId;
}
