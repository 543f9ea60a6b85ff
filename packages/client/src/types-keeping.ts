/** What rooms and clients do to find and keep messages: pins, what one saved, forwarding, drafts, sending later, files. */
import type {
  ClientMessageId,
  Draft,
  EventId,
  FileDeleted,
  FileId,
  FileView,
  PinList,
  Pinned,
  Published,
  SavedList,
  SavedMessage,
  ScheduledMessage,
  Sequence,
} from "@parlance/protocol";
import type { CommandBody, PublishOptions } from "./types.ts";

/** Where a draft belongs beside its room, and when it was written. */
export type DraftOptions = Omit<CommandBody<"save_draft">, "type" | "room" | "text">;

/** What a message that is sent later has beside its text. */
export interface ScheduleOptions extends PublishOptions {
  /** The same again changes what was said before, as long as it is not being sent. Made if absent. */
  readonly clientMessageId?: ClientMessageId;
}

/** Keeping what is in one room. Every call rejects with `ClientError` where the server refuses. */
export interface RoomKeeping {
  /** Pins a message for all who read the room, or takes the pin off. */
  pin(messageId: EventId, on?: boolean): Promise<Pinned>;
  /** The pinned messages, the one pinned last first. */
  pins(): Promise<PinList>;
  /** Keeps a message for oneself, or does not any more. */
  save(messageId: EventId, on?: boolean): Promise<SavedMessage>;
  /** Writes what a message of this room says into another room. `clientMessageId` makes repeating safe; made if absent. */
  forward(
    messageId: EventId,
    to: string,
    options?: { readonly thread?: EventId; readonly clientMessageId?: ClientMessageId },
  ): Promise<Published>;
  /** Keeps what one is writing here for all devices. Resolves with what is kept: the newest wins. An empty text is none. */
  saveDraft(text: string, options?: DraftOptions): Promise<Draft>;
  /** Has a message sent at a time, once. `at`: ISO 8601, at most a year ahead. */
  schedule(text: string, at: string, options?: ScheduleOptions): Promise<ScheduledMessage>;
  /** The room's files, the newest first. `before`: those shared before this sequence; `limit`: 1-200, 50 if absent. */
  files(query?: {
    readonly before?: Sequence;
    readonly limit?: number;
  }): Promise<readonly FileView[]>;
  /** Removes a file for everybody. */
  deleteFile(file: FileId): Promise<FileDeleted>;
}

/** What one keeps in all rooms. Every call rejects with `ClientError` where the server refuses. */
export interface ClientKeeping {
  /** What one saved and may read now, the one saved last first. `before`: the `next` of the page before; `limit`: 1-200, 50 if absent. */
  saved(query?: { readonly before?: number; readonly limit?: number }): Promise<SavedList>;
  /** One's drafts, the newest first. */
  drafts(): Promise<readonly Draft[]>;
  /** One's messages that wait for their time, the next first, and those that could not be sent. */
  scheduled(): Promise<readonly ScheduledMessage[]>;
  /** Takes a message back that was not sent yet, or forgets one that could not be. */
  cancelScheduled(clientMessageId: ClientMessageId): Promise<ScheduledMessage>;
}
