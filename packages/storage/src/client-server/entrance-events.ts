/** What events about rooms and their doors change beside the log. */
import type { AnyDurableEvent, DurablePayloads } from "@parlance/protocol";
import { changedSettings } from "../sql/room-settings.ts";
import { endFollowing } from "../sql/threads.ts";
import { writeControl } from "./control-log.ts";
import type { Session } from "./session.ts";
import { perform } from "./steps.ts";
import { banColumns, joinRequestColumns } from "./tables.ts";

type EntranceEvent = Extract<
  AnyDurableEvent,
  {
    readonly type:
      | "room.updated"
      | "member.role_changed"
      | "member.banned"
      | "member.unbanned"
      | `invite.${string}`
      | `join.${string}`;
  }
>;

/** Where an event is, and whose. */
interface EntrancePlace {
  readonly room: string;
  readonly sequence: number;
  readonly author: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Follows one stored event; what was stored before it must be written already. */
export async function projectEntrance(
  session: Session,
  place: EntrancePlace,
  event: EntranceEvent,
): Promise<void> {
  const { room, sequence, author, time } = place;
  switch (event.type) {
    case "room.updated":
      return updateRoom(session, room, event.data);
    case "member.role_changed":
      await session.run(
        "UPDATE {members} SET role = ?, name = ? WHERE room = ? AND user_id = ?",
        event.data.role,
        event.data.name,
        room,
        event.data.user,
      );
      return;
    case "member.banned": {
      const { user, name, reason = null } = event.data;
      await endMembership(session, place, user);
      await waitNoLonger(session, room, user);
      await session.run("DELETE FROM {bans} WHERE room = ? AND user_id = ?", room, user);
      const row = [room, user, name, author, sequence, time, reason];
      await session.insert({ table: "bans", columns: banColumns, rows: [row] });
      return;
    }
    case "member.unbanned": {
      const { user } = event.data;
      await session.run("DELETE FROM {bans} WHERE room = ? AND user_id = ?", room, user);
      return;
    }
    case "invite.created": {
      // Nobody comes by these any more.
      await session.run("DELETE FROM {invites} WHERE room = ? AND expires_at <= ?", room, time);
      const { invite_id: id, role, uses = null, expires_at: expiresAt } = event.data;
      await session.run(
        `INSERT INTO {invites} (id, room, role, uses_left, expires_at, made_by, sequence)
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
      await session.run(
        "DELETE FROM {invites} WHERE room = ? AND id = ?",
        room,
        event.data.invite_id,
      );
      return;
    case "join.requested": {
      const { user, name, text = null } = event.data;
      await waitNoLonger(session, room, user);
      const row = [room, user, name, text, sequence, time, null];
      await session.insert({ table: "join_requests", columns: joinRequestColumns, rows: [row] });
      return;
    }
    case "join.refused":
      await session.run(
        "UPDATE {join_requests} SET refused_at = ? WHERE room = ? AND user_id = ?",
        time,
        room,
        event.data.user,
      );
      return;
    default:
      event satisfies never;
  }
}

async function updateRoom(
  session: Session,
  room: string,
  changes: DurablePayloads["room.updated"],
): Promise<void> {
  const row = await session.get<{ kind: string; title: string; settings: string | null }>(
    "SELECT kind, title, settings FROM {rooms} WHERE room = ?",
    room,
  );
  if (row === undefined) return;
  const { title, settings, listed, terms } = changedSettings(row, changes);
  await session.run(
    "UPDATE {rooms} SET title = ?, settings = ?, listed = ?, terms = ? WHERE room = ?",
    title,
    settings,
    listed,
    terms,
    room,
  );
}

/** @returns `gone` where somebody comes by a link that is not good at that time. */
export async function inviteRefusal(
  session: Session,
  room: string,
  time: number,
  { invite_id: id }: DurablePayloads["member.joined"],
): Promise<"gone" | undefined> {
  if (id === undefined) return undefined;
  const row = await session.get(
    `SELECT 1 AS found FROM {invites} WHERE id = ? AND room = ? AND expires_at > ?
       AND (uses_left IS NULL OR uses_left > 0)`,
    id,
    room,
    time,
  );
  return row === undefined ? "gone" : undefined;
}

/** Somebody comes in: they wait no longer, and one use of the link that they came by is gone. */
export async function letIn(
  session: Session,
  room: string,
  { user, invite_id: invite }: DurablePayloads["member.joined"],
): Promise<void> {
  await waitNoLonger(session, room, user);
  if (invite === undefined) return;
  await session.run("UPDATE {invites} SET uses_left = uses_left - 1 WHERE id = ?", invite);
}

async function waitNoLonger(session: Session, room: string, user: string): Promise<void> {
  await session.run("DELETE FROM {join_requests} WHERE room = ? AND user_id = ?", room, user);
}

/** Takes a member out, if it is one, and tells the control log. */
export async function endMembership(
  session: Session,
  { room, sequence, time }: Omit<EntrancePlace, "author">,
  user: string,
): Promise<void> {
  await session.run("DELETE FROM {members} WHERE room = ? AND user_id = ?", room, user);
  await session.run("DELETE FROM {read_marks} WHERE room = ? AND user_id = ?", room, user);
  await perform(session, endFollowing(room, user));
  await writeControl(session, { type: "member_ended", room, user, sequence }, time);
}
