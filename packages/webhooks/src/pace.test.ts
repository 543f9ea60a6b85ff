import type { RoomId } from "@parlance/protocol";
import { ManualClock } from "@parlance/testkit/manual-clock";
import { beforeEach, describe, expect, test } from "vitest";
import { maxFailingRooms, Pace, type Place } from "./pace.ts";

let clock: ManualClock;
let pace: Pace;
let due: Place[];
let allowed: number;

beforeEach(() => {
  clock = new ManualClock();
  due = [];
  allowed = 0;
  pace = new Pace({
    clock,
    // The longest pause of each.
    ids: { random: () => 1 },
    onPlace: (place) => void due.push(place),
    onReceiver: () => void (allowed += 1),
  });
});

const room = (n: number): RoomId => `room-${n}` as RoomId;

describe("[WEB-5] a receiver that fails", () => {
  test("is tried again in a room later each time, and at once after a success", async () => {
    for (const waitMs of [1_000, 2_000, 4_000]) {
      pace.failed(room(1));
      expect(pace.isLater(room(1))).toBe(true);
      await clock.advance(waitMs - 1);
      expect(due).toEqual([]);
      await clock.advance(1);
      expect(due.splice(0)).toEqual([room(1)]);
      expect([pace.isLater(room(1)), pace.isFailing(room(1))]).toEqual([false, true]);
    }
    pace.over(room(1));
    expect(pace.isFailing(room(1))).toBe(false);
    pace.failed(room(1), 1_500);
    await clock.advance(1_499);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual([room(1)]);
  });

  test("is left alone as a whole while nobody is there, those that were under way counting as one", async () => {
    pace.away();
    pace.away();
    expect([pace.isPaused(), pace.isAway]).toEqual([true, true]);
    await clock.advance(1_000);
    expect(allowed).toBe(1);
    expect(pace.isPaused()).toBe(false);
    pace.away();
    expect(pace.isPaused()).toBe(true);
    await clock.advance(1_999);
    expect([allowed, pace.isPaused()]).toEqual([1, true]);
    await clock.advance(1);
    expect(allowed).toBe(2);
    pace.here();
    expect([pace.isPaused(), pace.isAway]).toEqual([false, false]);
  });

  test("in very many rooms is remembered for some of them only, and left alone for each more", async () => {
    for (let n = 0; n < maxFailingRooms; n += 1) pace.failed(room(n));
    expect([pace.failingCount, pace.isPaused()]).toEqual([maxFailingRooms, false]);
    for (let n = 0; n < 3; n += 1) {
      pace.failed(room(maxFailingRooms + n));
      expect([pace.failingCount, pace.isPaused()]).toEqual([maxFailingRooms, true]);
      // It answers, if not as it should.
      pace.here();
    }
    expect([0, 1, 2, 3].map((n) => pace.isFailing(room(n)))).toEqual([false, false, false, true]);
    // Of those that were forgotten no timer is left; the others come up.
    await clock.advance(1_000);
    expect(due).toHaveLength(maxFailingRooms);
    expect(due).not.toContain(room(0));
    // Whoever fails again does not take another's place.
    pace.failed(room(5));
    expect([pace.failingCount, pace.isPaused()]).toEqual([maxFailingRooms, false]);
  });

  test("is not tried any more once it is closed", async () => {
    pace.failed(room(1));
    pace.away();
    expect(pace.isPaused()).toBe(true);
    pace.close();
    pace.failed(room(2));
    await clock.advance(600_000);
    expect([due, allowed, pace.failingCount]).toEqual([[], 0, 0]);
  });
});
