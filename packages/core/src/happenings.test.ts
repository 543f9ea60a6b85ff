import type { Epoch, RoomId, Sequence } from "@parlance/protocol";
import { expect, test } from "vitest";
import { type AppendSeen, Happenings } from "./happenings.ts";

const room = "r" as RoomId;
const epoch = "e" as Epoch;
const seen = (n: number, of = room): AppendSeen => ({
  room: of,
  epoch,
  sequence: n as Sequence,
  via: "native",
  givenAt: n,
  answeredAt: 1_000 + n,
  repeated: false,
});

test("the newest ten thousand are remembered, and since when is told", () => {
  const happenings = new Happenings(7);
  for (let n = 0; n < 10_000; n += 1) happenings.appended(seen(n));
  expect(happenings.of(room, epoch, 0 as Sequence)).toEqual({
    appends: [seen(0)],
    deliveries: [],
    since: 7,
  });
  for (let n = 10_000; n < 10_003; n += 1) happenings.appended(seen(n));
  expect(happenings.of(room, epoch, 2 as Sequence)).toMatchObject({ appends: [], since: 1_002 });
  expect(happenings.of(room, epoch, 3 as Sequence).appends).toEqual([seen(3)]);
  expect(happenings.of(room, epoch, 10_002 as Sequence).appends).toEqual([seen(10_002)]);
});

test("what was told stays as it was told, and several of one place keep their order", () => {
  const happenings = new Happenings(0);
  happenings.appended(seen(1));
  happenings.appended({ ...seen(1), via: "http", repeated: true });
  const told = happenings.of(room, epoch, 1 as Sequence);
  for (let n = 0; n < 20_000; n += 1) happenings.appended(seen(n, "other" as RoomId));
  expect(told.appends.map(({ via, room: of }) => [via, of])).toEqual([
    ["native", room],
    ["http", room],
  ]);
  expect(happenings.of(room, epoch, 1 as Sequence).appends).toEqual([]);
});
