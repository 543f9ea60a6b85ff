/** Who is mentioned, as the server decides it. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { Mentions, RoomId, UserId } from "@parlance/protocol";
import { startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { expect, test } from "vitest";

async function start() {
  let seed = 5;
  const store = createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
  const harness = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "n" });
  for (const name of ["ann", "bob", "cy.d"]) {
    await store.directory.createUser({
      id: name as UserId,
      kind: "account",
      name,
      username: name,
      createdAt: 0,
    });
  }
  return { ...harness, ...store };
}

let keys = 0;
async function mentioned(
  client: TestClient,
  text: string,
  mentions?: object,
  room = "general",
): Promise<Mentions | undefined> {
  keys += 1;
  const { message_id } = await client.ask({
    type: "publish",
    room,
    text,
    client_message_id: `k${keys}`,
    ...(mentions === undefined ? {} : { mentions }),
  });
  return (await client.ask({ type: "get_message", message_id })).mentions;
}

test("user names behind an @ are found where they stand for themselves", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ["hello @bob!", ["bob"]],
    ["@Bob, @cy.d. and @bob", ["bob", "cy.d"]],
    ["(@bob)", ["bob"]],
    ["你好@bob", ["bob"]],
    ["write to ann@bob.example", undefined],
    ["see https://x.example/@bob", undefined],
    ["@bob@example.org", undefined],
    ["@bobby and @nobody", undefined],
    ["`@bob`", undefined],
    ["```\n@bob\n```", undefined],
    ["@", undefined],
  ];
  for (const [text, users] of cases) {
    expect([text, await mentioned(ann, text)]).toEqual([
      text,
      users === undefined ? undefined : { users },
    ]);
  }
});

test("those whom the writer names are added once; @room and @here say themselves", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  for (const client of [ann, bob]) await client.ask({ type: "subscribe", room: "general" });
  await settle();
  expect(await mentioned(ann, "x @bob", { users: ["cy.d", "bob", "stranger"] })).toEqual({
    users: ["cy.d", "bob"],
  });
  expect(await mentioned(ann, "@room, look")).toEqual({ room: true });
  expect(await mentioned(ann, "look", { room: true })).toEqual({ room: true });
  expect(await mentioned(ann, "who is @here?")).toEqual({ here: ["bob"] });
  expect(await mentioned(bob, "x", { here: true })).toEqual({ here: ["ann"] });
});

test("[Z12] in a private room only members are mentioned, and the answer is the same whoever else exists", async () => {
  const { signIn, directory } = await start();
  const ann = await signIn("ann");
  const made = { type: "create_room", kind: "private", title: "S" } as const;
  const { room } = await ann.ask<"create_room">(made);
  expect(await mentioned(ann, "@bob @nobody", { users: ["cy.d", "x"] }, room)).toBeUndefined();
  await ann.ask({ type: "add_member", room, user: "bob" as UserId });
  await settle();
  expect(await mentioned(ann, "@bob @cy.d", { users: ["x"] }, room)).toEqual({ users: ["bob"] });
  const bob = await signIn("bob");
  expect(await bob.ask({ type: "get_room", room })).toMatchObject({ unread: 1, mentions: 1 });
  expect((await bob.ask({ type: "list_mentions" })).mentions).toHaveLength(1);
  // Mentioned before one was put out, nothing is told of it afterwards.
  await ann.ask({ type: "remove_member", room, user: "bob" as UserId });
  expect((await bob.ask({ type: "list_mentions" })).mentions).toEqual([]);
  expect(await directory.mentionsOf({ user: "bob" as UserId, limit: 5 })).toHaveLength(1);
  const refusal = await bob.refusal({ type: "list_mentions", room: room as RoomId });
  expect(refusal).toMatchObject({ code: "not_found" });
});

test("an edit mentions anew, and a message without any costs no look-up", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  await bob.ask({ type: "join", room: "general" });
  const said = { type: "publish", room: "general", text: "hi", client_message_id: "one" } as const;
  const { message_id } = await ann.ask(said);
  const edit = { type: "edit_message", room: "general", message_id } as const;
  await ann.ask({ ...edit, text: "hi @bob" });
  const room = { type: "get_room", room: "general" } as const;
  expect(await bob.ask(room)).toMatchObject({ mentions: 1 });
  await ann.ask({ ...edit, text: "hi" });
  expect(await bob.ask(room)).not.toHaveProperty("mentions");
});

test("more than the bounds are refused, or left out", async () => {
  const { signIn } = await start();
  const ann = await signIn("ann");
  const many = Array.from({ length: 51 }, (_, n) => `u${n}`);
  const refusal = await ann.refusal({
    type: "publish",
    room: "general",
    text: "x",
    client_message_id: "z",
    mentions: { users: many },
  });
  expect(refusal).toMatchObject({ code: "bad_request", details: { field: "mentions.users" } });
  const names = Array.from({ length: 60 }, (_, n) => `@name${n}`).join(" ");
  expect(await mentioned(ann, `${names} @bob`)).toBeUndefined();
});
