import { nativeDialect } from "@parlance/dialects/native";
import type { Epoch, EventFrame } from "@parlance/protocol";
import { lineWire } from "@parlance/testkit/harness";
import { describe, expect, test } from "vitest";
import { RecentEvent, RecentEvents, RecentPool } from "./recent-events.ts";

function event(sequence: number, text = "x"): RecentEvent {
  const frame = {
    type: "message.created",
    room: "general",
    sequence,
    id: `e${sequence}`,
    author: "ann",
    time: "2026-01-01T00:00:00.000Z",
    data: { text, author_name: "Ann" },
  } as EventFrame;
  return new RecentEvent(frame, "k3.1" as Epoch);
}

describe("recent events", () => {
  test("keep the newest without holes and say where they begin", () => {
    const recent = new RecentEvents(new RecentPool());
    for (let sequence = 1; sequence <= 2_000; sequence += 1) recent.add(event(sequence));
    const { first = 0 } = recent;
    expect(first).toBe(2_000 - 511);
    for (let sequence = first; sequence <= 2_000; sequence += 1) {
      expect(recent.after(sequence - 1)?.sequence).toBe(sequence);
    }
    expect(recent.after(first - 2)).toBeUndefined();
    expect(recent.after(2_000)).toBeUndefined();
  });

  test("[I-25] are bounded in weight too, in one room and in all together", () => {
    const long = "y".repeat(16_000);
    const recent = new RecentEvents(new RecentPool());
    for (let sequence = 1; sequence <= 500; sequence += 1) recent.add(event(sequence, long));
    expect(500 - (recent.first ?? 0)).toBeLessThan(40);

    const pool = new RecentPool(100_000);
    const rooms = Array.from({ length: 10 }, () => new RecentEvents(pool));
    for (let sequence = 1; sequence <= 40; sequence += 1) {
      for (const room of rooms) room.add(event(sequence));
    }
    const kept = rooms.filter((room) => room.first !== undefined);
    expect(kept.length).toBeGreaterThan(0);
    const events = kept.reduce((sum, room) => sum + 41 - (room.first ?? 41), 0);
    expect(events).toBeLessThanOrEqual(170);
    // The room that grew last has what it was given last.
    expect(rooms.at(-1)?.after(39)?.sequence).toBe(40);
  });

  test("are encoded once for each wire", () => {
    let encoded = 0;
    const wire = {
      ...lineWire,
      dialect: {
        ...nativeDialect,
        encodeEvent: (frame: EventFrame) => {
          encoded += 1;
          return nativeDialect.encodeEvent(frame);
        },
      },
    } as typeof lineWire;
    const one = event(1);
    expect(one.bytesFor(wire, 0)).toBe(one.bytesFor(wire, 0));
    const other = { ...wire };
    expect(one.bytesFor(other, 0)).toEqual(one.bytesFor(wire, 0));
    expect(one.bytesFor(other, 0)).toBe(one.bytesFor(other, 0));
    expect(encoded).toBe(2);
  });
});
