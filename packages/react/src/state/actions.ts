/** What can happen to the state of the chat. */

import type {
  AllPreferences,
  EventFrame,
  JoinRequestView,
  MemberView,
  MessageView,
  OwnChange,
  OwnPreferences,
  OwnProfile,
  PersonView,
  PresentUser,
  RoomChanges,
  RoomPreferences,
  RoomView,
  Subscribed,
} from "@parlance/client";
import type { Note } from "./asking.ts";
import type { Kept } from "./kept.ts";
import type { Check, Link, OutgoingView, PendingChange, UploadView } from "./model.ts";
import type { ThreadAction } from "./threads.ts";

/** A page of the log with its messages as they are now. */
export interface WindowPart {
  readonly events: readonly EventFrame[];
  readonly views: readonly MessageView[];
  /** The head when the views were read. */
  readonly asOf: number;
}

/** Everything that can happen. `room` names the room that it happened in. */
export type Action =
  | ThreadAction
  /** The reader is about to answer a message; undefined: not any more. `key`: of the draft. */
  | { readonly type: "answer_changed"; readonly key: string; readonly message: string | undefined }
  /** A message outside of what is loaded; undefined: it is not there any more. */
  | {
      readonly type: "other_loaded";
      readonly room: string;
      readonly id: string;
      readonly view: MessageView | undefined;
    }
  | { readonly type: "link_changed"; readonly link: Link }
  | {
      readonly type: "rooms_listed";
      readonly joined: readonly RoomView[];
      readonly discoverable: readonly RoomView[];
    }
  | { readonly type: "rooms_failed" }
  /** `anew`: what was loaded no longer counts. */
  | { readonly type: "room_opening"; readonly room: string; readonly anew?: boolean }
  | {
      readonly type: "room_opened";
      readonly room: string;
      readonly about: Subscribed;
      /** The newest part of the log, ascending, without holes; read after the subscription began. */
      readonly events: readonly EventFrame[];
      /** The room as it was asked for after the subscription began. */
      readonly view?: RoomView;
    }
  | {
      readonly type: "room_refused";
      readonly room: string;
      readonly status: "absent" | "gone" | "failed";
    }
  | { readonly type: "room_left"; readonly room: string }
  | { readonly type: "room_trimmed"; readonly room: string; readonly keep: number }
  | { readonly type: "event"; readonly event: EventFrame }
  /** This page tells the reader something. */
  | { readonly type: "noted"; readonly note: Note }
  | { readonly type: "note_dropped"; readonly id: string }
  /** What the reader chose in a poll. */
  | {
      readonly type: "vote_known";
      readonly message: string;
      readonly choices: readonly number[];
    }
  /** All that the reader prefers. */
  | { readonly type: "preferences_listed"; readonly all: AllPreferences }
  | { readonly type: "preferred"; readonly preferences: OwnPreferences }
  /** `of`: a room, known or not. */
  | { readonly type: "room_preferred"; readonly of: string; readonly preferences: RoomPreferences }
  /** The reader's own change of a room, which is in the log at that sequence. */
  | {
      readonly type: "room_updated";
      readonly room: string;
      readonly sequence: number;
      readonly changes: RoomChanges;
    }
  /** Who waits to be let in. */
  | {
      readonly type: "requests_listed";
      readonly room: string;
      readonly requests: readonly JoinRequestView[];
    }
  /** Something of the reader's own changed, on whichever device. */
  | { readonly type: "own"; readonly change: OwnChange }
  /** What the reader keeps, as far as it was asked for. */
  | { readonly type: "kept_listed"; readonly kept: Partial<Kept> }
  /** Ids of pinned messages as of `head`. */
  | {
      readonly type: "pins_listed";
      readonly room: string;
      readonly pins: readonly string[];
      readonly head: number;
    }
  /** An open message grew: `text` is all of it. */
  | {
      readonly type: "text_grew";
      readonly room: string;
      readonly message: string;
      readonly text: string;
    }
  | { readonly type: "older_loading"; readonly room: string }
  | { readonly type: "older_failed"; readonly room: string }
  | {
      readonly type: "older_loaded";
      readonly room: string;
      readonly floor: number;
      readonly events: readonly EventFrame[];
      /** Of a window: the messages among them as they are now. */
      readonly views?: readonly MessageView[];
    }
  | { readonly type: "outgoing_changed"; readonly room: string; readonly entry: OutgoingView }
  | { readonly type: "change_made"; readonly room: string; readonly change: PendingChange }
  /** It is not pending any more: taken back, or failed and given up, or there was nothing to change. */
  | { readonly type: "change_gone"; readonly room: string; readonly key: string }
  | { readonly type: "upload_changed"; readonly room: string; readonly upload: UploadView }
  /** It is in the room, or was given up. */
  | { readonly type: "upload_gone"; readonly room: string; readonly id: string }
  /** The reader goes to a place of the log; undefined: has got there. */
  | { readonly type: "target_changed"; readonly room: string; readonly target: number | undefined }
  /** The place is further back than what is loaded. */
  | { readonly type: "window_opening"; readonly room: string }
  /** Back to the newest messages. */
  | { readonly type: "window_closed"; readonly room: string }
  | {
      readonly type: "window_loaded";
      readonly room: string;
      /** Undefined: it could not be loaded. */
      readonly part: WindowPart | undefined;
    }
  | { readonly type: "window_newer_loading"; readonly room: string }
  | { readonly type: "outgoing_discarded"; readonly room: string; readonly id: string }
  | { readonly type: "room_joined"; readonly room: string }
  | {
      readonly type: "typing";
      readonly room: string;
      /** Root of the thread that they write in; undefined: in the room itself. */
      readonly thread: string | undefined;
      readonly user: string;
      readonly name: string;
      /** Milliseconds since the epoch when this is forgotten; undefined: stopped. */
      readonly until: number | undefined;
    }
  | { readonly type: "typing_expired"; readonly now: number }
  | {
      readonly type: "people_listed";
      readonly room: string;
      readonly online: readonly PresentUser[];
    }
  | { readonly type: "people_failed"; readonly room: string }
  /** Somebody tells how far they have read. */
  | {
      readonly type: "member_read";
      readonly room: string;
      readonly user: string;
      readonly readMark: number;
    }
  | {
      readonly type: "members_listed";
      readonly room: string;
      readonly members: readonly MemberView[];
    }
  | {
      readonly type: "presence";
      readonly room: string;
      readonly online: readonly PresentUser[];
      readonly offline: readonly string[];
      /** Those who were here and are seen otherwise now. */
      readonly changed?: readonly PresentUser[];
    }
  /** Members of a room with what they say of themselves. */
  | { readonly type: "profiles_listed"; readonly people: readonly PersonView[] }
  | { readonly type: "own_profile"; readonly own: OwnProfile }
  | { readonly type: "reading_changed"; readonly room: string; readonly isReading: boolean }
  /** The reader's mark moved, on whichever device. */
  | {
      readonly type: "mark_moved";
      readonly room: string;
      readonly unreadAfter: number;
      /** Messages of others above it. */
      readonly unread: number;
      /** The reader said so here. */
      readonly byHand?: true;
      /** It was moved by reading here: what came meanwhile is read too. */
      readonly isEcho?: true;
    }
  | { readonly type: "check_changed"; readonly room: string; readonly check: Check };
