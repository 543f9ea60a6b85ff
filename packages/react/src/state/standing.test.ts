import type { EventFrame, RoomView, Subscribed, WireUser } from "@parlance/client";
import { describe, expect, test } from "vitest";
import { closedTo } from "../composer/closed-bar.tsx";
import { buildRows } from "../conversation/rows.ts";
import type { Action } from "./actions.ts";
import type { RoomState } from "./model.ts";
import { initialState, reduce } from "./state.ts";

const me = { id: "u_me", name: "Me", kind: "account" } as WireUser;

function event(sequence: number, type: string, data: object, author = "u_other"): EventFrame {
  const time = new Date(1_700_000_000_000 + sequence * 1_000).toISOString();
  return { type, room: "r", sequence, id: `e${sequence}`, author, time, data } as EventFrame;
}
const message = (sequence: number, more: object = {}, author?: string): EventFrame =>
  event(sequence, "message.created", { text: "x", author_name: "N", ...more }, author);

const view = (head: number, more: object = {}): RoomView =>
  ({
    room: "r",
    epoch: "a.b",
    head,
    floor: 0,
    kind: "public",
    title: "R",
    role: "member",
    ...more,
  }) as RoomView;

function roomAfter(...actions: readonly Action[]): RoomState {
  const room = actions.reduce(reduce, initialState(me)).rooms["r"];
  if (room === undefined) throw new Error("no room");
  return room;
}
const listed = (one: RoomView): Action => ({
  type: "rooms_listed",
  joined: [one],
  discoverable: [],
});
const opening: Action = { type: "room_opening", room: "r" };
const opened = (events: readonly EventFrame[], one?: RoomView): Action => ({
  type: "room_opened",
  room: "r",
  about: { ...view(events.at(-1)?.sequence ?? 0), offset: 0 } as unknown as Subscribed,
  events,
  ...(one === undefined ? {} : { view: one }),
});
const live = (one: EventFrame): Action => ({ type: "event", event: one });
const updated = (sequence: number, changes: object): EventFrame =>
  event(sequence, "room.updated", { ...changes, editor_name: "Ann" });

describe("settings of a room", () => {
  test("follow every change, and null takes one back", () => {
    const room = roomAfter(
      listed(view(3, { topic: "old", receipts: false })),
      live(updated(4, { title: "New name", topic: "new", slow_mode_s: 30 })),
      live(updated(5, { slow_mode_s: null, archived: true, receipts: null })),
    );
    expect([room.title, room.settings]).toEqual(["New name", { topic: "new", archived: true }]);
  });

  test("a page that comes after the view changes them only by what is newer", () => {
    const events = [updated(1, { topic: "one" }), updated(2, { topic: "two" }), message(3)];
    const room = roomAfter(opening, opened(events, view(3, { topic: "two" })));
    expect(room.settings).toEqual({ topic: "two" });
    const late = roomAfter(opening, opened(events, view(1, { topic: "one" })));
    expect(late.settings).toEqual({ topic: "two" });
  });

  test("[MMB-16] lines for who comes and goes are there where the room wants them", () => {
    const events = [
      event(1, "member.joined", { user: "u_x", name: "X", role: "member" }),
      message(2),
    ];
    const kinds = (one: RoomView): readonly string[] =>
      buildRows(roomAfter(opening, opened(events, one)), me).map((row) => row.kind);
    expect(kinds(view(2))).toEqual(["system", "message"]);
    expect(kinds(view(2, { system_lines: false }))).toEqual(["message"]);
  });

  test("nobody writes where it is archived, and only its staff where it announces", () => {
    const why = (one: RoomView): string | undefined =>
      closedTo(roomAfter(opening, opened([], one)));
    expect(why(view(0))).toBeUndefined();
    expect(why(view(0, { archived: true, role: "owner" }))).toBe("archived");
    expect(why(view(0, { kind: "announcement" }))).toBe("announcement");
    expect(closedTo({ kind: "announcement", role: "owner", settings: {} })).toBeUndefined();
  });
});

