import type { EventFrame } from "@parlance/client";
import { inboxesOf, initialState } from "@parlance/react";
import { expect, test } from "vitest";
import { type Notice, noticeOf } from "./notification.ts";

function eventOf(text: string, data?: object): EventFrame {
  return {
    type: "message.created",
    room: "user:u1",
    sequence: 3,
    id: "e3",
    author: "service:shop",
    time: "2026-11-27T10:00:00.000Z",
    data: { text, author_name: "shop", ...(data === undefined ? {} : { data }) },
  } as unknown as EventFrame;
}

const shown = (text: string, data?: object): Partial<Notice> => {
  const { title, text: body, target } = noticeOf(eventOf(text, data)) ?? {};
  return { title, text: body ?? "", target };
};

test("[NTC-1] text, title and where it leads come from the message, at either depth", () => {
  expect(shown("On its way.")).toEqual({
    title: undefined,
    text: "On its way.",
    target: undefined,
  });
  expect(shown("x", { title: "Shipped", url: "https://shop.example/1" })).toEqual({
    title: "Shipped",
    text: "x",
    target: { kind: "web", href: "https://shop.example/1", host: "shop.example" },
  });
  expect(shown("x", { data: { title: "Booked", room: "general" } })).toEqual({
    title: "Booked",
    text: "x",
    target: { kind: "room", href: "/room/general" },
  });
});

test("[NTC-1] where a back end gave no text, the type and the facts stand for it", () => {
  const data = { type: "file_downloaded", file_id: 3, filename: "a.txt", timestamp: 1, deep: {} };
  expect(shown("file_downloaded", data)).toMatchObject({
    title: "File downloaded",
    text: "file id: 3, filename: a.txt",
  });
  expect(shown("Bob took it.", data)).toMatchObject({ title: undefined, text: "Bob took it." });
});

test("only http and https lead out, only a room's id leads in", () => {
  for (const url of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", 7]) {
    expect(shown("x", { url }).target).toBeUndefined();
  }
  for (const room of ["../admin", "a/b", "", 7]) {
    expect(shown("x", { room }).target).toBeUndefined();
  }
});

test("what is no message, or erased, is no notification", () => {
  const { data: _, ...rest } = eventOf("x") as unknown as Record<string, unknown>;
  expect(noticeOf({ ...rest, erased: true } as unknown as EventFrame)).toBeUndefined();
  expect(
    noticeOf({ ...rest, type: "member.joined", data: {} } as unknown as EventFrame),
  ).toBeUndefined();
});

test("a user has two inboxes", () => {
  const { me } = initialState({ id: "u1", name: "Ann", kind: "guest" } as never);
  expect(inboxesOf(me.id)).toEqual(["user:u1", "notifications_u1"]);
});
