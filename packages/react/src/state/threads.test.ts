import type { EventFrame, RoomView, ThreadPage, ThreadStanding, WireUser } from "@parlance/client";
import { describe, expect, test } from "vitest";
import type { Action } from "./actions.ts";
import type { ChatState } from "./model.ts";
import { initialState, reduce } from "./state.ts";
import { threadAt } from "./threads.ts";

const me = { id: "u_me", name: "Me", kind: "account" } as WireUser;

function message(sequence: number, author: string, more: object = {}): EventFrame {
  return {
    type: "message.created",
    room: "r",
    sequence,
    id: `e${sequence}`,
    author,
    time: new Date(sequence * 1_000).toISOString(),
    data: { text: "x", author_name: author, ...more },
  } as unknown as EventFrame;
}
const standing = (more: Partial<ThreadStanding> = {}): ThreadStanding =>
  ({
    room: "r",
    thread: "e1",
    following: true,
    read_mark: 1,
    unread: 0,
    ...more,
  }) as ThreadStanding;
const view = {
  room: "r",
  epoch: "a",
  head: 0,
  floor: 0,
  kind: "public",
  title: "R",
  role: "member",
};
const listed: Action = {
  type: "rooms_listed",
  joined: [view as unknown as RoomView],
  discoverable: [],
};
const live = (event: EventFrame): Action => ({ type: "event", event });
const known = (one: ThreadStanding): Action => ({ type: "threads_standing", threads: [one] });
const run = (...actions: readonly Action[]): ChatState =>
  [listed, ...actions].reduce(reduce, initialState(me));
const unread = (state: ChatState): number | undefined => state.threads["e1"]?.unread;
const reply = (sequence: number, author = "u_ann", more: object = {}): Action =>
  live(message(sequence, author, { thread: "e1", ...more }));

describe("standing in threads", () => {
  test("counts what others write in threads that one follows, once each, and nothing of the room", () => {
    const state = run(known(standing()), reply(1), reply(2), reply(2));
    expect([unread(state), state.rooms["r"]?.unread]).toEqual([2, 0]);
  });

  test("who writes follows and has read; a mention follows too; others' threads are nobody's", () => {
    expect(run(reply(1, me.id)).threads["e1"]).toMatchObject({ following: true, unread: 0 });
    expect(unread(run(reply(1, "u_ann", { mentions: { users: ["u_me"] } })))).toBe(1);
    expect(run(reply(1)).threads).toEqual({});
    expect(run(known(standing({ following: false })), reply(1)).threads["e1"]?.following).toBe(
      false,
    );
  });

  test("the author of a root follows from the first answer on", () => {
    const opened: readonly Action[] = [
      { type: "room_opening", room: "r" },
      {
        type: "room_opened",
        room: "r",
        about: { ...view, offset: 1, head: 1 } as never,
        events: [message(1, me.id)],
      },
    ];
    expect(unread(run(...opened, reply(2)))).toBe(1);
  });

  test("what is read here is not unread, whatever is told meanwhile", () => {
    const page = {
      ...standing({ unread: 1 }),
      epoch: "a",
      head: 2,
      messages: [],
      root: { sequence: 1 },
    };
    const place = { room: "r", thread: "e1" } as const;
    const state = run(
      { type: "thread_opening", ...place },
      {
        type: "thread_loaded",
        ...place,
        page: page as unknown as ThreadPage,
        hasOlder: false,
        isOlder: false,
      },
      { type: "thread_reading", ...place, isReading: true },
      reply(3),
      known(standing({ unread: 1 })),
    );
    expect(unread(state)).toBe(0);
    expect(state.rooms["r"]?.threads["e1"]?.newAfter).toBe(1);
  });

  test("a place leads to the thread that it is in, or to the one below it", () => {
    const room = run(
      { type: "room_opening", room: "r" },
      {
        type: "room_opened",
        room: "r",
        about: { ...view, offset: 2, head: 2 } as never,
        events: [message(1, "u_ann"), message(2, "u_ann", { thread: "e1" })],
      },
    ).rooms["r"];
    expect([threadAt(room, 2, false), threadAt(room, 1, true), threadAt(room, 1, false)]).toEqual([
      "e1",
      "e1",
      undefined,
    ]);
  });
});
