/** No bytes make the decoder or a whole conversation fail. `PARLANCE_FUZZ_RUNS` makes a long run of it. */
import type { Doing, Entry, Identity, Task } from "@parlance/core";
import { commandSchema, ProtocolError } from "@parlance/protocol";
import fc from "fast-check";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { fuzzRuns } from "../../test/fuzz.ts";
import { numberBytes, Reader, textBytes, withLength } from "./bytes.ts";
import { decode, readState } from "./decode.ts";
import { awarenessFrame, deniedFrame, syncFrame } from "./encode.ts";
import { readAddress } from "./handshake.ts";
import { createYjs } from "./index.ts";

const runs = { numRuns: fuzzRuns };
const someUpdate = ((): Uint8Array => {
  const doc = new Y.Doc();
  doc.getText("t").insert(0, "abc");
  return Y.encodeStateAsUpdate(doc);
})();

/** Frames nearly in order, and not at all. */
const number = fc.oneof(fc.nat(), fc.constantFrom(0, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER));
const state = fc.oneof(
  fc.json(),
  fc.string(),
  fc.constantFrom("null", "{}", '{"__proto__":{"a":1}}', '{"user":null}', "[".repeat(5_000)),
);
const awareness = fc
  .array(fc.tuple(number, number, state), { maxLength: 4 })
  .map((states) =>
    Buffer.concat([
      Buffer.from(numberBytes(states.length)),
      ...states.map(([client, clock, text]) =>
        Buffer.concat([
          Buffer.from([...numberBytes(client), ...numberBytes(clock)]),
          textBytes(text),
        ]),
      ),
    ]),
  );
const head = fc.constantFrom([0, 0], [0, 1], [0, 2], [0, 9], [1], [2, 0], [3], [100]);
const body = fc.oneof(awareness, fc.uint8Array({ maxLength: 60 }), fc.constant(someUpdate));
const nearly = fc
  .tuple(head, body)
  .map(([kind, bytes]) => Buffer.concat([Buffer.from(kind), withLength(bytes)]));
/** A good one with one byte changed, or cut. */
const bent = fc.tuple(nearly, fc.nat(), fc.nat(255), fc.nat()).map(([bytes, at, byte, end]) => {
  const copy = Uint8Array.from(bytes);
  copy[at % copy.length] = byte;
  return copy.subarray(0, 1 + (end % copy.length));
});
const frame: fc.Arbitrary<Uint8Array> = fc.oneof(fc.uint8Array({ maxLength: 80 }), nearly, bent);

test("numbers and strings are lib0's, both ways", () => {
  fc.assert(
    fc.property(number, fc.string({ unit: "binary" }), (value, text) => {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, value);
      encoding.writeVarString(encoder, text);
      const theirs = encoding.toUint8Array(encoder);
      const ours = Buffer.concat([Buffer.from(numberBytes(value)), textBytes(text)]);
      expect([...ours]).toEqual([...theirs]);
      const decoder = decoding.createDecoder(theirs);
      const reader = new Reader(theirs);
      expect(reader.number()).toBe(decoding.readVarUint(decoder));
      expect(reader.text()).toBe(decoding.readVarString(decoder));
      expect(reader.isAtEnd).toBe(true);
    }),
    runs,
  );
});

test("[YJS-8] decoding is total, and what is read lies inside the frame", () => {
  fc.assert(
    fc.property(frame, (bytes) => {
      // As from a socket: the frame is a part of a larger buffer.
      const around = Buffer.concat([Buffer.alloc(16, 1), bytes, Buffer.alloc(64, 1)]);
      const inside = around.subarray(16, 16 + bytes.length);
      const message = decode(inside);
      if (message?.type === "ask") expect(isInside(message.vector, inside)).toBe(true);
      if (message?.type === "update") expect(isInside(message.update, inside)).toBe(true);
      if (message?.type !== "awareness") return;
      for (const raw of message.states) {
        const read = readState(raw);
        if (read !== undefined && read.state !== null) expect(typeof read.state).toBe("object");
      }
    }),
    runs,
  );
});