describe("what is unread", () => {
  const moved = (unreadAfter: number, unread: number, byHand?: true): Action => ({
    type: "mark_moved",
    room: "r",
    unreadAfter,
    unread,
    ...(byHand === undefined ? {} : { byHand }),
  });
  const reading: Action = { type: "reading_changed", room: "r", isReading: true };
  const log = [1, 2, 3, 4].map((sequence) => message(sequence));

  test("[I-20] what was read on another device is read here", () => {
    const room = roomAfter(listed(view(4, { read_mark: 0, unread: 4, mentions: 1 })), moved(4, 0));
    expect([room.unread, room.mentions, room.readMark]).toEqual([0, 0, 4]);
  });

  test("[I-21] a list that is older than what was heard since takes nothing from it", () => {
    const counts = (...actions: readonly Action[]): number[] => {
      const { unread, mentions } = roomAfter(...actions);
      return [unread, mentions];
    };
    const list = (head: number, mark: number, unread: number): Action =>
      listed(view(head, { read_mark: mark, unread_after: mark, unread }));
    const heard = [live(message(5)), live(message(6, { mentions: { room: true } }))];
    expect(counts(list(4, 2, 2), ...heard, list(5, 2, 3))).toEqual([4, 1]);
    expect(counts(list(4, 2, 2), ...heard, list(3, 2, 1))).toEqual([3, 1]);
    // One that is not older counts, and one of another mark rests on it.
    expect(counts(list(4, 2, 2), ...heard, list(6, 2, 3))).toEqual([3, 0]);
    expect(counts(list(4, 2, 2), ...heard, list(5, 5, 0))).toEqual([1, 1]);
    expect(counts(list(4, 2, 2), ...heard, list(6, 6, 0))).toEqual([0, 0]);
    const answered = live(message(7, {}, me.id));
    expect(counts(list(4, 2, 2), ...heard, answered, list(5, 2, 3))[1]).toBe(0);
  });

  test("counts mentions of the reader, of the room and of who was there, and nothing of threads or of oneself", () => {
    const room = roomAfter(
      listed(view(0, { read_mark: 0 })),
      live(message(1, { mentions: { users: ["u_me"] } })),
      live(message(2, { mentions: { room: true } })),
      live(message(3, { mentions: { here: ["u_me"] } })),
      live(message(4, { mentions: { users: ["u_other"] } })),
      live(message(5, { mentions: { users: ["u_me"] }, thread: "e1" })),
      live(message(6, { mentions: { room: true } }, me.id)),
    );
    expect([room.unread, room.mentions]).toEqual([4, 3]);
  });

  test("[I-21] marked unread by hand it stays so while it is on the screen, until the reader writes", () => {
    const before: readonly Action[] = [opening, opened(log, view(4, { read_mark: 4, unread: 0 }))];
    const held = roomAfter(
      listed(view(4, { read_mark: 4 })),
      ...before,
      reading,
      moved(1, 3, true),
    );
    expect([held.unread, held.newAfter, held.isHeldUnread]).toEqual([3, 1, true]);
    const more = reduce({ ...initialState(me), rooms: { r: held } }, live(message(5))).rooms["r"];
    expect(more?.unread).toBe(4);
    const own = reduce({ ...initialState(me), rooms: { r: held } }, live(message(5, {}, me.id)));
    expect([own.rooms["r"]?.unread, own.rooms["r"]?.isHeldUnread]).toEqual([0, false]);
  });

  test("[I-21] a mark that went back on another device is shown here, also while one reads", () => {
    const room = roomAfter(
      listed(view(4, { read_mark: 4 })),
      opening,
      opened(log),
      reading,
      moved(2, 2),
    );
    expect([room.unread, room.isHeldUnread, room.newAfter]).toEqual([2, true, 2]);
    expect(
      reduce({ ...initialState(me), rooms: { r: room } }, moved(4, 0)).rooms["r"]?.unread,
    ).toBe(0);
  });

  test("a mark of one's own that comes back late holds nothing, and where nobody looks, looking is reading", () => {
    const before = [listed(view(4, { read_mark: 4 })), opening, opened(log), reading] as const;
    const echo: Action = { type: "mark_moved", room: "r", unreadAfter: 3, unread: 1, isEcho: true };
    const late = roomAfter(...before, echo);
    expect([late.unread, late.isHeldUnread, late.newAfter]).toEqual([0, false, undefined]);
    const away = roomAfter(listed(view(4, { read_mark: 4 })), opening, opened(log), moved(2, 2));
    expect([away.unread, away.isHeldUnread]).toEqual([2, false]);
    expect(reduce({ ...initialState(me), rooms: { r: away } }, reading).rooms["r"]?.unread).toBe(0);
  });
});
