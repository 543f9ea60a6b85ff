import type { EventFrame, RoomPreferences, WireUser } from "@parlance/client";
import { type ChatState, initialState, reduce } from "@parlance/react";
import { describe, expect, test } from "vitest";
import { messageNotice } from "./message-notice.ts";

const me = { id: "u_me", name: "Me", kind: "account" } as WireUser;

function message(data: object, author = "u_ann"): EventFrame {
  return {
    type: "message.created",
    room: "r",
    sequence: 3,
    id: "e3",
    author,
    time: "2026-01-01T00:00:00.000Z",
    data: { text: "**Lunch** ||today||?", author_name: "Ann", ...data },
  } as unknown as EventFrame;
}
function state(kind: string, preferences: RoomPreferences = {}): ChatState {
  const view = { room: "r", epoch: "a", head: 2, floor: 0, kind, title: "Kitchen", role: "member" };
  const listed = { type: "rooms_listed", joined: [view as never], discoverable: [] } as const;
  const all = { preferences: {}, rooms: [{ room: "r", preferences }] };
  return reduce(reduce(initialState(me), listed), {
    type: "preferences_listed",
    all: all as never,
  });
}
const mine = { mentions: { users: ["u_me"] } };

describe("the browser tells of", () => {
  test("messages that mention the reader, in one line, and hides what is hidden", () => {
    expect(messageNotice(message(mine), state("public"), 0)).toMatchObject({
      title: "Ann · Kitchen",
      text: "Lunch ▒▒▒?",
      room: "r",
      sequence: 3,
    });
    expect(messageNotice(message({ mentions: { room: true } }), state("public"), 0)).toBeDefined();
  });

  test("what is said directly", () => {
    expect(messageNotice(message({}), state("direct"), 0)?.title).toBe("Ann");
  });

  test("every message of a room where the reader wants that", () => {
    expect(messageNotice(message({}), state("public", { level: "all" }), 0)).toBeDefined();
  });

  test("nothing else: other messages, own ones, rooms that are muted or told to be silent", () => {
    expect(messageNotice(message({}), state("public"), 0)).toBeUndefined();
    expect(messageNotice(message(mine, "u_me"), state("public"), 0)).toBeUndefined();
    for (const wish of [{ muted_until: "forever" }, { level: "nothing" }] as const) {
      expect(messageNotice(message(mine), state("public", wish), 0)).toBeUndefined();
    }
    expect(messageNotice(message({}), state("direct", { level: "mentions" }), 0)).toBeUndefined();
  });
});