function isInside(part: Uint8Array, whole: Uint8Array): boolean {
  return (
    part.buffer === whole.buffer &&
    part.byteOffset >= whole.byteOffset &&
    part.byteOffset + part.length <= whole.byteOffset + whole.length
  );
}

test("any address has a room and perhaps a ticket, or is refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true })), (url) => {
      try {
        expect(readAddress(url).room.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    runs,
  );
});

test("[YJS-8] a conversation of any frames and any answers runs only commands in order", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(
        fc.constantFrom("done", "rate_limited", "forbidden", "conflict", "internal"),
      ),
      (frames, fates) => {
        const translator = createYjs().begin();
        const tasks: Task[] = [];
        const later: (() => void)[] = [];
        let isOver = false;
        const doing: Doing = {
          identity: ann,
          connectionId: "c1" as Doing["connectionId"],
          url: "/yjs/doc_a?ticket=plt_x",
          now: 0,
          run: (task: Exclude<Task, Entry>) => void tasks.push(task),
          enter: (entry: Entry) => void tasks.push(entry),
          send: (payload) => expect(payload).toBeInstanceOf(Uint8Array),
          badFrame: () => {},
          newMessageId: () => "m1" as ReturnType<Doing["newMessageId"]>,
          placeIn: () => undefined,
          forgetPlace: () => {},
          after: (_ms, run) => void later.push(run),
          end: () => {
            isOver = true;
          },
        };
        translator.opened?.(doing);
        const answerAll = (): void => {
          for (let count = 0; count < 60 && !isOver; count += 1) {
            const task = tasks.shift();
            if (task === undefined) {
              const due = later.shift();
              if (due === undefined) return;
              due();
              continue;
            }
            if (task.type === "enter") {
              translator.entered?.(ann, doing);
              continue;
            }
            const parsed = commandSchema(task.type)?.safeParse(task);
            expect(parsed?.success, JSON.stringify(task).slice(0, 200)).toBe(true);
            const fate = fates.next().value;
            if (fate === "done" || task.type === "subscribe") {
              translator.replied(task, replyTo(task), doing);
            } else translator.refused(task, new ProtocolError(fate), doing);
          }
        };
        for (const bytes of frames) {
          if (!isOver) translator.receivedBytes?.(bytes, doing);
          answerAll();
        }
      },
    ),
    { numRuns: Math.ceil(fuzzRuns / 4) },
  );
});

function replyTo(
  task: Exclude<Task, Entry>,
): Parameters<ReturnType<typeof createBegin>["replied"]>[1] {
  switch (task.type) {
    case "subscribe":
      return { kind: "document" } as never;
    case "sync_document":
      return { update: "AAA=", state_vector: "AA==" } as never;
    case "set_awareness":
      return { foreign: [task.states[0]?.client], behind: [{ client: 7, clock: 1 }] } as never;
    case "list_awareness":
      return { states: [{ client: 8, clock: 1, user: "bob", state: {} }] } as never;
    default:
      return {} as never;
  }
}
const createBegin = () => createYjs().begin();

const ann: Identity = {
  user: "ann" as Identity["user"],
  name: "Ann",
  kind: "external",
  principal: "ann" as Identity["principal"],
};

test("what is sent reads back as it was", () => {
  const told = [{ client: 2 ** 31, clock: 300, state: { user: { name: "é\u{1f989}" } } }];
  expect(decode(awarenessFrame(told))).toEqual({
    type: "awareness",
    states: told.map(({ client, clock, state: shown }) => ({
      client,
      clock,
      text: JSON.stringify(shown),
    })),
  });
  const message = decode(syncFrame("update", Buffer.from(someUpdate).toString("base64")));
  expect(message?.type === "update" && [...message.update]).toEqual([...someUpdate]);
  expect([...deniedFrame("no")]).toEqual([2, 0, 2, 110, 111]);
});
