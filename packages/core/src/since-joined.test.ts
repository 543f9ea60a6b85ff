/** Rooms whose members read what was written since they joined: what is live. All that is read is in the engines' contract. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { EventFrame, FileId, RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryFileStore, createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";

async function twoNodes(): Promise<readonly [Harness, Harness]> {
  const store = createMemoryStore({ random: () => 0.5 });
  const hub = new MemoryHub();
  for (const user of ["ann", "bob", "cat"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  const files = { maxFileBytes: 1_000, quotaBytes: 10_000 };
  const start = (nodeId: string): Promise<Harness> =>
    startNode({
      log: store.log,
      directory: store.directory,
      broker: createMemoryBroker(hub),
      filePorts: { store: createMemoryFileStore(), index: store.files, ...files },
      nodeId,
    });
  return [await start("n1"), await start("n2")];
}

async function roomOf(owner: TestClient): Promise<RoomId> {
  const made = { type: "create_room", kind: "private", title: "R" } as const;
  const { room } = await owner.ask<"create_room">(made);
  await owner.ask({ type: "update_room", room, changes: { history: "since_joined" } });
  return room;
}

const edits = (client: TestClient): EventFrame[] =>
  client.frames.filter((frame): frame is EventFrame => frame.type === "message.edited");

describe("a room whose members read what was written since they joined", () => {
  test("[I-15] an edit of what was written before is told live without what it says, on every node", async () => {
    const [one, two] = await twoNodes();
    const ann = await one.signIn("ann");
    const room = await roomOf(ann);
    const old = await ann.publish(room, "before", "k1");
    await ann.ask({ type: "add_member", room, user: "bob" as UserId });
    const young = await ann.publish(room, "since", "k2");
    const bob = await two.signIn("bob");
    const beside = await one.signIn("bob");
    for (const client of [ann, bob, beside]) await client.ask({ type: "subscribe", room });
    for (const { message_id } of [old, young]) {
      await ann.ask({ type: "edit_message", room, message_id, text: "said anew" });
    }
    await settle(50);
    for (const client of [bob, beside]) {
      const [first, second] = edits(client);
      expect(first).toMatchObject({ erased: true, sequence: 6 });
      expect(JSON.stringify(first)).not.toContain("said anew");
      expect(second).toMatchObject({ data: { text: "said anew", message_sequence: 5 } });
    }
    expect(edits(ann)).toMatchObject([{ data: { text: "said anew" } }, { data: {} }]);
  });

  test("[I-15] a growing message from before is told whole to those only who read from its beginning", async () => {
    const [one] = await twoNodes();
    const ann = await one.signIn("ann");
    const room = await roomOf(ann);
    const opened = { type: "publish", room, text: "secret ", client_message_id: "k1", open: true };
    const { message_id } = await ann.ask<"publish">({ ...opened, type: "publish" });
    await ann.ask({ type: "add_member", room, user: "bob" as UserId });
    const bob = await one.signIn("bob");
    await bob.ask({ type: "subscribe", room });
    await ann.ask({ type: "subscribe", room });
    expect((await bob.refusal({ type: "get_text", room, message_id, from: 0 })).code).toBe(
      "not_found",
    );
    const closing = ann.ask({ type: "close_message", room, message_id });
    await one.clock.advance(1_000);
    await closing;
    await settle(50);
    const closed = (client: TestClient): unknown =>
      client.frames.find(({ type }) => type === "message.closed");
    expect(closed(ann)).toMatchObject({ data: { text: "secret " } });
    expect(closed(bob)).toMatchObject({ erased: true });
  });

  test("whoever reads is told to read anew when the setting changes, on every node", async () => {
    const [one, two] = await twoNodes();
    const ann = await one.signIn("ann");
    const room = await roomOf(ann);
    await ann.ask({ type: "add_member", room, user: "bob" as UserId });
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room });
    await ann.ask({ type: "update_room", room, changes: { history: "all" } });
    await settle(50);
    expect(bob.frames.slice(-2).map(({ type }) => type)).toEqual(["room.updated", "reset"]);
    const page = await bob.ask<"history">({ type: "history", room, after: 0 });
    expect(page).toMatchObject({ floor: 0, events: [{ sequence: 1 }, {}, {}, {}] });
    // Neither does a change of something else.
    await bob.ask({ type: "subscribe", room });
    await ann.ask({ type: "update_room", room, changes: { topic: "tea" } });
    await settle(50);
    expect(bob.frames.at(-1)).toMatchObject({ type: "room.updated" });
  });

  test("[I-15] files from before are neither listed, shown nor removed, but for the room's picture", async () => {
    const [one] = await twoNodes();
    const ann = await one.signIn("ann");
    const room = await roomOf(ann);
    const share = async (name: string): Promise<FileId> => {
      const begun = { type: "begin_upload", room, name, bytes: 4 } as const;
      const { upload_id } = await ann.ask<"begin_upload">(begun);
      await ann.ask({ type: "upload_piece", upload_id, index: 0, content: "AAAAAA==" });
      await ann.ask({ type: "finish_upload", upload_id, client_message_id: name });
      return upload_id;
    };
    const [old, picture] = [await share("old.txt"), await share("picture.png")];
    await ann.ask({ type: "update_room", room, changes: { avatar: { file: picture } } });
    await ann.ask({ type: "add_member", room, user: "bob" as UserId });
    const young = await share("young.txt");
    const bob = await one.signIn("bob");
    const { files } = await bob.ask<"list_files">({ type: "list_files", room });
    expect(files.map(({ name }) => name)).toEqual(["young.txt"]);
    expect((await bob.refusal({ type: "get_file", file_id: old })).code).toBe("not_found");
    const removal = { type: "delete_file", room, file_id: old } as const;
    expect((await bob.refusal(removal)).code).toBe("not_found");
    await bob.ask({ type: "get_file", file_id: picture });
    await bob.ask({ type: "get_file", file_id: young });
  });

  test("[I-15] nothing from before is counted as unread, answered, or read in a thread", async () => {
    const [one] = await twoNodes();
    const ann = await one.signIn("ann");
    const room = await roomOf(ann);
    const root = await ann.publish(room, "root", "k1");
    await ann.ask({ type: "add_member", room, user: "bob" as UserId });
    const bob = await one.signIn("bob");
    const reply = { type: "publish", room, text: "reply", client_message_id: "k2" } as const;
    const under = await ann.ask<"publish">({ ...reply, thread: root.message_id });
    await ann.publish(room, "news", "k3");
    for (const message_id of [root.message_id, under.message_id]) {
      const thread = { type: "list_thread", room, message_id } as const;
      expect((await bob.refusal(thread)).code).toBe("not_found");
    }
    const answer = { ...reply, client_message_id: "k4", reply_to: root.message_id };
    expect((await bob.refusal(answer)).code).toBe("not_found");
    const marked = await bob.ask<"mark_unread">({ type: "mark_unread", room, sequence: 1 });
    expect(marked.unread).toBe(1);
    expect((await bob.refusal({ type: "room_stats", room })).code).toBe("feature_disabled");
  });

  test("is a private one: elsewhere people read without having joined", async () => {
    const [one] = await twoNodes();
    const ann = await one.signIn("ann");
    const made = { type: "create_room", kind: "public", title: "Lobby" } as const;
    const { room } = await ann.ask<"create_room">(made);
    const changes = { history: "since_joined" } as const;
    const refusal = await ann.refusal({ type: "update_room", room, changes });
    expect(refusal).toMatchObject({ code: "bad_request", details: { field: "history" } });
  });

  test("a back end reads all of it", async () => {
    const [one] = await twoNodes();
    const ann = await one.signIn("ann");
    const room = await roomOf(ann);
    const desk = await one.signIn("service:desk?read");
    const page = await desk.ask<"history">({ type: "history", room, after: 0 });
    expect(page).toMatchObject({ floor: 0, events: [{ sequence: 1 }, { sequence: 2 }] });
  });
});
