import { describe, expect, test } from "vitest";
import type { RoomState } from "../state/model.ts";
import { afterChanges, isMuted, type Preferences } from "../state/preferences.ts";
import { groupRooms } from "./order.ts";

const room = (id: string, kind: RoomState["kind"] = "public", head = 5): RoomState =>
  ({ id, title: id, kind, head, role: "member" }) as RoomState;
const told = (rooms: readonly RoomState[], preferences: Preferences): unknown =>
  groupRooms(rooms, preferences).map((group) => [group.id, group.rooms.map(({ id }) => id)]);

describe("the list of rooms", () => {
  const rooms = [room("a"), room("b"), room("bob", "direct"), room("c")];

  test("without wishes has rooms and people", () => {
    expect(told(rooms, { everywhere: {}, rooms: {} })).toEqual([
      ["rooms", ["a", "b", "c"]],
      ["direct", ["bob"]],
    ]);
  });

  test("has favourites first, then sections in their order, each room once", () => {
    const sections = [
      { id: "s2", name: "Two" },
      { id: "s1", name: "One" },
    ];
    expect(
      told(rooms, {
        everywhere: { sections },
        rooms: {
          a: { favourite: true, section: "s1" },
          bob: { section: "s1" },
          c: { section: "gone" },
        },
      }),
    ).toEqual([
      ["favourites", ["a"]],
      ["s2", []],
      ["s1", ["bob"]],
      ["rooms", ["b", "c"]],
    ]);
  });

  test("leaves out what was hidden until something is written in it", () => {
    const hidden = { everywhere: {}, rooms: { bob: { hidden_at: 5 } } };
    expect(told([room("bob", "direct", 5)], hidden)).toEqual([]);
    expect(told([room("bob", "direct", 6)], hidden)).toEqual([["direct", ["bob"]]]);
  });
});

test("a wish that is taken back is not there any more", () => {
  expect(afterChanges({ favourite: true, level: "all" }, { favourite: false })).toEqual({
    level: "all",
  });
  expect(afterChanges({ shares_receipts: false }, { shares_receipts: true })).toEqual({});
  expect(afterChanges({}, { shares_receipts: false })).toEqual({ shares_receipts: false });
});

test("muted is until a time or for ever", () => {
  expect(isMuted(undefined, 0)).toBe(false);
  expect(isMuted({ muted_until: "forever" }, Date.now())).toBe(true);
  expect(isMuted({ muted_until: new Date(2_000).toISOString() }, 1_999)).toBe(true);
  expect(isMuted({ muted_until: new Date(2_000).toISOString() }, 2_000)).toBe(false);
});
