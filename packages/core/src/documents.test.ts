/** Documents over the commands of nodes: who may, what is taken, and that all who read them have the same. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { DocumentSynced, EventFrame, RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";

interface Scene {
  readonly one: Harness;
  readonly two: Harness;
  readonly store: ReturnType<typeof createMemoryStore>;
}

/** @param pause What each append waits for before it is done. */
async function start(documentBytes?: number, pause?: () => Promise<void>): Promise<Scene> {
  const store = createMemoryStore({ random: () => 0.5 });
  const append = store.log.append.bind(store.log);
  if (pause !== undefined) {
    store.log.append = async (given) => {
      await pause();
      return append(given);
    };
  }
  const hub = new MemoryHub();
  for (const user of ["ann", "bob", "eve"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  const settings = documentBytes === undefined ? {} : { documentBytes };
  const node = (nodeId: string): Promise<Harness> =>
    startNode({ ...store, broker: createMemoryBroker(hub), nodeId, settings });
  return { one: await node("n1"), two: await node("n2"), store };
}

const room = "doc_plan";
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** What one change of a document says. */
function change(doc: Y.Doc, edit: (doc: Y.Doc) => void): string {
  const before = Y.encodeStateVector(doc);
  edit(doc);
  return text(Y.encodeStateAsUpdate(doc, before));
}

const write = (client: TestClient, update: string, key?: string) =>
  client.ask<"update_document">({
    type: "update_document",
    room,
    update,
    ...(key === undefined ? {} : { client_message_id: key }),
  });

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

const updates = (client: TestClient): EventFrame[] =>
  client.frames.filter((frame) => frame.type === "document.updated") as EventFrame[];

const insert =
  (at: number, what: string) =>
  (doc: Y.Doc): void =>
    doc.getText("t").insert(at, what);

/** Ann's document with Bob in it. */
async function shared({ one, two }: Scene, role = "member") {
  const ann = await one.signIn("ann");
  await ann.ask({ type: "subscribe", room });
  await ann.ask({ type: "add_member", room, user: "bob", role } as never);
  const bob = await two.signIn("bob");
  await bob.ask({ type: "subscribe", room });
  return { ann, bob };
}

describe("documents", () => {
  test("[I-1] an update is in the log before anybody is told, and everybody on every node gets it", async () => {
    const scene = await start();
    const { ann, bob } = await shared(scene);
    const doc = new Y.Doc();
    const first = change(doc, insert(0, "hello"));
    const { sequence, epoch } = await write(ann, first);
    const page = await scene.store.log.read({ room: room as RoomId, after: 0, limit: 10 });
    expect(page?.events.at(-1)?.frame).toMatchObject({
      type: "document.updated",
      sequence,
      author: "ann",
      data: { update: first, author_name: "ann" },
    });
    await settle(50);
    expect(updates(bob)).toMatchObject([{ sequence, data: { update: first } }]);
    const synced = await sync(bob);
    expect(synced).toMatchObject({ room, epoch, sequence });
    expect(fold(synced.update).getText("t").toJSON()).toBe("hello");
    expect(bytes(synced.state_vector)).toEqual(Y.encodeStateVector(doc));
  });

  test("a sync tells only what its reader lacks", async () => {
    const scene = await start();
    const { ann, bob } = await shared(scene);
    const doc = new Y.Doc();
    await write(ann, change(doc, insert(0, "one ".repeat(500))));
    const vector = Y.encodeStateVector(doc);
    const later = change(doc, insert(0, "two"));
    await write(ann, later);
    const { update } = await sync(bob, vector);
    expect(update.length).toBeLessThan(60);
    Y.applyUpdate(doc, bytes(update));
    expect(doc.getText("t").toJSON().startsWith("twoone ")).toBe(true);
  });

  test("come into being by use, owned by their maker, and are hidden from strangers", async () => {
    const { one, store } = await start();
    const ann = await one.signIn("ann");
    const eve = await one.signIn("eve");
    await sync(ann);
    expect(await store.log.open(room as RoomId)).toMatchObject({ kind: "document", head: 1 });
    expect(await ann.ask({ type: "get_room", room })).toMatchObject({ role: "owner", unread: 0 });
    for (const command of [
      { type: "sync_document", room },
      { type: "update_document", room, update: "AAA=" },
      { type: "subscribe", room },
      { type: "join", room },
    ] as const) {
      await expect(eve.ask(command)).rejects.toThrow(/"not_found"/);
    }
    const made = { type: "create_room", kind: "document", title: "Plan" } as const;
    expect(await eve.ask<"create_room">(made)).toMatchObject({ kind: "document", role: "owner" });
    const named = { type: "create_room", kind: "public", title: "x", room: "doc_x" } as const;
    await expect(eve.ask(named)).rejects.toThrow(/"bad_request"/);
    expect(await eve.ask({ ...named, kind: "document" })).toMatchObject({ room: "doc_x" });
  });

  test("are read by guests of theirs and written by members only", async () => {
    const scene = await start();
    const { ann, bob } = await shared(scene, "guest");
    const doc = new Y.Doc();
    await write(ann, change(doc, insert(0, "read me")));
    await expect(write(bob, change(doc, insert(0, "x")))).rejects.toThrow(/"forbidden"/);
    expect(
      fold((await sync(bob)).update)
        .getText("t")
        .toJSON(),
    ).toBe("read me");
    const put = { type: "set_role", room, user: "bob", role: "member" } as const;
    await ann.ask(put);
    const own = fold((await sync(bob)).update);
    await write(bob, change(own, insert(0, "please ")));
    expect(
      fold((await sync(ann)).update)
        .getText("t")
        .toJSON(),
    ).toBe("please read me");
    await ann.ask({ type: "remove_member", room, user: "bob" });
    await expect(sync(bob)).rejects.toThrow(/"not_found"/);
    await expect(write(bob, change(own, insert(0, "y")))).rejects.toThrow(/"not_found"/);
  });

  test("[I-5] what is no update, or stands on what is not there, is refused and told to nobody", async () => {
    const scene = await start();
    const { ann, bob } = await shared(scene);
    const doc = new Y.Doc();
    const first = change(doc, insert(0, "a"));
    const second = change(doc, insert(1, "b"));
    await expect(write(ann, second)).rejects.toThrow(/"conflict"/);
    await expect(write(ann, text(bytes(first).subarray(0, 5)))).rejects.toThrow(/"bad_request"/);
    await expect(write(ann, "AAAA")).rejects.toThrow(/"bad_request"/);
    const removal = fold(first);
    await write(ann, first);
    await write(ann, second);
    removal.getText("t").insert(1, "zz");
    await expect(
      write(
        ann,
        change(removal, (it) => it.getText("t").delete(1, 1)),
      ),
    ).rejects.toThrow(/"conflict"/);
    await settle(50);
    expect(updates(bob)).toHaveLength(2);
    expect(
      fold((await sync(bob)).update)
        .getText("t")
        .toJSON(),
    ).toBe("ab");
  });

  test("[I-4] what comes again adds nothing, with a client message id it is the same event", async () => {
    const scene = await start();
    const { ann, bob } = await shared(scene);
    const doc = new Y.Doc();
    const update = change(doc, insert(0, "a"));
    const { sequence } = await write(ann, update, "k1");
    expect(await write(ann, update, "k1")).toMatchObject({ sequence, repeated: true });
    expect(await write(bob, update)).toMatchObject({ sequence, repeated: true });
    await expect(write(ann, change(doc, insert(0, "b")), "k1")).rejects.toThrow(/"conflict"/);
    await settle(50);
    expect(updates(bob)).toHaveLength(1);
  });

  test("updates that wait for one commit become one event of each writer, and each is acknowledged", async () => {
    const scene = await start(undefined, () => settle(3));
    const { ann, bob } = await shared(scene);
    const doc = new Y.Doc();
    const typed = Array.from("a long line of text", (letter, at) =>
      change(doc, insert(at, letter)),
    );
    const places = await Promise.all(typed.map((update) => write(ann, update)));
    await settle(50);
    const events = updates(bob);
    expect(events.length).toBeLessThan(typed.length);
    for (const { sequence } of places) {
      expect(events.some((event) => event.sequence === sequence)).toBe(true);
    }
    expect(
      fold((await sync(bob)).update)
        .getText("t")
        .toJSON(),
    ).toBe("a long line of text");
    // One that is no good does not take its neighbours with it.
    const [good, bad, other] = await Promise.allSettled([
      write(ann, change(doc, insert(0, "1"))),
      write(ann, change(new Y.Doc(), (it) => it.getMap("m").set("k", 1)).replace(/.{4}$/, "")),
      write(ann, change(doc, insert(0, "2"))),
    ]);
    expect([good?.status, bad?.status, other?.status]).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
  });

  test("are as large as the operator allows", async () => {
    const scene = await start(4_000);
    const { ann, bob } = await shared(scene);
    const doc = new Y.Doc();
    await write(ann, change(doc, insert(0, "x".repeat(3_000))));
    await expect(write(ann, change(doc, insert(0, "y".repeat(2_000))))).rejects.toThrow(
      /"too_large".*"limit":4000/,
    );
    expect(fold((await sync(bob)).update).getText("t").length).toBe(3_000);
  });

  test("are documents only where the room is one", async () => {
    const { one } = await start();
    const ann = await one.signIn("ann");
    const elsewhere = { type: "update_document", room: "general", update: "AAA=" } as const;
    await expect(ann.ask(elsewhere)).rejects.toThrow(/"bad_request"/);
  });
});
