import type { EventFrame, RoomView, Subscribed, WireUser } from "@parlance/client";
import { describe, expect, test } from "vitest";
import type { Action } from "./actions.ts";
import type { ChatState, OutgoingView, RoomState } from "./model.ts";
import { initialState, reduce } from "./state.ts";

const me = { id: "u_me", name: "Me", kind: "guest" } as WireUser;

function message(sequence: number, author = "u_other", clientMessageId?: string): EventFrame {
  return {
    type: "message.created",
    room: "general",
    sequence,
    id: `e${sequence}`,
    author,
    time: new Date(1_700_000_000_000 + sequence * 1_000).toISOString(),
    ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
    data: { text: `text ${sequence}`, author_name: author },
  } as EventFrame;
}
const log = Array.from({ length: 30 }, (_, index) => message(index + 1));

const about = (head: number): Subscribed =>
  ({
    room: "general",
    epoch: "a.b",
    offset: head,
    head,
    floor: 0,
    kind: "public",
    title: "General",
    role: "member",
  }) as Subscribed;
const view = (head: number, unread: number, readMark: number): RoomView =>
  ({ ...about(head), read_mark: readMark, unread }) as RoomView;

function run(...actions: readonly Action[]): ChatState {
  return actions.reduce(reduce, initialState(me));
}
function roomAfter(...actions: readonly Action[]): RoomState {
  const room = run(...actions).rooms["general"];
  if (room === undefined) throw new Error("no room");
  return room;
}
const opening: Action = { type: "room_opening", room: "general" };
const opened = (events: readonly EventFrame[]): Action => ({
  type: "room_opened",
  room: "general",
  about: about(events.at(-1)?.sequence ?? 0),
  events,
});
const live = (event: EventFrame): Action => ({ type: "event", event });

describe("a room", () => {
  test("a snapshot with later events is the newer snapshot, wherever the cut is", () => {
    for (let cut = 0; cut <= log.length; cut += 1) {
      const stepwise = roomAfter(opening, opened(log.slice(0, cut)), ...log.slice(cut).map(live));
      const whole = roomAfter(opening, opened(log));
      expect(stepwise.events).toEqual(whole.events);
      expect(stepwise.head).toBe(whole.head);
    }
  });

  test("events that come while the page is on its way are kept, once", () => {
    const room = roomAfter(
      opening,
      live(message(29)),
      live(message(30)),
      opened(log.slice(0, 29)),
      live(message(30)),
    );
    expect(room.events.map((event) => event.sequence)).toEqual(log.map((event) => event.sequence));
  });

  test("an older page goes before what is there, without repeats", () => {
    const room = roomAfter(opening, opened(log.slice(20)), {
      type: "older_loaded",
      room: "general",
      floor: 0,
      events: log.slice(10, 22),
    });
    expect(room.events).toEqual(log.slice(10));
  });

  test("a room that is not open counts messages of others and keeps none", () => {
    const room = roomAfter(
      { type: "rooms_listed", joined: [view(30, 2, 28)], discoverable: [] },
      live(message(31)),
      live(message(31)),
      live(message(32, me.id)),
    );
    expect(room.unread).toBe(3);
    expect(room.events).toEqual([]);
    expect(room.head).toBe(32);
  });

  test("the line of what is new stands after the read mark, and goes when the reader answers", () => {
    const listed: Action = {
      type: "rooms_listed",
      joined: [view(30, 3, 27)],
      discoverable: [],
    };
    const before = roomAfter(listed, opening, opened(log));
    expect(before.newAfter).toBe(27);
    const after = roomAfter(listed, opening, opened(log), live(message(31, me.id)));
    expect(after.newAfter).toBeUndefined();
  });

  test("what comes while somebody reads is not unread; what comes later is, behind the line", () => {
    const reading = (isReading: boolean): Action => ({
      type: "reading_changed",
      room: "general",
      isReading,
    });
    const room = roomAfter(
      opening,
      opened(log),
      reading(true),
      live(message(31)),
      reading(false),
      live(message(32)),
      live(message(33)),
    );
    expect(room.unread).toBe(2);
    expect(room.newAfter).toBe(31);
  });

  test("who has just joined has missed nothing", () => {
    const room = roomAfter(
      { type: "rooms_listed", joined: [view(30, 30, 0)], discoverable: [] },
      opening,
      opened(log),
      { type: "room_joined", room: "general" },
    );
    expect([room.unread, room.newAfter]).toEqual([0, undefined]);
  });

  test("a room that begins anew forgets its messages", () => {
    const room = roomAfter(opening, opened(log), { ...opening, anew: true });
    expect([room.status, room.events.length]).toEqual(["loading", 0]);
  });
});

