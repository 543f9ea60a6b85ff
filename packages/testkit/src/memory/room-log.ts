import { hash } from "node:crypto";
import type { Append, Appended, LogPage, LogQuery, RoomLog, StoredEvent } from "@parlance/core";
import { canonicalPayload, chainStart, createChain, nonceBytes, toHex } from "@parlance/core";
import type { AnyDurableEvent, EventFrame, EventId } from "@parlance/protocol";
import { changesRights, inviteRefusal, letIn, projectEntrance } from "./entrances.ts";
import { mustBeUploading, shareFile, unshareFile } from "./files.ts";
import { dropSaved } from "./keeping.ts";
import { followMentioned } from "./mentions.ts";
import { findMessage, messagePage, messageStats, refusal } from "./messages.ts";
import { createMemoryOpenTexts } from "./open-texts.ts";
import { searchMessages } from "./search.ts";
import {
  addControl,
  addRoom,
  headOf,
  type MemoryEvent,
  type MemoryRoom,
  type MemoryState,
  recordOf,
} from "./state.ts";
import { addToThread, endFollowing } from "./threads.ts";

const chain = createChain((prefix, text) =>
  hash("sha256", Buffer.concat([prefix, Buffer.from(text)]), "buffer"),
);

/** A room log over a memory state. Every call is done when it returns; its promise is resolved already. */
export function createMemoryRoomLog(state: MemoryState, random: () => number): RoomLog {
  return {
    append: async (append) => appendTo(state, append, random),

    open: async (room, createAs) => {
      const known = state.rooms.get(room);
      if (known !== undefined) return recordOf(known);
      return createAs === undefined ? undefined : recordOf(addRoom(state, room, createAs, random));
    },

    read: async (query) => {
      const room = state.rooms.get(query.room);
      return room === undefined ? undefined : page(room, query);
    },

    heads: async (rooms) => {
      const known = rooms.flatMap((id) => state.rooms.get(id) ?? []);
      return new Map(known.map((room) => [room.room, headOf(room)]));
    },

    proof: async (id, from, to, withheld = []) => {
      const room = state.rooms.get(id);
      if (room === undefined || from < 1 || from > to || to > room.events.length) return undefined;
      const last = room.events[to - 1];
      if (last === undefined) return undefined;
      return {
        epoch: room.epoch,
        hashBefore: toHex(room.events[from - 2]?.hash ?? chainStart()),
        hashAfter: toHex(last.hash),
        commitments: room.events
          .slice(from - 1, to)
          .map(({ frame, nonce, commitment }) =>
            nonce === undefined || withheld.includes(frame.sequence)
              ? { commitment: toHex(commitment) }
              : { nonce: toHex(nonce) },
          ),
      };
    },

    findMessage: async (ref) => findMessage(state, ref),
    messages: async (query) => {
      const room = state.rooms.get(query.room);
      return room === undefined ? undefined : messagePage(state, room, query);
    },
    search: async (query) => searchMessages(state, query),

    messageStats: async (id) => {
      const room = state.rooms.get(id);
      return room === undefined ? undefined : messageStats(state, room);
    },

    ...createMemoryOpenTexts(state),

    control: async (after) => state.control.slice(after, after + 1_000),
    controlHead: async () => state.control.length,
  } satisfies RoomLog;
}

function appendTo(state: MemoryState, append: Append, random: () => number): Appended {
  const known = state.rooms.get(append.room);
  const key =
    append.clientMessageId === undefined
      ? undefined
      : JSON.stringify([append.principal, append.clientMessageId]);
  const body = repeatedBody(append.sent ?? append.event);
  if (known !== undefined) {
    const repeat = key === undefined ? undefined : known.byKey.get(key);
    if (repeat !== undefined) {
      return repeat.body === body ? placeOf(known, repeat, true) : { outcome: "conflict" };
    }
    if (append.create !== undefined) return { outcome: "exists" };
    if (append.revision !== undefined && known.revision > append.revision) {
      return { outcome: "stale", revision: known.revision };
    }
  }
  if (known === undefined && append.create === undefined) return { outcome: "absent" };
  if (append.event.type === "file.shared" && "file_id" in append.event.data) {
    mustBeUploading(state, append.event.data.file_id);
  }
  const room = known ?? addRoom(state, append.room, append.create ?? never(), random);
  const refused = refusal(state, room, append) ?? inviteRefusal(state, append);
  if (refused === "unchanged") return { outcome: refused, epoch: room.epoch };
  if (refused !== undefined) return { outcome: refused };

  const sequence = room.events.length + 1;
  const envelope = {
    type: append.event.type,
    room: room.room,
    sequence,
    id: append.id,
    author: append.author,
    time: new Date(append.time).toISOString(),
    ...(append.clientMessageId === undefined ? {} : { client_message_id: append.clientMessageId }),
  };
  const nonce = Uint8Array.from({ length: nonceBytes }, () => Math.floor(random() * 256));
  const payload = canonicalPayload(append.event.data);
  const before = room.events.at(-1)?.hash ?? chainStart();
  const { type } = append.event;
  const isInThread = "thread" in append.event.data;
  if (type === "message.created" && !isInThread) room.countable += 1;
  else if (changesRights(type)) room.revision += 1;
  const commitment = chain.commitment(nonce, payload);
  const event: MemoryEvent = {
    // A copy, as from a database: what the writer does to its object later changes nothing here.
    frame: { ...envelope, data: JSON.parse(payload) } as EventFrame,
    principal: append.principal,
    countable: room.countable,
    time: append.time,
    key,
    body,
    nonce,
    commitment,
    hash: chain.next(before, envelope, commitment),
  };
  room.events.push(event);
  if (key !== undefined) room.byKey.set(key, event);
  project(state, room, append);
  return placeOf(room, event, false);
}

