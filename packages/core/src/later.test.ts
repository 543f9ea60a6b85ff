/** Drafts, and messages that are sent at a time, over the commands of nodes. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { ClientMessageId, OwnEvent, UserId } from "@parlance/protocol";
import { startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { expect, test } from "vitest";

function newStore() {
  let seed = 13;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}
type Store = ReturnType<typeof newStore>;

async function start(
  store: Store = newStore(),
  more: { hub?: MemoryHub; clock?: ManualClock; id?: string } = {},
) {
  const { hub, clock = new ManualClock(), id = "n" } = more;
  const broker = createMemoryBroker(hub);
  return { ...(await startNode({ ...store, broker, nodeId: id, clock })), ...store };
}

const own = (client: TestClient): OwnEvent["change"][] =>
  client.frames.flatMap((frame) =>
    frame.type === "own" && frame.change.what !== "joined" ? [frame.change] : [],
  );
const iso = (clock: ManualClock, inMs: number): string =>
  new Date(clock.now() + inMs).toISOString();

async function texts(client: TestClient, room = "general"): Promise<string[]> {
  const { messages } = await client.ask({ type: "list_messages", room });
  return messages.map(({ text }) => text);
}

test("a draft is on all devices of its writer, the newest wins, and nobody else hears of it", async () => {
  const { signIn, clock } = await start();
  const ann = await signIn("ann");
  const phone = await signIn("ann");
  const bob = await signIn("bob");
  await ann.ask({ type: "join", room: "general" });
  const save = { type: "save_draft", room: "general" } as const;
  const first = await ann.ask({ ...save, text: "Dear" });
  expect(first).toEqual({ room: "general", text: "Dear", edited_at: iso(clock, 0) });
  const late = await phone.ask({ ...save, text: "De", edited_at: iso(clock, -5_000) });
  expect(late).toEqual(first);
  const ahead = await phone.ask({ ...save, text: "Dear all", edited_at: iso(clock, 99_000) });
  expect(ahead).toEqual({ ...first, text: "Dear all" });
  await settle();
  expect(own(ann)).toEqual([first, first, ahead].map((draft) => ({ what: "draft", draft })));
  expect(own(bob)).toEqual([]);
  expect(await ann.ask({ type: "list_drafts" })).toEqual({ drafts: [ahead] });
  expect(await bob.ask({ type: "list_drafts" })).toEqual({ drafts: [] });
  await ann.ask({ ...save, text: "" });
  expect(await phone.ask({ type: "list_drafts" })).toEqual({ drafts: [] });
  expect(await bob.refusal({ ...save, room: "r_nowhere", text: "x" })).toMatchObject({
    code: "not_found",
  });
});

test("[I-3] a scheduled message is sent once at its time, by whichever node looks first", async () => {
  const hub = new MemoryHub();
  const store = newStore();
  const clock = new ManualClock();
  const one = await start(store, { hub, clock, id: "n1" });
  const two = await start(store, { hub, clock, id: "n2" });
  const ann = await one.signIn("ann");
  const bob = await two.signIn("bob");
  await bob.ask({ type: "subscribe", room: "general" });
  const root = await bob.ask({
    type: "publish",
    room: "general",
    text: "root",
    client_message_id: "r",
  });
  const command = {
    type: "schedule_message",
    room: "general",
    client_message_id: "later",
    at: iso(clock, 60_000),
    text: "first wording",
  } as const;
  await ann.ask(command);
  const changed = { ...command, text: "good morning", reply_to: root.message_id };
  expect(await ann.ask(changed)).toMatchObject({ text: "good morning", state: "waiting" });
  await clock.advance(58_000);
  expect(await texts(bob)).toEqual(["root"]);
  await clock.advance(5_000);
  await settle();
  expect(await texts(bob)).toEqual(["root", "good morning"]);
  const sent = bob.frames.filter((frame) => frame.type === "message.created").at(-1);
  expect(sent).toMatchObject({
    author: "ann",
    client_message_id: "later",
    data: { text: "good morning", author_name: "ann", reply_to: root.message_id },
  });
  expect(await ann.ask({ type: "list_scheduled" })).toEqual({ scheduled: [] });
  expect(own(ann).at(-1)).toMatchObject({ what: "scheduled", message: { state: "sent" } });
});

test("[I-3] a scheduled poll is asked once at its time, and one that is too long is refused before", async () => {
  const { signIn, clock } = await start(newStore());
  const ann = await signIn("ann");
  await ann.ask({ type: "subscribe", room: "general" });
  const command = {
    type: "schedule_message",
    room: "general",
    client_message_id: "ask",
    at: iso(clock, 10_000),
    text: "Lunch?",
    poll: { options: ["Pizza", "Soup"], several: true },
  } as const;
  expect(await ann.ask(command)).toMatchObject({ poll: command.poll, state: "waiting" });
  expect(await ann.ask({ type: "list_scheduled" })).toMatchObject({
    scheduled: [{ poll: command.poll }],
  });
  const long = { ...command, client_message_id: "long", text: "x".repeat(16_380) };
  expect(await ann.refusal(long)).toMatchObject({ code: "too_large" });
  await clock.advance(12_000);
  await settle();
  const page = await ann.ask({ type: "list_messages", room: "general" });
  expect(page.messages).toMatchObject([
    {
      text: "Lunch?\n\n1. Pizza\n2. Soup",
      poll: { question: "Lunch?", several: true, options: [{ text: "Pizza" }, { text: "Soup" }] },
    },
  ]);
  const message_id = page.messages[0]?.id ?? "";
  const vote = { type: "vote", room: "general", message_id, choices: [0, 1] } as const;
  expect(await ann.ask(vote)).toMatchObject({ choices: [0, 1] });
  expect(await ann.ask({ type: "list_scheduled" })).toEqual({ scheduled: [] });
});

test("[I-3] one that was sent by a node that died before it said so is not sent again", async () => {
  const store = newStore();
  const { signIn, clock, directory } = await start(store);
  const ann = await signIn("ann");
  const content = { text: "once" };
  await ann.ask({
    type: "schedule_message",
    room: "general",
    client_message_id: "k",
    at: iso(clock, 5_000),
    ...content,
  });
  // What that node had done: it was claimed, and it is in the log.
  const key = "k" as ClientMessageId;
  await directory.claimScheduled("general" as never, "ann" as UserId, key, clock.now() + 10_000);
  await ann.ask({ type: "publish", room: "general", client_message_id: "k", ...content });
  await clock.advance(10_000);
  await settle();
  expect(await texts(ann)).toEqual(["once"]);
  expect(await ann.ask({ type: "list_scheduled" })).toEqual({ scheduled: [] });
});

test("[Z5] whose right ended meanwhile is refused with a reason, and nothing is sent", async () => {
  const { signIn, clock, directory } = await start();
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  await directory.upsertExternal("bob" as UserId, "bob", 0);
  const made = { type: "create_room", kind: "private", title: "S" } as const;
  const { room } = await ann.ask<"create_room">(made);
  await ann.ask({ type: "add_member", room, user: "bob" as UserId });
  await settle();
  const command = { type: "schedule_message", room, text: "x", at: iso(clock, 10_000) } as const;
  await bob.ask({ ...command, client_message_id: "b" });
  await ann.ask({ type: "remove_member", room, user: "bob" as UserId });
  await clock.advance(15_000);
  await settle();
  expect(await texts(ann, room)).toEqual([]);
  expect((await bob.ask({ type: "list_scheduled" })).scheduled).toMatchObject([
    { client_message_id: "b", state: "refused", reason: "not_found" },
  ]);
  const cancel = { type: "cancel_scheduled", client_message_id: "b" } as const;
  expect(await bob.ask(cancel)).toMatchObject({ state: "cancelled" });
  expect(await bob.refusal(cancel)).toMatchObject({ code: "not_found" });
  expect(await bob.refusal({ ...command, client_message_id: "c" })).toMatchObject({
    code: "not_found",
  });
});

test("a disabled account sends nothing any more; what was taken back is not sent", async () => {
  const { signIn, clock, directory } = await start();
  const user = { kind: "account", name: "cy", username: "cyd", createdAt: 0 } as const;
  await directory.createUser({ id: "cy" as UserId, ...user });
  const cy = await signIn("cy");
  const ann = await signIn("ann");
  await ann.ask({ type: "join", room: "general" });
  const command = { type: "schedule_message", room: "general", at: iso(clock, 10_000) } as const;
  await cy.ask({ ...command, text: "from cy", client_message_id: "c" });
  await ann.ask({ ...command, text: "from ann", client_message_id: "a" });
  await ann.ask({ type: "cancel_scheduled", client_message_id: "a" });
  await directory.setDisabled("cy" as UserId, true, 0);
  await clock.advance(15_000);
  await settle();
  expect(await texts(ann)).toEqual([]);
  expect(await directory.scheduled("cy" as UserId)).toMatchObject([
    { state: "refused", reason: "banned" },
  ]);
});

test("too far ahead, or by a back end, is refused by name", async () => {
  const { signIn, clock } = await start();
  const ann = await signIn("ann");
  const shop = await signIn("service:shop?admin");
  const command = {
    type: "schedule_message",
    room: "general",
    text: "x",
    client_message_id: "k",
  } as const;
  expect(await ann.refusal({ ...command, at: iso(clock, 400 * 86_400_000) })).toMatchObject({
    code: "bad_request",
    details: { field: "at" },
  });
  expect(await ann.refusal({ ...command, at: "tomorrow" })).toMatchObject({
    code: "bad_request",
    details: { field: "at" },
  });
  expect(await shop.refusal({ ...command, at: iso(clock, 1_000) })).toMatchObject({
    code: "forbidden",
  });
});
