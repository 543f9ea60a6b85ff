/** A provider whose line is so slow that updates are compacted before it is given them. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { Inlet, Link, Wire } from "@parlance/core";
import type { RoomId, UserId } from "@parlance/protocol";
import { startNode } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { Reader, withLength } from "./bytes.ts";
import { decode } from "./decode.ts";
import { createYjs } from "./index.ts";

const room = "doc_plan";
const minuteMs = 60_000;

const wire: Wire = {
  dialect: createYjs(),
  frame: (payload) => withLength(Buffer.from(payload as Uint8Array)),
  join: (frames) => Buffer.concat(frames),
};

/** A line that takes nothing while it is held. */
class SlowLine implements Link {
  isHeld = false;
  readonly doc = new Y.Doc();
  /** Not read yet. */
  readonly #waiting: Uint8Array[] = [];
  inlet: Inlet | undefined;

  get unsentBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  write(chunk: Uint8Array): void {
    if (this.isHeld) this.#waiting.push(chunk);
    else this.#read(chunk);
  }

  release(): void {
    this.isHeld = false;
    for (const chunk of this.#waiting.splice(0)) this.#read(chunk);
    this.inlet?.drained();
  }

  #read(chunk: Uint8Array): void {
    const reader = new Reader(chunk);
    while (!reader.isAtEnd) {
      const message = decode(reader.bytes() ?? new Uint8Array());
      if (message?.type === "update") Y.applyUpdate(this.doc, message.update);
    }
  }

  close(): void {}
  terminate(): void {}
}

test("[YJS-4] [I-13] a provider that is given updates after they were compacted is synced anew, and misses nothing", async () => {
  const store = createMemoryStore({ random: () => 0.5 });
  const clock = new ManualClock();
  for (const user of ["ann", "bob"]) await store.directory.upsertExternal(user as UserId, user, 0);
  const { node, signIn } = await startNode({
    ...store,
    broker: createMemoryBroker(),
    clock,
    settings: { outboxBytes: 1_000, stallTimeoutMs: 100 * minuteMs },
  });
  const ann = await signIn("ann");
  await ann.ask({ type: "subscribe", room });
  await ann.ask({ type: "add_member", room, user: "bob" });
  const written = new Y.Doc();
  const write = async (what: string): Promise<void> => {
    const before = Y.encodeStateVector(written);
    written.getText("t").insert(written.getText("t").length, what);
    const update = Buffer.from(Y.encodeStateAsUpdate(written, before)).toString("base64");
    await ann.ask({ type: "update_document", room, update });
  };
  await write("begun ");

  const line = new SlowLine();
  line.inlet = node.connect(line, wire, {
    address: "127.0.0.1",
    transport: "websocket",
    handshake: { headers: {}, url: `/yjs/${room}`, address: "", dialect: "yjs", token: "bob" },
  });
  line.inlet.receive(Buffer.from([0, 0, 1, 0]));
  const text = (): string => line.doc.getText("t").toJSON();
  for (let turn = 0; turn < 50 && text() === ""; turn += 1) await settle(5);
  expect(text()).toBe("begun ");

  line.isHeld = true;
  // More than a node keeps in memory of one room.
  for (let count = 0; count < 12; count += 1) await write("x".repeat(90_000));
  await settle(20);
  await clock.advance(11 * minuteMs);
  await settle(20);
  await clock.advance(12 * minuteMs);
  await settle(20);
  const page = await store.log.read({ room: room as RoomId, after: 0, limit: 100 });
  const erased = page?.events.filter(({ frame }) => "erased" in frame) ?? [];
  expect(erased.length).toBeGreaterThan(9);

  line.release();
  const want = written.getText("t").toJSON();
  for (let turn = 0; turn < 50 && text() !== want; turn += 1) {
    await settle(5);
    await clock.advance(100);
  }
  expect(text()).toBe(want);
  await write(" done");
  for (let turn = 0; turn < 50 && !text().endsWith("done"); turn += 1) await settle(5);
  expect(text()).toBe(written.getText("t").toJSON());
});
