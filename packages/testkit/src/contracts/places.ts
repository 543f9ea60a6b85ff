import type { SavedPlace } from "@parlance/core";
import type { DeviceId, Epoch } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import { roomId, someTime, type UseStore, userId } from "./harness.ts";

const dayMs = 86_400_000;
const phone = "phone" as DeviceId;

function place(room: string, offset: number, more: Partial<SavedPlace> = {}): SavedPlace {
  return {
    user: userId("u1"),
    device: phone,
    room: roomId(room),
    epoch: "install.room" as Epoch,
    offset,
    now: someTime,
    ...more,
  };
}

/** Places of devices. */
export function describePlaces(store: UseStore): void {
  const roomsOf = async (user = "u1", device = phone): Promise<string[]> => {
    const places = await store().directory.places(userId(user), device);
    return places.map(({ room, offset }) => `${room} ${offset}`);
  };

  describe("places", () => {
    test("come back as saved, the last one first, also after a restart", async () => {
      const harness = store();
      await harness.directory.savePlaces([
        place("a", 1),
        place("b", 2, { now: someTime + 1, epoch: "other.life" as Epoch }),
      ]);
      await harness.reopen();
      expect(await harness.directory.places(userId("u1"), phone)).toEqual([
        { room: "b", epoch: "other.life", offset: 2 },
        { room: "a", epoch: "install.room", offset: 1 },
      ]);
    });

    test("belong to one device of one user", async () => {
      const { directory } = store();
      await directory.savePlaces([
        place("a", 1),
        place("a", 2, { user: userId("u2") }),
        place("a", 3, { device: "tablet" as DeviceId }),
      ]);
      await directory.savePlaces([]);
      expect(await roomsOf()).toEqual(["a 1"]);
      expect(await roomsOf("u2")).toEqual(["a 2"]);
      expect(await roomsOf("u1", "tablet" as DeviceId)).toEqual(["a 3"]);
      expect(await roomsOf("nobody")).toEqual([]);
    });

    test("saved later count, in whatever order they come", async () => {
      const { directory } = store();
      await directory.savePlaces([place("a", 5, { now: someTime + 10 })]);
      await directory.savePlaces([place("a", 3, { now: someTime + 9 })]);
      expect(await roomsOf()).toEqual(["a 5"]);
      // A later save may go back: the room's log may have begun a new life.
      await directory.savePlaces([place("a", 1, { now: someTime + 10 })]);
      expect(await roomsOf()).toEqual(["a 1"]);
    });

    test("of more than a thousand rooms of a device are forgotten, the oldest first", async () => {
      const { directory } = store();
      const rows = Array.from({ length: 1_003 }, (_, n) =>
        place(`room-${n}`, n, { now: someTime + n }),
      );
      await directory.savePlaces([place("a", 1, { device: "tablet" as DeviceId })]);
      await directory.savePlaces(rows);
      const kept = await roomsOf();
      expect(kept).toHaveLength(1_000);
      expect([kept[0], kept.at(-1)]).toEqual(["room-1002 1002", "room-3 3"]);
      expect(await roomsOf("u1", "tablet" as DeviceId)).toEqual(["a 1"]);
    });

    test("that were not saved for thirty days are forgotten, a hundred with each call", async () => {
      const { directory } = store();
      const rows = Array.from({ length: 150 }, (_, n) => place(`room-${n}`, n));
      await directory.savePlaces(rows);
      await directory.savePlaces([place("a", 1, { now: someTime + 30 * dayMs })]);
      expect(await roomsOf()).toHaveLength(151);
      await directory.savePlaces([place("a", 2, { now: someTime + 30 * dayMs + 1 })]);
      expect(await roomsOf()).toHaveLength(51);
      await directory.savePlaces([
        place("a", 3, { now: someTime + 30 * dayMs + 2, user: userId("u2") }),
      ]);
      expect(await roomsOf()).toEqual(["a 2"]);
    });
  });
}