describe("an own message", () => {
  const entry = (state: "waiting" | "sent" | "failed"): Action => ({
    type: "outgoing_changed",
    room: "general",
    entry: {
      clientMessageId: "m1",
      text: "hello",
      time: "2026-01-01T00:00:00.000Z",
      thread: undefined,
      replyTo: undefined,
      state,
      reason: undefined,
    },
  });

  test("leaves the outgoing ones when its event comes, before or after the reply", () => {
    const event = live(message(31, me.id, "m1"));
    const replyFirst = roomAfter(opening, opened(log), entry("waiting"), entry("sent"), event);
    const eventFirst = roomAfter(opening, opened(log), entry("waiting"), event, entry("sent"));
    for (const room of [replyFirst, eventFirst]) {
      expect(room.outgoing).toEqual([]);
      expect(room.events.at(-1)?.client_message_id).toBe("m1");
    }
  });

  test("stays visible between the reply and its event", () => {
    const room = roomAfter(opening, opened(log), entry("waiting"), entry("sent"));
    expect(room.outgoing.map((one) => one.state)).toEqual(["sent"]);
  });

  test("of somebody else with the same client message id changes nothing", () => {
    const room = roomAfter(opening, opened(log), entry("waiting"), live(message(31, "u_x", "m1")));
    expect(room.outgoing).toHaveLength(1);
  });

  test("that is tried again goes behind what was written meanwhile", () => {
    const second: Action = {
      type: "outgoing_changed",
      room: "general",
      entry: { ...(entry("waiting") as { entry: OutgoingView }).entry, clientMessageId: "m2" },
    };
    const room = roomAfter(
      opening,
      opened(log),
      entry("waiting"),
      entry("failed"),
      second,
      entry("waiting"),
    );
    expect(room.outgoing.map((one) => one.clientMessageId)).toEqual(["m2", "m1"]);
  });

  test("that failed goes when it is discarded", () => {
    const room = roomAfter(opening, opened(log), entry("waiting"), entry("failed"), {
      type: "outgoing_discarded",
      room: "general",
      id: "m1",
    });
    expect(room.outgoing).toEqual([]);
  });
});

describe("signals", () => {
  test("typing ends by signal, by message and by time", () => {
    const typing = (user: string, until: number | undefined, thread?: string): Action => ({
      type: "typing",
      room: "general",
      thread,
      user,
      name: user,
      until,
    });
    const names = (...actions: readonly Action[]): readonly string[] =>
      Object.keys(
        roomAfter(opening, opened(log), typing("a", 1), typing("u_other", 9), ...actions).typing,
      );
    expect(names()).toEqual(["a", "u_other"]);
    expect(names(typing("a", undefined))).toEqual(["u_other"]);
    expect(names(live(message(31)))).toEqual(["a"]);
    expect(names({ type: "typing_expired", now: 5 })).toEqual(["u_other"]);
    // Who goes on in a thread has stopped in the room, in whichever order both are told.
    expect(names(typing("a", 3, "root"), typing("a", undefined))).toEqual(["u_other", "a"]);
    expect(names(typing("u_other", 12, "root"), live(message(31)))).toEqual(["a", "u_other"]);
  });

  test("presence adds who came, once, and removes who went", () => {
    const user = (id: string): WireUser => ({ id, name: id, kind: "guest" }) as WireUser;
    const room = roomAfter(
      opening,
      opened(log),
      { type: "people_listed", room: "general", online: [user("b"), user("a")] },
      { type: "presence", room: "general", online: [user("c"), user("a")], offline: ["b"] },
    );
    expect(room.online?.map((one) => one.id)).toEqual(["a", "c"]);
  });
});