function never(): never {
  throw new Error("unreachable: refused as absent before");
}

function placeOf(
  room: MemoryRoom,
  event: { readonly frame: EventFrame; readonly time: number; readonly countable: number },
  repeated: boolean,
): Appended {
  const { sequence, id } = event.frame;
  const { time, countable } = event;
  const { epoch, revision } = room;
  return { outcome: "stored", epoch, sequence, id, time, repeated, revision, countable };
}

/** Type and payload without what the server puts in: a display name that changed is no other body. */
function repeatedBody(event: Pick<AnyDurableEvent, "type" | "data">): string {
  const {
    author_name,
    author_number,
    editor_name,
    user_name,
    by,
    by_name,
    mentions,
    message_sequence,
    ...said
  } = event.data as Record<string, unknown>;
  if (said["forwarded"] !== undefined) {
    const { text: _, data: __, ...rest } = said;
    return `${event.type} ${canonicalPayload(rest)}`;
  }
  if (event.type === "message.closed") {
    return `${event.type} ${String(said["message_id"])} ${String(said["reason"])}`;
  }
  return `${event.type} ${canonicalPayload(said)}`;
}

function project(state: MemoryState, room: MemoryRoom, append: Append): void {
  const sequence = room.events.length;
  const event = append.event as AnyDurableEvent;
  switch (event.type) {
    case "message.created": {
      state.messages.push(append.id);
      const { thread } = event.data;
      if (thread !== undefined) addToThread(state, room, append, thread);
      followMentioned(state, room, append.id);
      if (event.data.open === true) {
        state.openTexts.set(append.id, {
          room: room.room,
          principal: append.principal,
          text: event.data.text,
          touchedAt: state.now(),
        });
      }
      const author = room.members.get(append.author);
      // Who did not write it itself has not read it either.
      if (author === undefined || (append.principal as string) !== append.author) return;
      if (thread !== undefined) return;
      author.readMark = sequence;
      author.privateMark = sequence;
      author.privateCountable = room.countable;
      return;
    }
    case "member.joined": {
      const { user, name, role } = event.data;
      letIn(state, room, event.data);
      // What was put into an inbox before its owner first looked is news.
      const isAllNew = room.kind === "inbox";
      const mark = isAllNew ? 0 : sequence;
      const known = room.members.get(user) ?? {
        joinedSequence: sequence,
        readMark: mark,
        privateMark: mark,
        privateCountable: isAllNew ? 0 : room.countable,
      };
      room.members.set(user, { ...known, user, name, role });
      return;
    }
    case "member.left": {
      const { user } = event.data;
      room.members.delete(user);
      endFollowing(state, room.room, event.data);
      const fact = { type: "member_ended", room: room.room, user, sequence } as const;
      addControl(state, fact, append.time);
      return;
    }
    case "message.edited":
      followMentioned(state, room, event.data.message_id);
      return;
    case "room.updated":
    case "member.role_changed":
    case "member.banned":
    case "member.unbanned":
    case "invite.created":
    case "invite.revoked":
    case "join.requested":
    case "join.refused":
      projectEntrance(state, room, append, event);
      return;
    case "message.closed":
      state.openTexts.delete(event.data.message_id);
      return;
    case "message.deleted":
      state.openTexts.delete(event.data.message_id);
      erase(state, room, event.data.message_id, append.time);
      dropSaved(state, event.data.message_id);
      return;
    case "file.shared":
      shareFile(state, room, append.time, event.data);
      return;
    case "file.deleted":
      unshareFile(state, room, event.data.file_id);
      return;
    case "message.pinned":
    case "message.unpinned":
    case "poll.voted":
    case "poll.closed":
    case "call.started":
    case "call.answered":
    case "call.left":
    case "call.ended":
    case "reaction.added":
    case "reaction.removed":
    case "document.edited":
    case "document.updated":
    case "document.named":
      return;
    default:
      event satisfies never;
  }
}

/** Takes the payloads of a message and its edits away, and says so. */
function erase(state: MemoryState, room: MemoryRoom, id: EventId, time: number): void {
  const sequences: number[] = [];
  for (const event of room.events) {
    const { frame } = event;
    if ("erased" in frame) continue;
    const isVersion =
      (frame.type === "message.edited" || frame.type === "message.closed") &&
      frame.data.message_id === id;
    if (frame.id !== id && !isVersion) continue;
    const { data: _, ...envelope } = frame;
    event.frame = { ...envelope, erased: true };
    event.nonce = undefined;
    sequences.push(frame.sequence);
  }
  addControl(state, { type: "message_erased", room: room.room, sequences }, time);
}

function page(room: MemoryRoom, query: LogQuery): LogPage {
  const forward = query.after !== undefined;
  const from = query.after ?? 0;
  const to = Math.min(
    room.events.length,
    forward ? (query.upTo ?? room.events.length) : (query.before ?? Number.MAX_SAFE_INTEGER) - 1,
  );
  const found: StoredEvent[] = [];
  let bytes = 0;
  for (let count = 0; count < query.limit; count += 1) {
    const sequence = forward ? from + 1 + count : to - count;
    const event = sequence > to ? undefined : room.events[sequence - 1];
    if (event === undefined) break;
    found.push({ frame: event.frame, countable: event.countable });
    if ("data" in event.frame) bytes += Buffer.byteLength(canonicalPayload(event.frame.data));
    if (query.maxBytes !== undefined && bytes > query.maxBytes) break;
  }
  return { ...headOf(room), events: forward ? found : found.reverse() };
}
