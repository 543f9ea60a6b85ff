import type { DurableEvent, EventFrame } from "@parlance/protocol";
import { expect, test } from "vitest";
import { wholeMessage } from "./whole-message.ts";

const envelope = { room: "r", author: "bot", time: "2026-01-01T00:00:00.000Z" };
const begun = {
  ...envelope,
  type: "message.created",
  sequence: 1,
  id: "m1",
  data: { text: "so", author_name: "Bot", open: true },
} as unknown as DurableEvent<"message.created">;
const closed = {
  ...envelope,
  type: "message.closed",
  sequence: 7,
  id: "c1",
  data: {
    message_id: "m1",
    text: "so far",
    reason: "cancelled",
    by: "ann",
    author_name: "Bot",
    author_number: 3,
    data: { a: 1 },
  },
} as unknown as DurableEvent<"message.closed">;

test("[OPEN-5] a message that grew is shown when it is closed, as itself, at the place of its closing", () => {
  expect(wholeMessage(begun)).toBeUndefined();
  expect(wholeMessage(closed)).toEqual({
    ...envelope,
    type: "message.created",
    sequence: 7,
    id: "m1",
    data: { text: "so far", author_name: "Bot", author_number: 3, data: { a: 1 } },
  });
});

test("a message that was whole from its beginning is shown as it is", () => {
  const { open: _, ...data } = begun.data;
  expect(wholeMessage({ ...begun, data })).toEqual({ ...begun, data });
});

test("nothing is shown of what ended with nothing to see, was erased, or is no message", () => {
  const nothing = { ...closed, data: { ...closed.data, text: " \u200b\n" } };
  expect(wholeMessage(nothing)).toBeUndefined();
  const { data: _, ...rest } = closed;
  expect(wholeMessage({ ...rest, erased: true } as EventFrame)).toBeUndefined();
  const piece = { type: "message.appended", room: "r", message_id: "m1", at: 2, text: " far" };
  expect(wholeMessage(piece as never)).toBeUndefined();
});
