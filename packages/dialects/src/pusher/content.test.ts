import type { AnyDurableEvent, EventFrame, JsonObject } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { contentOfEvent, eventOfFrame, excludedSocket, type PusherEvent } from "./content.ts";

const envelope = { room: "r", sequence: 4, id: "m4", time: "2026-01-01T00:00:00.000Z" };

function stored(event: PusherEvent, author = "service:shop", more: object = {}): EventFrame {
  const content = contentOfEvent(event);
  const data = { ...content, author_name: "Shop", ...more };
  return { ...envelope, type: "message.created", author, data } as unknown as EventFrame;
}

test("an event comes back as it was triggered, to the byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (data) => {
      if (data.includes("\0")) return;
      expect(eventOfFrame(stored({ name: "App\\Events\\Paid", data }))).toEqual({
        name: "App\\Events\\Paid",
        data,
      });
    }),
  );
});

test("people who know no events read what its data says, or its name", () => {
  const textOf = (data: string) => contentOfEvent({ name: "paid", data }).text;
  expect(textOf('{"message":"Hello","x":1}')).toBe("Hello");
  expect(textOf('"Hello"')).toBe("Hello");
  expect(textOf("not JSON")).toBe("not JSON");
  expect(textOf('{"x":1}')).toBe('{"x":1}');
  expect(textOf("")).toBe("paid");
  expect(contentOfEvent({ name: " ", data: "" }).text).toBe("event");
});

test.each([
  ["a name of the protocol", { name: "pusher:error", data: "" }, "bad_request"],
  ["an internal name", { name: "pusher_internal:x", data: "" }, "bad_request"],
  ["no name", { name: "", data: "" }, "bad_request"],
  ["a name too long", { name: "x".repeat(201), data: "" }, "too_large"],
  ["10 KiB and one", { name: "x", data: "x".repeat(10_241) }, "too_large"],
  ["more than 32 KiB escaped", { name: "x", data: "\u0001".repeat(10_240) }, "too_large"],
  ["U+0000", { name: "x", data: "\0" }, "bad_request"],
  ["half a sign", { name: "x", data: "\ud800" }, "bad_request"],
  [
    "a socket with a channel in it",
    { name: "x", data: "", socketId: "1.1:private-a" },
    "bad_request",
  ],
])("[P6] %s is refused", (_, event, code) => {
  expect(() => contentOfEvent(event)).toThrow(expect.objectContaining({ code }));
});

test("10 KiB of data are kept", () => {
  const data = JSON.stringify({ text: '"'.repeat(5_000) }).slice(0, 10_240);
  expect(eventOfFrame(stored({ name: "x", data }))?.data).toBe(data);
});

test("[P7] what a person stores in the back end's name is only a message", () => {
  expect(eventOfFrame(stored({ name: "paid", data: "{}" }, "mallory"))?.name).toBe("message");
  const own = eventOfFrame(stored({ name: "client-typing", data: "{}" }, "ann"));
  expect(own).toEqual({ name: "client-typing", data: "{}", userId: "ann" });
  const forged = { pusher: { name: "pusher:error", data: "{}" } };
  expect(eventOfFrame(stored({ name: "x", data: "" }, "service:a", { data: forged }))?.name).toBe(
    "message",
  );
});

test("what a back end publishes in a user's name keeps its event", () => {
  const frame = stored({ name: "paid", data: "{}" }, "ann", { published_by: "service:shop" });
  expect(eventOfFrame(frame)).toEqual({ name: "paid", data: "{}" });
});

test("the author's connection is known", () => {
  expect(excludedSocket(stored({ name: "x", data: "", socketId: "12.34" }))).toBe("12.34");
  expect(excludedSocket(stored({ name: "x", data: "" }))).toBeUndefined();
  expect(excludedSocket(stored({ name: "x", data: "", socketId: "12.34" }, "mallory"))).toBe(
    undefined,
  );
});

test("[I-28] what other dialects write is an event of its own", () => {
  const said = { text: "hi", author_name: "Ann", author_number: 7, data: { a: 1 } };
  const message = eventOfFrame({
    ...envelope,
    type: "message.created",
    author: "ann",
    data: said,
  } as unknown as AnyDurableEvent);
  expect(message?.name).toBe("message");
  expect(JSON.parse(message?.data ?? "") as JsonObject).toEqual({
    id: "m4",
    sequence: 4,
    from: "ann",
    name: "Ann",
    number: 7,
    text: "hi",
    data: { a: 1 },
    time: envelope.time,
  });
  const edited = eventOfFrame({
    ...envelope,
    type: "message.edited",
    author: "ann",
    data: { message_id: "m2", text: "ho", editor_name: "Ann" },
  } as unknown as AnyDurableEvent);
  expect(edited?.name).toBe("message.edited");
  expect(JSON.parse(edited?.data ?? "") as JsonObject).toMatchObject({
    message_id: "m2",
    text: "ho",
    from: "ann",
    id: "m4",
    sequence: 4,
  });
  const erased = { ...envelope, type: "message.created", author: "ann", erased: true };
  expect(eventOfFrame(erased as unknown as EventFrame)).toBeUndefined();
});
