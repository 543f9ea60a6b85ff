/** Who is in which room, node by node, while no broker tells. */
import type { PresenceBoard, PresenceList, PutList } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import type { Reads, Write } from "./access.ts";
import type { Session } from "./session.ts";
import { presenceColumns } from "./tables.ts";

/** What nobody repeated for so long is of nodes that are gone. Milliseconds. */
const forgottenMs = 3_600_000;
/** Rooms of one question. */
const roomsAtOnce = 500;

interface PresenceRow {
  readonly node: string;
  readonly room: RoomId;
  readonly users: string;
  readonly is_cut_off: number;
  readonly is_closing: number;
  readonly place: number;
}

const columns = "node, room, users, is_cut_off, is_closing, place";

function putList({ users, is_cut_off, is_closing, ...row }: PresenceRow): PutList {
  return {
    ...row,
    users: JSON.parse(users) as PresenceList["users"],
    isCutOff: is_cut_off === 1,
    isClosing: is_closing === 1,
  };
}

/** @param now SQL of the database's own clock in milliseconds: nodes' clocks are never compared. */
export function createPresenceBoard(reads: Reads, write: Write, now: string): PresenceBoard {
  const put = async (session: Session, lists: readonly PresenceList[]): Promise<void> => {
    // Locked until the commit, so that places become visible in their order.
    await session.run("UPDATE {counters} SET value = value + 1 WHERE name = 'presence'");
    const at = await session.get<{ place: number; now: number }>(
      `SELECT value AS place, ${now} AS now FROM {counters} WHERE name = 'presence'`,
    );
    if (at === undefined) throw new Error("the counter of presence is gone");
    const rows = lists
      .toSorted((a, b) => (a.room < b.room ? -1 : 1))
      .map(({ node, room, users, isCutOff, isClosing }) => [
        node,
        room,
        JSON.stringify(users),
        Number(isCutOff),
        Number(isClosing),
        at.place,
        at.now,
      ]);
    const table = { table: "presence", columns: presenceColumns, rows } as const;
    await session.replaceOlder(table, ["node", "room"], "place");
  };

  return {
    put: async (lists) => {
      if (lists.length > 0) await write((session) => put(session, lists));
    },

    since: async (node, from) => {
      const [condition, value] =
        "place" in from ? ["place > ?", from.place] : [`put_at > ${now} - ?`, from.ageMs];
      const rows = await reads.each((session) =>
        session.all<PresenceRow>(
          `SELECT ${columns} FROM {presence} WHERE ${condition} AND node <> ? ORDER BY place, room`,
          value,
          node,
        ),
      );
      return rows.map(putList);
    },

    inRooms: async (node, rooms, ageMs) => {
      const found: PutList[] = [];
      for (let from = 0; from < rooms.length; from += roomsAtOnce) {
        const some = rooms.slice(from, from + roomsAtOnce);
        const rows = await reads.each((session) =>
          session.all<PresenceRow>(
            `SELECT ${columns} FROM {presence}
             WHERE room IN (?*) AND node <> ? AND put_at > ${now} - ? ORDER BY place, room`,
            some,
            node,
            ageMs,
          ),
        );
        found.push(...rows.map(putList));
      }
      return found;
    },

    takeBack: (node) =>
      write(async (session) => {
        await session.run("DELETE FROM {presence} WHERE node = ?", node);
        await session.run(`DELETE FROM {presence} WHERE put_at < ${now} - ?`, forgottenMs);
      }),
  };
}
