import type { EventFrame, MessageView } from "@parlance/client";
import { describe, expect, test } from "vitest";
import { buildRows } from "../conversation/rows.ts";
import type { Action } from "./actions.ts";
import type { ChatState, RoomState } from "./model.ts";
import { initialState, reduce } from "./state.ts";
import { isShown, shownEvents } from "./window.ts";

const me = { id: "u_me", name: "Me", kind: "human" } as unknown as ChatState["me"];
const message = (sequence: number): EventFrame =>
  ({
    type: "message.created",
    room: "r",
    sequence,
    id: `e${sequence}`,
    author: "a",
    time: new Date(sequence * 1_000).toISOString(),
    data: { text: `text ${sequence}`, author_name: "a" },
  }) as unknown as EventFrame;
const range = (from: number, to: number): readonly EventFrame[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const view = (sequence: number, change: object = {}): MessageView =>
  ({ id: `e${sequence}`, sequence, text: `text ${sequence}`, ...change }) as unknown as MessageView;

/** A room of which 951..1000 are loaded. */
function opened(): ChatState {
  const about = { room: "r", title: "R", kind: "public", epoch: "k", head: 1_000, floor: 0 };
  return run(initialState(me), [
    { type: "room_opening", room: "r" },
    { type: "room_opened", room: "r", about, events: range(951, 1_000) } as unknown as Action,
  ]);
}
const run = (state: ChatState, actions: readonly Action[]): ChatState =>
  actions.reduce(reduce, state);
const roomOf = (state: ChatState): RoomState => {
  const room = state.rooms["r"];
  if (room === undefined) throw new Error("no room");
  return room;
};
const sequences = (state: ChatState): readonly number[] =>
  shownEvents(roomOf(state)).map((event) => event.sequence);
const part = (from: number, to: number, views: readonly MessageView[] = []): Action => ({
  type: "window_loaded",
  room: "r",
  part: { events: range(from, to), views, asOf: 1_000 },
});

describe("a place further back", () => {
  test("is shown in place of the newest, which go on behind it", () => {
    const state = run(opened(), [
      { type: "window_opening", room: "r" },
      part(101, 200),
      { type: "event", event: message(1_001) },
    ]);
    expect([sequences(state)[0], sequences(state).at(-1)]).toEqual([101, 200]);
    expect(roomOf(state).events.at(-1)?.sequence).toBe(1_001);
    expect(isShown(roomOf(state), 150)).toBe(true);
    expect(isShown(roomOf(state), 960)).toBe(false);
  });

  test("grows at both ends, and is one piece with the newest where it meets them", () => {
    const state = run(opened(), [
      { type: "window_opening", room: "r" },
      part(801, 900),
      { type: "older_loaded", room: "r", floor: 0, events: range(701, 800), views: [] },
      part(901, 970),
    ]);
    expect(roomOf(state).window).toBeUndefined();
    expect(sequences(state)).toEqual(range(701, 1_000).map((event) => event.sequence));
  });

  test("shows messages as they are now, and what happens to them while it is open", () => {
    const edited = (sequence: number, id: string, text: string): Action => ({
      type: "event",
      event: {
        ...message(sequence),
        type: "message.edited",
        data: { message_id: id, text, editor_name: "a" },
      } as unknown as EventFrame,
    });
    const state = run(opened(), [
      { type: "window_opening", room: "r" },
      part(101, 103, [view(101, { text: "edited", edited_at: "t" }), view(102), view(103)]),
      edited(1_001, "e102", "just now"),
    ]);
    const texts = buildRows(roomOf(state), { id: "u_me", name: "Me" }).map((row) =>
      row.kind === "message" ? [row.text, row.isEdited] : [],
    );
    expect(texts).toEqual([
      ["edited", true],
      ["just now", true],
      ["text 103", false],
    ]);
  });

  test("goes when the reader wants the newest again", () => {
    const state = run(opened(), [
      { type: "window_opening", room: "r" },
      part(101, 200),
      { type: "window_closed", room: "r" },
    ]);
    expect(sequences(state)[0]).toBe(951);
  });
});

describe("changes of messages", () => {
  const change = {
    key: "edit e951",
    kind: "edit",
    message: "e951",
    text: "x",
    state: "sending",
    reason: undefined,
  } as const;

  test("stay until their event is there, whichever of answer and event comes first", () => {
    const made = (sequence: number | undefined): Action => ({
      type: "change_made",
      room: "r",
      change: { ...change, sequence },
    });
    const event: Action = {
      type: "event",
      event: {
        ...message(1_001),
        type: "message.edited",
        data: { message_id: "e951", text: "x", editor_name: "a" },
      } as unknown as EventFrame,
    };
    const answered = run(opened(), [made(undefined), made(1_001)]);
    expect(roomOf(answered).changes).toHaveLength(1);
    expect(roomOf(run(answered, [event])).changes).toEqual([]);
    expect(roomOf(run(opened(), [made(undefined), event, made(1_001)])).changes).toEqual([]);
  });
});
