/** Documents over time: states, compaction, what was erased, versions, and nodes that write at once. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { DocumentSynced, EventFrame, RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { statesToDrop } from "./document-history.ts";

const room = "doc_plan";
const minuteMs = 60_000;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

interface Scene {
  readonly nodes: readonly Harness[];
  readonly clock: ManualClock;
  readonly store: ReturnType<typeof createMemoryStore>;
  node(): Promise<Harness>;
}

async function start(): Promise<Scene> {
  const store = createMemoryStore({ random: () => 0.5 });
  const hub = new MemoryHub();
  const clock = new ManualClock();
  for (const user of ["ann", "bob"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  let count = 0;
  const node = (): Promise<Harness> => {
    count += 1;
    return startNode({ ...store, broker: createMemoryBroker(hub), nodeId: `n${count}`, clock });
  };
  return { nodes: [await node(), await node()], clock, store, node };
}

const sync = (client: TestClient, vector?: Uint8Array): Promise<DocumentSynced> =>
  client.ask<"sync_document">({
    type: "sync_document",
    room,
    ...(vector === undefined ? {} : { state_vector: text(vector) }),
  });

const fold = (...updates: readonly string[]): Y.Doc => {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, bytes(update));
  return doc;
};
const said = (update: string): string => fold(update).getText("t").toJSON();

/** A person with a copy of the document, who sends what they write at once. */
class Writer {
  readonly doc = new Y.Doc();
  readonly client: TestClient;
  readonly sent: Promise<unknown>[] = [];

  constructor(client: TestClient) {
    this.client = client;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "server") this.sent.push(this.#send(update));
    });
  }

  #send(update: Uint8Array): Promise<unknown> {
    return this.client.ask<"update_document">({
      type: "update_document",
      room,
      update: text(update),
    });
  }

  /** As a client does after it was away: what it lacks, then what the server lacks. */
  async sync(): Promise<void> {
    const { update, state_vector } = await sync(this.client, Y.encodeStateVector(this.doc));
    Y.applyUpdate(this.doc, bytes(update), "server");
    const own = Y.encodeStateAsUpdate(this.doc, bytes(state_vector));
    await this.#send(own);
  }

  /** Takes in what it was told live. */
  read(): void {
    for (const frame of this.client.frames.splice(0)) {
      if (frame.type !== "document.updated" || !("data" in frame)) continue;
      Y.applyUpdate(this.doc, bytes(frame.data.update), "server");
    }
  }

  write(at: number, what: string): void {
    const shared = this.doc.getText("t");
    if (what === "" && shared.length > 0) shared.delete(at % shared.length, 1);
    else shared.insert(at % (shared.length + 1), what);
  }
}

async function writers({ nodes }: Scene): Promise<[Writer, Writer]> {
  const [one, two] = nodes as [Harness, Harness];
  const ann = await one.signIn("ann");
  await ann.ask({ type: "subscribe", room });
  await ann.ask({ type: "add_member", room, user: "bob" } as never);
  const bob = await two.signIn("bob");
  await bob.ask({ type: "subscribe", room });
  return [new Writer(ann), new Writer(bob)];
}

/** Lets time pass until a state is stored and what it has is erased. */
async function compactAll({ clock, store }: Scene): Promise<number> {
  await clock.advance(11 * minuteMs);
  await settle(20);
  await clock.advance(12 * minuteMs);
  await settle(20);
  const page = await store.log.read({ room: room as RoomId, after: 0, limit: 5_000 });
  return (page?.events ?? []).filter(({ frame }) => "erased" in frame).length;
}

