import type { EventFrame, RoomView, Subscribed, ThreadStanding, WireUser } from "@parlance/client";
import { describe, expect, test } from "vitest";
import type { Action } from "./actions.ts";
import type { ChatState } from "./model.ts";
import { initialState, reduce } from "./state.ts";

const me = { id: "u_me", name: "Me", kind: "account" } as WireUser;
const other = { id: "u_ann", name: "Ann", kind: "account" } as WireUser;
const event = (sequence: number, type: string, data: object, author = "u_ann"): EventFrame =>
  ({
    type,
    room: "r",
    sequence,
    id: `e${sequence}`,
    author,
    time: new Date(sequence * 1_000).toISOString(),
    data,
  }) as EventFrame;
const view = {
  room: "r",
  epoch: "a.b",
  head: 1,
  floor: 0,
  kind: "private",
  title: "Kitchen",
  role: "member",
  topic: "secret",
} as unknown as RoomView;
const opened: readonly Action[] = [
  { type: "rooms_listed", joined: [view], discoverable: [] },
  { type: "room_opening", room: "r" },
  {
    type: "room_opened",
    room: "r",
    about: { ...view, offset: 1 } as unknown as Subscribed,
    events: [event(1, "message.created", { text: "secret", author_name: "Ann" })],
    view,
  },
  { type: "people_listed", room: "r", online: [other] },
  { type: "members_listed", room: "r", members: [] },
];
const run = (...actions: readonly Action[]): ChatState => actions.reduce(reduce, initialState(me));
const gone: Action = { type: "room_refused", room: "r", status: "gone" };

describe("a room that is closed to the reader", () => {
  test("keeps nothing of what was in it but its name and why", () => {
    const banned = event(2, "member.banned", { user: "u_me", name: "Me" });
    const standing = { room: "r", thread: "e1", following: true, read_mark: 0, unread: 1 };
    const state = run(
      ...opened,
      { type: "threads_standing", threads: [standing as unknown as ThreadStanding] },
      { type: "answer_changed", key: "r/e1", message: "e1" },
      { type: "event", event: banned },
      gone,
    );
    expect([state.threads, state.answers]).toEqual([{}, {}]);
    expect(JSON.stringify(state.rooms["r"])).not.toMatch(/secret|Ann/);
    expect(state.rooms["r"]).toMatchObject({ title: "Kitchen", status: "gone", ended: "banned" });
  });

  test("tells being put out from leaving, and forgets both when one is let in again", () => {
    const out = event(2, "member.left", { user: "u_me", name: "Me" });
    const left = event(2, "member.left", { user: "u_me", name: "Me" }, "u_me");
    expect(run(...opened, { type: "event", event: out }).rooms["r"]?.ended).toBe("removed");
    expect(run(...opened, { type: "event", event: left }).rooms["r"]?.ended).toBeUndefined();
    const back = run(...opened, { type: "event", event: out }, gone, ...opened.slice(1));
    expect(back.rooms["r"]?.ended).toBeUndefined();
  });
});

test("a direct room is called by the others in it, whatever comes first", () => {
  const title = "Me, Ann, Bob";
  const direct = { ...view, kind: "direct", title, with: [other, { id: "u_bob", name: "Bob" }] };
  const one = direct as unknown as RoomView;
  const about = { ...direct, offset: 1 } as unknown as Subscribed;
  const state = run(
    { type: "rooms_listed", joined: [one], discoverable: [] },
    { type: "room_opening", room: "r" },
    { type: "room_opened", room: "r", about, events: [] },
  );
  expect(state.rooms["r"]?.title).toBe("Ann, Bob");
});

test("preferences come as a list, change one by one, and stay with rooms that are not known", () => {
  const state = run(
    {
      type: "preferences_listed",
      all: {
        preferences: { folded: ["rooms"] },
        rooms: [{ room: "far" as RoomView["room"], preferences: { favourite: true } }],
      },
    },
    { type: "room_preferred", of: "r", preferences: { level: "nothing" } },
    { type: "preferred", preferences: {} },
  );
  expect(state.preferences).toEqual({
    everywhere: {},
    rooms: { far: { favourite: true }, r: { level: "nothing" } },
  });
});
