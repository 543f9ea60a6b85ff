import type { Draft, EventFrame, OwnChange, ScheduledMessage } from "@parlance/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  draftsAfter,
  type Kept,
  nothingKept,
  savedAfter,
  scheduledAfter,
  shownSaved,
} from "./kept.ts";
import type { PendingChange } from "./model.ts";
import { ownAfter } from "./own.ts";
import { listedPins, pinsAfter, shownPins } from "./pins.ts";
import { initialState } from "./state.ts";

const draft = (room: string, text: string, at: number, thread?: string): Draft =>
  ({
    room,
    text,
    edited_at: new Date(at).toISOString(),
    ...(thread === undefined ? {} : { thread }),
  }) as Draft;
const scheduled = (id: string, at: number, state: ScheduledMessage["state"]): ScheduledMessage =>
  ({
    room: "r",
    client_message_id: id,
    at: new Date(at).toISOString(),
    text: id,
    state,
  }) as ScheduledMessage;
const event = (sequence: number, type: string, message: string): EventFrame =>
  ({
    type,
    sequence,
    id: `e${sequence}`,
    data: { message_id: message, by_name: "Ann" },
  }) as unknown as EventFrame;
const change = (kind: "pin" | "save", message: string, on: boolean, state = "sending") =>
  ({ kind, message, on, state, key: `${kind} ${message}` }) as PendingChange;

describe("what one keeps", () => {
  test("drafts are one for each room and thread, the newest first, and an older one changes nothing", () => {
    let drafts: Kept["drafts"] = [];
    drafts = draftsAfter(drafts, draft("a", "one", 1));
    drafts = draftsAfter(drafts, draft("b", "two", 2));
    drafts = draftsAfter(drafts, draft("a", "in a thread", 3, "e1"));
    drafts = draftsAfter(drafts, draft("b", "late", 1));
    expect(drafts?.map(({ text }) => text)).toEqual(["in a thread", "two", "one"]);
    expect(draftsAfter(drafts, draft("b", "", 4))?.map(({ room }) => room)).toEqual(["a", "a"]);
  });

  test("a scheduled message goes when it was sent or taken back, and stays when it was refused", () => {
    let waiting: Kept["scheduled"] = [];
    waiting = scheduledAfter(waiting, scheduled("x", 20, "waiting"));
    waiting = scheduledAfter(waiting, scheduled("y", 10, "waiting"));
    waiting = scheduledAfter(waiting, scheduled("x", 20, "refused"));
    expect(waiting?.map((one) => [one.text, one.state])).toEqual([
      ["y", "waiting"],
      ["x", "refused"],
    ]);
    waiting = scheduledAfter(waiting, scheduled("y", 10, "sent"));
    expect(scheduledAfter(waiting, scheduled("x", 20, "cancelled"))).toEqual([]);
  });

  test("what is saved is known from the first telling on, whether or not it was listed", () => {
    expect([...(savedAfter(undefined, { message_id: "e1", saved: true }) ?? [])]).toEqual(["e1"]);
    const known = new Set(["e1"]);
    expect(savedAfter(known, { message_id: "e1", saved: true })).toBe(known);
    expect(shownSaved(known, [change("save", "e1", false)])).toEqual(new Set());
    expect(shownSaved(known, [change("save", "e2", true, "failed")])).toBe(known);
  });

  test("a kind of change that has no place here changes nothing", () => {
    const state = { ...initialState({ id: "u" } as never), kept: nothingKept };
    expect(ownAfter(state, { what: "of a later version" } as unknown as OwnChange)).toBe(state);
  });
});

describe("pins", () => {
  test("a list as of any place and the events behind it give what all events give", () => {
    const one = fc.record({
      type: fc.constantFrom("message.pinned", "message.unpinned", "message.deleted"),
      message: fc.constantFrom("a", "b", "c", "d"),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.nat(20), (history, at) => {
        const events = history.map(({ type, message }, index) => event(index + 1, type, message));
        const after = (upTo: number): readonly string[] =>
          events
            .slice(0, upTo)
            .reduce((pins, next) => pinsAfter(pins, next) ?? [], [] as readonly string[]);
        const head = Math.min(at, events.length);
        const room = { events } as never;
        expect(listedPins(room, after(head), head)).toEqual(after(events.length));
      }),
    );
  });

  test("show what the reader has just changed, until it was refused", () => {
    expect(shownPins(["a"], [change("pin", "b", true), change("pin", "a", false)])).toEqual(
      new Set(["b"]),
    );
    expect(shownPins(["a"], [change("pin", "a", false, "failed")])).toEqual(new Set(["a"]));
  });
});