describe("documents over time", () => {
  test("[I-12] nodes and people who write at once, are cut off and come back, all end with the same", async () => {
    const step = fc.record({
      who: fc.nat(1),
      at: fc.nat(30),
      what: fc.constantFrom("a", "bc", "", "語"),
      next: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom("nothing", "nothing", "read", "sync") },
        { weight: 1, arbitrary: fc.constant("compact") },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const scene = await start();
        const both = await writers(scene);
        for (const { who, at, what, next } of steps) {
          const writer = both[who] as Writer;
          writer.write(at, what);
          if (next === "read") {
            await settle(4);
            writer.read();
          } else if (next === "sync") await writer.sync();
          else if (next === "compact") {
            await Promise.all(both.flatMap(({ sent }) => sent));
            await compactAll(scene);
          }
        }
        await Promise.all(both.flatMap(({ sent }) => sent));
        for (const writer of both) await writer.sync();
        for (const writer of both) await writer.sync();
        const third = await (await scene.node()).signIn("ann");
        const fresh = said((await sync(third)).update);
        // The plain model: everything that anybody wrote, applied in one document.
        const model = new Y.Doc();
        for (const { doc } of both) Y.applyUpdate(model, Y.encodeStateAsUpdate(doc));
        const wanted = model.getText("t").toJSON();
        expect(both.map(({ doc }) => doc.getText("t").toJSON())).toEqual([wanted, wanted]);
        expect(fresh).toBe(wanted);
      }),
      { numRuns: 8 },
    );
  });

  test("a state is stored in time by one node, and what is in it long enough leaves the log", async () => {
    const scene = await start();
    const [ann, bob] = await writers(scene);
    for (const letter of "detcapmoc") ann.write(0, letter);
    await Promise.all(ann.sent);
    await settle(20);
    // Both have it in memory.
    await bob.sync();
    expect(await compactAll(scene)).toBeGreaterThan(0);
    const states = await scene.store.directory.documentStates(room as RoomId, undefined, 10);
    expect(states).toHaveLength(1);
    const third = await (await scene.node()).signIn("ann");
    expect(said((await sync(third)).update)).toBe("compacted");
    // The chain holds over what was erased.
    const { head } = await ann.client.ask<"get_room">({ type: "get_room", room });
    const proof = await ann.client.ask<"proof">({ type: "proof", room, from: 1, to: head });
    expect(proof.commitments.some((one) => "commitment" in one)).toBe(true);
  });

  test("[I-13] whoever resumes across what was compacted is told so at each place, and syncs", async () => {
    const scene = await start();
    const [ann] = await writers(scene);
    const place = await ann.client.ask<"get_room">({ type: "get_room", room });
    for (const letter of "yawa") ann.write(0, letter);
    await Promise.all(ann.sent);
    await compactAll(scene);
    ann.write(0, "!");
    await Promise.all(ann.sent);
    const back = await (await scene.node()).signIn("bob");
    const position = { epoch: place.epoch, offset: place.head };
    await back.ask({ type: "subscribe", room, position });
    await settle(20);
    const told = back.frames.filter(({ type }) => type === "document.updated") as EventFrame[];
    const sequences = told.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, at) => place.head + 1 + at));
    expect(told.map((frame) => "erased" in frame).at(0)).toBe(true);
    expect(told.map((frame) => "erased" in frame).at(-1)).toBe(false);
    expect(said((await sync(back)).update)).toBe("!away");
  });

  test("a version has a name, is listed, read, and gone back to without taking anything from others", async () => {
    const scene = await start();
    const [ann, bob] = await writers(scene);
    ann.write(0, "first draft");
    await Promise.all(ann.sent);
    const named = await ann.client.ask<"name_document_version">({
      type: "name_document_version",
      room,
      name: "Draft 語",
    });
    expect(named).toMatchObject({ name: "Draft 語", author: "ann", author_name: "ann" });
    await settle(20);
    expect(bob.client.frames).toContainEqual(
      expect.objectContaining({
        type: "document.named",
        data: { version: named.version, name: "Draft 語", by_name: "ann" },
      }),
    );
    bob.read();
    await bob.sync();
    bob.doc.getText("t").delete(0, 6);
    bob.doc.getMap("m").set("k", 1);
    await Promise.all(bob.sent);
    const list = await bob.client.ask<"list_document_versions">({
      type: "list_document_versions",
      room,
    });
    expect(list.versions).toMatchObject([{ version: named.version, name: "Draft 語" }]);
    const { version } = named;
    const version1 = await bob.client.ask<"get_document_version">({
      type: "get_document_version",
      room,
      version,
    });
    expect(said(version1.update)).toBe("first draft");
    const restored = await bob.client.ask<"restore_document">({
      type: "restore_document",
      room,
      version,
    });
    await settle(20);
    const event = ann.client.frames.findLast(({ type }) => type === "document.updated");
    expect(event).toMatchObject({ sequence: restored.sequence, data: { restored: version } });
    const after = fold((await sync(ann.client)).update);
    expect(after.getText("t").toJSON()).toBe("first draft");
    expect(after.getMap("m").toJSON()).toEqual({});
    const absent = { type: "get_document_version", room, version: 999 } as const;
    await expect(ann.client.ask(absent)).rejects.toThrow(/"not_found"/);
  });

  test("[Z9] versions are named and gone back to by those who write, and are no secret of readers only", async () => {
    const scene = await start();
    const [ann, bob] = await writers(scene);
    ann.write(0, "x");
    await Promise.all(ann.sent);
    await ann.client.ask({ type: "set_role", room, user: "bob", role: "guest" } as never);
    const name = { type: "name_document_version", room, name: "Mine" } as const;
    const { version } = await ann.client.ask<"name_document_version">(name);
    await expect(bob.client.ask(name)).rejects.toThrow(/"forbidden"/);
    await expect(bob.client.ask({ type: "restore_document", room, version })).rejects.toThrow(
      /"forbidden"/,
    );
    const reading = { type: "get_document_version", room, version } as const;
    expect(said((await bob.client.ask<"get_document_version">(reading)).update)).toBe("x");
    await ann.client.ask({ type: "remove_member", room, user: "bob" } as never);
    for (const command of [reading, { type: "list_document_versions", room } as const, name]) {
      await expect(bob.client.ask(command)).rejects.toThrow(/"not_found"/);
    }
  });

  test("a history within its bounds keeps the newest, what has a name, and more of what is new", () => {
    const day = 86_400_000;
    const now = 1_000 * day;
    const records = Array.from({ length: 500 }, (_, at) => ({
      sequence: 500 - at,
      time: now - at * day,
      bytes: 10,
      ...(at === 250 ? { named: { name: "N", author: "ann" as UserId, authorName: "Ann" } } : {}),
    }));
    const dropped = new Set(statesToDrop(records, now, { count: 20, bytes: 10_000 }));
    const kept = records.filter(({ sequence }) => !dropped.has(sequence));
    expect(kept).toHaveLength(21);
    expect(kept.map(({ sequence }) => sequence)).toEqual(expect.arrayContaining([500, 250]));
    const ofLastMonth = kept.filter(({ time }) => time > now - 30 * day).length;
    expect(ofLastMonth).toBeGreaterThan(5);
    expect(kept.filter(({ time }) => time < now - 100 * day).length).toBeGreaterThan(2);
    expect(statesToDrop(records, now, { count: 1_000, bytes: 1_000 }).length).toBeGreaterThan(390);
    expect(statesToDrop(records.slice(0, 5), now, { count: 5, bytes: 1_000 })).toEqual([]);
  });
});
