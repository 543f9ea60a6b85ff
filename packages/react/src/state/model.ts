/** The shape of what the chat shows. */
import type {
  EventFrame,
  JoinRequestView,
  MemberView,
  MentionWish,
  MessageView,
  OwnProfile,
  PresentUser,
  Role,
  RoomKind,
  RoomSettings,
  ThreadStanding,
  WireUser,
} from "@parlance/client";
import type { Asking } from "./asking.ts";
import type { Kept } from "./kept.ts";
import type { KnownPeople } from "./people.ts";
import type { Preferences } from "./preferences.ts";

/** Everything on the screen of somebody who is signed in, but for what belongs to one control. */
export interface ChatState {
  readonly me: WireUser;
  readonly link: Link;
  /** Whether the list of rooms has come. */
  readonly listing: "loading" | "ready" | "failed";
  /** By room id: the reader's rooms, those to discover, and what is open. */
  readonly rooms: Readonly<Record<string, RoomState>>;
  readonly preferences: Preferences;
  readonly kept: Kept;
  readonly asking: Asking;
  /** How the reader stands in threads, by root: those that are followed, as far as they are known. */
  readonly threads: Readonly<Record<string, ThreadStanding>>;
  /** Which message the reader is about to answer, by the key of the draft. */
  readonly answers: Readonly<Record<string, string>>;
  /** What is known of people in all rooms. */
  readonly people: KnownPeople;
  /** What the reader says of themselves; undefined until it has come. */
  readonly own: OwnProfile | undefined;
}

/** How things stand with the server. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "online" }
  /** `retryAt`: milliseconds since the epoch of the next try. */
  | { readonly kind: "waiting"; readonly retryAt: number; readonly code: string }
  /** For good, until the reader does something. `code` of the error table. */
  | { readonly kind: "closed"; readonly code: string };

/** Somebody who is writing. */
export interface TypingView {
  readonly name: string;
  /** Milliseconds since the epoch when this is forgotten. */
  readonly until: number;
  /** Root of the thread that they write in; undefined: in the room itself. */
  readonly thread: string | undefined;
}

/** One room. */
export interface RoomState {
  readonly id: string;
  readonly title: string;
  readonly kind: RoomKind;
  /** Undefined for who is not a member. */
  readonly role: Role | undefined;
  /** What was set of it; what has its default is not there. */
  readonly settings: RoomSettings;
  /** The last event that `settings` and the title contain. */
  readonly settingsAt: number;
  /** The others of a direct room. */
  readonly with: readonly WireUser[] | undefined;
  /** Who waits to be let in, as far as the reader may know; undefined until asked. */
  readonly requests: readonly JoinRequestView[] | undefined;
  /** Why the room is `gone`, where its log said so. */
  readonly ended: "removed" | "banned" | undefined;
  /** What was said to it. */
  readonly endedFor: string | undefined;
  /** In the server's listing: one's own, or one to discover. */
  readonly listed: boolean;
  /**
   * `known`: only counted. `absent`: nothing of this name is open to this reader, and it was not made either.
   * `gone`: it was, and is no more for this reader.
   */
  readonly status: "known" | "loading" | "ready" | "absent" | "gone" | "failed";
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  /** A piece of the log without holes, up to the head once ready. */
  readonly events: readonly EventFrame[];
  /** Of open messages, by id: what they say so far. */
  readonly texts: Readonly<Record<string, string>>;
  /** The page before `events`. */
  readonly older: "idle" | "loading" | "failed";
  /** The reader's private mark, as far as the server has told it; undefined for who has just come. */
  readonly readMark: number | undefined;
  /** Messages of others above the read mark. */
  readonly unread: number;
  /** How many of these mention the reader. */
  readonly mentions: number;
  /** Which of these came live since the rooms were listed, oldest first; of very many the newest. */
  readonly heard: readonly { readonly sequence: number; readonly isMention: boolean }[];
  /** The reader wants it unread: what is on the screen does not count as read until they go away or write. */
  readonly isHeldUnread: boolean;
  /** The end of the conversation is on a screen that somebody looks at. */
  readonly isReading: boolean;
  /** Where the line "new since" goes: after this sequence. */
  readonly newAfter: number | undefined;
  /** Own messages that are not in `events` yet, in the order of sending. */
  readonly outgoing: readonly OutgoingView[];
  /** What the reader has changed in messages and the server has not told as an event yet. */
  readonly changes: readonly PendingChange[];
  /** Files that the reader sends. */
  readonly uploads: readonly UploadView[];
  /** A sequence that somebody wants to see; undefined once it was shown. */
  readonly target: number | undefined;
  /** A place further back that is shown in place of the newest messages. */
  readonly window: Window | undefined;
  /** Messages outside of what is loaded that something loaded is about; undefined: not there any more. */
  readonly others: Readonly<Record<string, MessageView | undefined>>;
  /** Threads that are open, by root. */
  readonly threads: Readonly<Record<string, ThreadState>>;
  /** Who writes, by user id. `until`: milliseconds since the epoch. */
  readonly typing: Readonly<Record<string, TypingView>>;
  /** Who is here; undefined until known. */
  readonly online: readonly PresentUser[] | undefined;
  /** The last question who is here got no answer. */
  readonly arePeopleUnknown: boolean;
  /** Undefined until listed, and again when membership changed. */
  readonly members: readonly MemberView[] | undefined;
  /** How far people have read, as was heard since the members were listed: a list on its way may be older. */
  readonly heardMarks: Readonly<Record<string, number>>;
  /** Ids of pinned messages, the one pinned last first; undefined until listed. */
  readonly pins: readonly string[] | undefined;
  readonly check: Check;
}

