/** What events about rooms and their doors change beside the log. */
import type { AnyDurableEvent, DurablePayloads, RoomId } from "@parlance/protocol";
import { changedSettings } from "../sql/room-settings.ts";
import { endFollowing } from "../sql/threads.ts";
import { writeControl } from "./control-log.ts";
import type { Database } from "./database.ts";
import { perform } from "./steps.ts";

const entrances = [
  "room.updated",
  "member.role_changed",
  "member.banned",
  "member.unbanned",
  "invite.created",
  "invite.revoked",
  "join.requested",
  "join.refused",
] as const;
type EntranceEvent = Extract<AnyDurableEvent, { readonly type: (typeof entrances)[number] }>;

/** Where an event is, and whose. */
export interface EntrancePlace {
  readonly room: string;
  readonly sequence: number;
  readonly author: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export function isEntrance(event: AnyDurableEvent): event is EntranceEvent {
  return (entrances as readonly string[]).includes(event.type);
}

/** Follows one stored event. */
export function projectEntrance(
  database: Database,
  place: EntrancePlace,
  event: EntranceEvent,
): void {
  const { room, sequence, author, time } = place;
  switch (event.type) {
    case "room.updated":
      return updateRoom(database, room, event.data);
    case "member.role_changed":
      database.run(
        "UPDATE members SET role = ?, name = ? WHERE room = ? AND user = ?",
        event.data.role,
        event.data.name,
        room,
        event.data.user,
      );
      return;
    case "member.banned": {
      const { user, name, reason = null } = event.data;
      endMembership(database, place, user);
      database.run("DELETE FROM join_requests WHERE room = ? AND user = ?", room, user);
      database.run(
        `INSERT OR REPLACE INTO bans (room, user, name, made_by, sequence, time, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        room,
        user,
        name,
        author,
        sequence,
        time,
        reason,
      );
      return;
    }
    case "member.unbanned":
      database.run("DELETE FROM bans WHERE room = ? AND user = ?", room, event.data.user);
      return;
    case "invite.created": {
      // Nobody comes by these any more.
      database.run("DELETE FROM invites WHERE room = ? AND expires_at <= ?", room, time);
      const { invite_id: id, role, uses = null, expires_at: expiresAt } = event.data;
      database.run(
        `INSERT INTO invites (id, room, role, uses_left, expires_at, made_by, sequence)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        id,
        room,
        role,
        uses,
        Date.parse(expiresAt),
        author,
        sequence,
      );
      return;
    }
    case "invite.revoked":
      database.run("DELETE FROM invites WHERE room = ? AND id = ?", room, event.data.invite_id);
      return;
    case "join.requested": {
      const { user, name, text = null } = event.data;
      database.run(
        `INSERT OR REPLACE INTO join_requests (room, user, name, note, sequence, asked_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        room,
        user,
        name,
        text,
        sequence,
        time,
      );
      return;
    }
    case "join.refused":
      database.run(
        "UPDATE join_requests SET refused_at = ? WHERE room = ? AND user = ?",
        time,
        room,
        event.data.user,
      );
      return;
    default:
      event satisfies never;
  }
}

function updateRoom(
  database: Database,
  room: string,
  changes: DurablePayloads["room.updated"],
): void {
  const row = database.get<{ kind: string; title: string; settings: string | null }>(
    "SELECT kind, title, settings FROM rooms WHERE room = ?",
    room,
  );
  if (row === undefined) return;
  const { title, settings, listed, terms } = changedSettings(row, changes);
  database.run(
    "UPDATE rooms SET title = ?, settings = ?, listed = ?, terms = ? WHERE room = ?",
    title,
    settings,
    listed,
    terms,
    room,
  );
}

/** Whether somebody may come in by a link at that time. */
export function isGoodInvite(database: Database, room: string, id: string, time: number): boolean {
  const row = database.get(
    `SELECT 1 FROM invites WHERE id = ? AND room = ? AND expires_at > ?
       AND (uses_left IS NULL OR uses_left > 0)`,
    id,
    room,
    time,
  );
  return row !== undefined;
}

/** Somebody comes in: they wait no longer, and one use of the link that they came by is gone. */
export function letIn(
  database: Database,
  room: string,
  { user, invite_id: invite }: DurablePayloads["member.joined"],
): void {
  database.run("DELETE FROM join_requests WHERE room = ? AND user = ?", room, user);
  if (invite === undefined) return;
  database.run("UPDATE invites SET uses_left = uses_left - 1 WHERE id = ?", invite);
}

/** Takes a member out, if it is one, and tells the control log. */
export function endMembership(
  database: Database,
  { room, sequence, time }: Pick<EntrancePlace, "room" | "sequence" | "time">,
  user: DurablePayloads["member.left"]["user"],
): void {
  database.run("DELETE FROM members WHERE room = ? AND user = ?", room, user);
  database.run("DELETE FROM read_marks WHERE room = ? AND user = ?", room, user);
  perform(database, endFollowing(room, user));
  writeControl(database, { type: "member_ended", room: room as RoomId, user, sequence }, time);
}
