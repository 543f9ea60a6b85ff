/** What a document said, exported and imported: the same text, also while somebody has it open. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import { createDocuments } from "@parlance/collab";
import type {
  EventFrame,
  EventId,
  ImportedDocumentState,
  RoomId,
  Sequence,
  UserId,
} from "@parlance/protocol";
import { type Harness, startNode } from "@parlance/testkit/harness";
import { ManualClock } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { exportDocumentState } from "./document-lines.ts";
import { importItems } from "./imports.ts";

const room = "doc_plan" as RoomId;
const minuteMs = 60_000;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const documents = createDocuments();

interface Scene {
  readonly store: ReturnType<typeof createMemoryStore>;
  readonly clock: ManualClock;
  readonly node: Harness;
}

async function start(): Promise<Scene> {
  const store = createMemoryStore({ random: () => 0.5 });
  const clock = new ManualClock();
  await store.directory.upsertExternal("ann" as UserId, "ann", 0);
  const node = await startNode({ ...store, broker: createMemoryBroker(new MemoryHub()), clock });
  return { store, clock, node };
}

const take = ({ store, clock }: Scene, items: readonly unknown[]) =>
  importItems({ log: store.log, directory: store.directory, clock, documents }, items);

async function eventsOf({ store }: Scene): Promise<readonly EventFrame[]> {
  const page = await store.log.read({ room, after: 0, limit: 10_000 });
  return page?.events.map(({ frame }) => frame) ?? [];
}

async function statesOf({ store }: Scene): Promise<readonly ImportedDocumentState[]> {
  const { log, directory } = store;
  const states: ImportedDocumentState[] = [];
  for (let before: Sequence | undefined; ; ) {
    const state = await exportDocumentState({ log, directory, documents }, room, before);
    if (state === undefined) return states;
    states.push(state);
    before = state.sequence;
  }
}

/** Lines of events, as the command writes them. */
const linesOf = (events: readonly EventFrame[]): readonly object[] =>
  events.map((frame) => {
    const { type, room: _, sequence, id, author, time, client_message_id: key } = frame;
    const said = "data" in frame ? { data: frame.data } : { erased: true };
    const keyed = key === undefined ? {} : { client_message_id: key };
    return { type: "event", room, sequence, id, event: type, author, time, ...keyed, ...said };
  });

async function said({ node }: Scene): Promise<{ text: string; sequence: Sequence }> {
  const client = await node.signIn("ann");
  const { update, sequence } = await client.ask<"sync_document">({ type: "sync_document", room });
  const doc = new Y.Doc();
  Y.applyUpdate(doc, bytes(update));
  return { text: doc.getText("t").toJSON(), sequence };
}

/** A document of 600 updates, the first 500 and more of which are only in a state, with one deleted word. */
async function written(): Promise<Scene> {
  const scene = await start();
  const { node, clock } = scene;
  const client = await node.signIn("ann");
  await client.ask({ type: "subscribe", room });
  const doc = new Y.Doc();
  const send = async (change: (written: Y.Text) => void): Promise<void> => {
    let update = new Uint8Array();
    doc.once("update", (made: Uint8Array) => {
      update = new Uint8Array(made);
    });
    change(doc.getText("t"));
    await client.ask<"update_document">({ type: "update_document", room, update: text(update) });
  };
  await send((target) => target.insert(0, "secret "));
  for (let at = 0; at < 520; at += 1) await send((target) => target.insert(target.length, "ab"));
  await send((target) => target.delete(0, 7));
  await client.ask({ type: "name_document_version", room, name: "Draft 語" } as never);
  await clock.advance(11 * minuteMs);
  await scene.store.directory.eraseDocumentUpdates(room, clock.now(), clock.now());
  for (let at = 0; at < 5; at += 1) await send((target) => target.insert(0, "é😀"));
  return scene;
}

describe("lines of documents", () => {
  test("[I-1] a document is imported to the same text, sequences and versions, with its erased updates", async () => {
    const first = await written();
    const events = await eventsOf(first);
    expect(events.filter((frame) => "erased" in frame).length).toBeGreaterThan(500);
    const states = await statesOf(first);
    const [state] = states;
    const second = await start();
    const lines = [
      { type: "room", room, kind: "document", title: "Plan" },
      state,
      ...linesOf(events),
      { type: "document_erased", room, sequence: state?.sequence },
    ];
    const results = await take(second, lines);
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["imported"]));
    expect(linesOf(await eventsOf(second))).toEqual(linesOf(events));
    expect(await statesOf(second)).toEqual(states);
    expect(await said(second)).toEqual(await said(first));
    const again = await take(second, lines);
    expect(new Set(again.map(({ outcome }) => outcome))).toEqual(new Set(["repeated"]));
  });

  test("[I-1] whoever has it open while it is imported reads all of it, and no wrong state is kept", async () => {
    const first = await written();
    const events = linesOf(await eventsOf(first));
    const [state] = await statesOf(first);
    const second = await start();
    const made = { type: "room", room, kind: "document", title: "Plan" };
    await take(second, [made, state, events[0]]);
    const reader = await second.node.signIn("ann");
    await reader.ask({ type: "subscribe", room });
    for (let at = 1; at < events.length; at += 50) {
      await take(second, events.slice(at, at + 50));
      await second.clock.advance(minuteMs);
      expect((await said(second)).text).toContain("abab");
    }
    await expect.poll(() => said(second)).toEqual(await said(first));
    expect(
      (await statesOf(second)).every(({ sequence }) => sequence >= (state?.sequence ?? 0)),
    ).toBe(true);
  });

  test("an erased update whose state is not there is refused, and so is a state of another document", async () => {
    const first = await written();
    const events = linesOf(await eventsOf(first));
    const [state] = await statesOf(first);
    const second = await start();
    const made = { type: "room", room, kind: "document", title: "Plan" };
    const results = await take(second, [made, ...events]);
    const lost = "what it said is in no state of the document";
    expect(results).toContainEqual({ outcome: "refused", why: lost });
    expect((await said(second)).text).toBe("");
    const standIn = { type: "event", room, id: "e_9", event: "document.updated", author: "ann" };
    const time = "2026-01-01T00:00:00.000Z";
    for (const more of [{ erased: true }, { data: { update: "AAA=", author_name: "" } }]) {
      expect(await take(second, [{ ...standIn, time, ...more }])).toEqual([
        { outcome: "refused", why: lost },
      ]);
    }
    const why = async (item: unknown) => (await take(first, [item]))[0];
    const other = { ...state, id: "e_other" as EventId };
    expect(await why(other)).toEqual({ outcome: "refused", why: "another event has its place" });
    expect(await why({ ...state, sequence: 9_999 })).toMatchObject({ outcome: "refused" });
    const garbled = { ...state, state: "AAAA" };
    expect(await take(await start(), [made, garbled])).toMatchObject([
      { outcome: "imported" },
      { outcome: "refused", why: "no state of a document" },
    ]);
    const half = new Y.Doc();
    half.getText("t").insert(0, "one");
    const vector = Y.encodeStateVector(half);
    half.getText("t").insert(3, "two");
    const gap = { ...state, state: text(Y.encodeStateAsUpdate(half, vector)) };
    expect(await take(await start(), [made, gap])).toMatchObject([
      { outcome: "imported" },
      { outcome: "refused", why: "a state with gaps" },
    ]);
  });
});