/** A thread that is open. What came after `asOf` is in the events of its room. */
export interface ThreadState {
  readonly status: "loading" | "ready" | "failed";
  /** Undefined until it has come. */
  readonly root: MessageView | undefined;
  /** The newest part of it, ascending, without holes. */
  readonly views: readonly MessageView[];
  /** The head when they were read. */
  readonly asOf: number;
  readonly hasOlder: boolean;
  /** The page before `views`. */
  readonly older: "idle" | "loading" | "failed";
  /** Where the line "new since" goes: after this sequence. */
  readonly newAfter: number | undefined;
  /** Its end is on a screen that somebody looks at. */
  readonly isReading: boolean;
}

/** An own message on its way. */
export interface OutgoingView {
  readonly clientMessageId: string;
  readonly text: string;
  /** The root of the thread that it goes to. */
  readonly thread: string | undefined;
  /** The message that it answers. */
  readonly replyTo: string | undefined;
  /** ISO 8601; when it was written here. */
  readonly time: string;
  /** `waiting`: only here. `sent`: on the server. */
  readonly state: "waiting" | "sent" | "failed";
  /** Code of the error table, when failed. */
  readonly reason: string | undefined;
  /** Where it is, once the server said so: its event may come a moment later. */
  readonly published?: { readonly messageId: string; readonly sequence: number };
}

/** A change of a message on its way. The newest of one `key` counts. */
export type PendingChange = {
  readonly key: string;
  readonly message: string;
  /** `undoable`: it is held back here, so that it can still be taken back. */
  readonly state: "undoable" | "sending" | "failed";
  /** Code of the error table, when failed. */
  readonly reason: string | undefined;
  /** Where the server has put it; it goes when that event is here. */
  readonly sequence: number | undefined;
} & (
  | { readonly kind: "edit"; readonly text: string; readonly mentions?: MentionWish }
  | { readonly kind: "delete" }
  /** `message` is the id of the file. */
  | { readonly kind: "delete_file" }
  | { readonly kind: "react"; readonly emoji: string; readonly on: boolean }
  /** Pinned to the room, or saved by the reader, or not any more. */
  | { readonly kind: "pin" | "save"; readonly on: boolean }
);

/** A file on its way to the server. */
export interface UploadView {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Bytes that the server has. */
  readonly sent: number;
  readonly state: "waiting" | "sending" | "failed";
  /** Code of the error table, when failed. */
  readonly reason: string | undefined;
}

/** A piece of the log that does not reach the head, with what became of its messages since. */
export interface Window {
  /** Undefined until they have come. */
  readonly events: readonly EventFrame[] | undefined;
  /** What the messages say as of `asOf`, by id. */
  readonly views: Readonly<Record<string, MessageView>>;
  /** The head when `views` were read. */
  readonly asOf: number;
  /** The page after `events`. */
  readonly newer: "idle" | "loading" | "failed";
}

/** What is known about the completeness of a room's log up to here. Sequences are inclusive. */
export type Check =
  | { readonly kind: "unchecked" }
  | { readonly kind: "checking" }
  | { readonly kind: "complete"; readonly from: number; readonly to: number }
  /** The log contradicts itself: something is missing or altered. */
  | { readonly kind: "broken"; readonly from: number; readonly to: number }
  /** The check could not be made. */
  | { readonly kind: "failed" };
