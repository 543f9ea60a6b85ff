import type { Doing, Entry, Identity, Task } from "@parlance/core";
import { fields, limits, ProtocolError } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzRuns } from "../../test/fuzz.ts";
import { createPusher } from "./index.ts";

const longRunMs = 1_800_000;
const dialect = createPusher({
  key: "key",
  publicChannels: true,
  storedEvents: new Set(["client-message"]),
});

const ann = { user: "ann", name: "Ann", kind: "external", principal: "ann" } as unknown as Identity;

const odd = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "", "\u0000", "\ud800", "private-a", "presence-a"),
  fc.constantFrom("private-encrypted-a", "cache-a", "#server-to-user-ann", '{"user_id":"ann"}'),
  fc.constantFrom(null, true, -1, 7, 2 ** 53, {}, []),
  fc.string(),
  fc.jsonValue(),
);
const members = ["channel", "auth", "channel_data", "user_data", "extra"];
const names = [
  "pusher:subscribe",
  "pusher:unsubscribe",
  "pusher:signin",
  "pusher:ping",
  "pusher_internal:member_added",
  "client-message",
  "client-x",
  "client-",
];
const nearly = fc
  .record({
    event: fc.oneof(fc.constantFrom(...names), odd),
    data: fc.oneof(fc.dictionary(fc.constantFrom(...members), odd, { maxKeys: 4 }), odd),
    channel: odd,
  })
  .map((frame) => JSON.stringify(frame));

test("[P3] [P7] the pusher decoder is total", { timeout: longRunMs }, () => {
  const frames = fc.array(fc.oneof(fc.string(), fc.json(), nearly, nearly), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(frames, fc.boolean(), fc.webPath(), (texts, isIn, path) => {
      const sent: string[] = [];
      const tasks: Task[] = [];
      const doing: Doing = {
        identity: isIn ? ann : undefined,
        connectionId: "c1" as Doing["connectionId"],
        now: 1_700_000_000_000,
        url: isIn ? "/app/key?protocol=7" : path,
        run: (task: Exclude<Task, Entry>) => void tasks.push(task),
        enter: (entry) => void tasks.push(entry),
        send: (payload) => void sent.push(String(payload)),
        badFrame: () => {},
        newMessageId: () => "m1" as ReturnType<Doing["newMessageId"]>,
        placeIn: () => undefined,
        forgetPlace: () => {},
        end: () => {},
        after: () => {},
      };
      const translator = dialect.begin();
      translator.opened?.(doing);
      for (const text of texts) translator.received(text, doing);
      for (const task of tasks.slice(0, 20)) {
        if (task.type === "subscribe_signed") {
          const { room } = task.subscribe;
          expect(fields.roomId.safeParse(room).success).toBe(true);
          // What needs a signature has one asked for; without it a page would read what nobody let it.
          const isSigned = room.startsWith("private-") || room.startsWith("presence-");
          expect(task.proof !== undefined).toBe(isSigned);
        }
        if (task.type === "enter") translator.entered?.(ann, doing);
        translator.refused(task, new ProtocolError("forbidden"), doing);
      }
      for (const text of sent) {
        expect(text.length).toBeLessThan(limits.frameBytes);
        expect(typeof (JSON.parse(text) as { event?: unknown }).event).toBe("string");
      }
    }),
    { numRuns: fuzzRuns },
  );
});
