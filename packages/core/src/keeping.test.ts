/** Versions, pins, saved and forwarded messages over the commands of a node. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { RoomId, UserId } from "@parlance/protocol";
import { startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { expect, test } from "vitest";

async function start() {
  let seed = 3;
  const store = createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
  const harness = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "n" });
  for (const user of ["ann", "bob"]) await store.directory.upsertExternal(user as UserId, user, 0);
  return { ...harness, ...store };
}

let keys = 0;
function say(client: TestClient, text: string, room = "general", more: object = {}) {
  keys += 1;
  return client.ask({ type: "publish", room, text, client_message_id: `k${keys}`, ...more });
}

async function privateRoom(owner: TestClient, ...members: string[]): Promise<RoomId> {
  const made = { type: "create_room", kind: "private", title: "S" } as const;
  const { room } = await owner.ask<"create_room">(made);
  for (const user of members) {
    await owner.ask({ type: "add_member", room, user: user as UserId });
  }
  await settle();
  return room;
}

/** What changed of one's own, but for the rooms that one came into. */
const ownOf = (client: TestClient) =>
  client.frames.filter((frame) => frame.type === "own" && frame.change.what !== "joined");

test("versions are for those who read the room, and go with the message", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const eve = await signIn("eve");
  const room = await privateRoom(ann);
  const { message_id } = await say(ann, "one", room);
  await ann.ask({ type: "edit_message", room, message_id, text: "two" });
  const list = { type: "list_versions", room, message_id } as const;
  expect((await ann.ask(list)).versions.map(({ text }) => text)).toEqual(["one", "two"]);
  expect(await eve.refusal(list)).toMatchObject({ code: "not_found" });
  await ann.ask({ type: "delete_message", room, message_id });
  expect((await ann.ask(list)).versions).toEqual([]);
});

test("pins are put on by whom the kind of room allows, and told to all", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  const room = await privateRoom(ann, "bob");
  await bob.ask({ type: "subscribe", room });
  const { message_id } = await say(ann, "one", room);
  const pin = { type: "pin_message", room, message_id, on: true } as const;
  const first = await bob.ask({ ...pin, client_message_id: "p" });
  expect(first).toMatchObject({ on: true, message_id });
  expect(await bob.ask({ ...pin, client_message_id: "p" })).toMatchObject({ repeated: true });
  expect(await ann.ask(pin)).not.toHaveProperty("sequence");
  await settle();
  expect(bob.frames.at(-1)).not.toBeUndefined();
  expect(bob.frames.find((frame) => frame.type === "message.pinned")).toMatchObject({
    sequence: first.sequence,
    data: { message_id, by_name: "bob" },
  });
  const { pins } = await ann.ask({ type: "list_pins", room });
  expect(pins).toMatchObject([{ by: "bob", message: { text: "one", pinned: true } }]);
  await ann.ask({ ...pin, on: false });
  expect((await ann.ask({ type: "list_pins", room })).pins).toEqual([]);
  // Where everybody reads, only staff.
  const open = await say(bob, "x");
  const refusal = await bob.refusal({
    type: "pin_message",
    room: "general",
    message_id: open.message_id,
    on: true,
  });
  expect(refusal).toMatchObject({ code: "forbidden" });
});

test("[Z5] what is saved is shown as long as it may be read, and told to the saver's devices only", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  const phone = await signIn("bob");
  const room = await privateRoom(ann, "bob");
  const secret = await say(ann, "secret", room);
  const open = await say(ann, "open");
  const save = (message: { room: string; message_id: string }) =>
    bob.ask({ type: "save_message", ...message, on: true });
  await save({ room, message_id: secret.message_id });
  await save({ room: "general", message_id: open.message_id });
  await settle();
  const list = async () => (await bob.ask({ type: "list_saved" })).saved.map(({ text }) => text);
  expect(await list()).toEqual(["open", "secret"]);
  const own = ownOf(phone);
  expect(own).toMatchObject([
    { change: { what: "saved", message: { room, saved: true } } },
    { change: { what: "saved", message: { message_id: open.message_id } } },
  ]);
  expect(ownOf(ann)).toEqual([]);
  await ann.ask({ type: "remove_member", room, user: "bob" as UserId });
  expect(await list()).toEqual(["open"]);
});

test("[Z7] a forwarded message says where it is from to those who may read it there, and to nobody else", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  const eve = await signIn("eve");
  await eve.ask({ type: "subscribe", room: "general" });
  const room = await privateRoom(ann, "bob");
  const secret = await say(ann, "hello @bob", room);
  const forward = {
    type: "forward_message",
    room: "general",
    client_message_id: "f",
    from_room: room,
    message_id: secret.message_id,
  } as const;
  const done = await bob.ask(forward);
  await settle();
  const event = eve.frames.find((frame) => frame.type === "message.created");
  expect(event).toMatchObject({
    author: "bob",
    data: { text: "hello @bob", author_name: "bob", forwarded: secret.message_id },
  });
  expect(event).not.toHaveProperty("data.mentions");
  expect(JSON.stringify(eve.frames)).not.toContain(room);
  const view = { type: "get_message", message_id: done.message_id } as const;
  expect((await eve.ask(view)).forwarded).toEqual({ message_id: secret.message_id });
  expect((await bob.ask(view)).forwarded).toMatchObject({ room, author: "ann", sequence: 3 });
  expect(await eve.refusal({ ...forward, client_message_id: "g" })).toMatchObject({
    code: "not_found",
  });
  // Sent again after the original changed, it is the same message.
  await ann.ask({ type: "edit_message", room, message_id: secret.message_id, text: "other" });
  expect(await bob.ask(forward)).toMatchObject({ repeated: true, sequence: done.sequence });
  await ann.ask({ type: "remove_member", room, user: "bob" as UserId });
  expect((await bob.ask(view)).forwarded).toEqual({ message_id: secret.message_id });
});
