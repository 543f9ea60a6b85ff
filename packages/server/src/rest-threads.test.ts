/** Threads over REST. */
import { expect, test } from "vitest";
import { type Person, restScene } from "./rest-scene.ts";

const { send, guest } = restScene();

test("a thread is written, read, followed and marked", async () => {
  const ann = await guest("Ann");
  const bob = await guest("Bob");
  const write = async (token: Person, body: object) =>
    (await send("POST", "/rooms/talk/messages", token, body)).body;
  const root = await write(ann, { text: "root" });
  const id = root.message_id as string;
  const reply = await write(bob, { text: "one", thread: id });
  await write(bob, { text: "two", thread: reply.message_id, reply_to: id });
  const thread = `/rooms/talk/messages/${id}/thread`;

  const page = await send("GET", `${thread}?limit=1`, ann);
  expect(page.status).toBe(200);
  expect(page.body).toMatchObject({
    thread: id,
    following: true,
    unread: 2,
    root: { text: "root", replies: { count: 2 } },
    messages: [{ text: "two", thread: id, reply_to: { message_id: id, text: "root" } }],
  });
  const list = await send("GET", "/threads?unread=true", ann);
  expect(list.body.threads).toMatchObject([{ thread: id, unread: 2 }]);

  const main = await send("GET", "/rooms/talk/message-list", ann);
  expect(main.body.messages.map(({ text }: { text: string }) => text)).toEqual(["root"]);
  const all = await send("GET", "/rooms/talk/message-list?with_threads=true", ann);
  expect(all.body.messages).toHaveLength(3);

  const marked = await send("PUT", `${thread}/read-mark`, ann, { sequence: reply.sequence });
  expect(marked).toMatchObject({ status: 200, body: { read_mark: reply.sequence, unread: 1 } });
  const left = await send("DELETE", `${thread}/following`, ann);
  expect(left).toMatchObject({ status: 200, body: { following: false } });
  expect((await send("GET", "/threads", ann)).body).toEqual({ threads: [] });
  expect((await send("PUT", `${thread}/following`, ann)).body.following).toBe(true);
});

test("who is mentioned is in the message, in the room's count and in the list", async () => {
  const ann = await guest("Ann");
  const bob = await guest("Bob");
  const me = await send("GET", "/me", bob);
  const users = [me.body.user.id];
  const write = { text: "look", mentions: { users } };
  const { body: published } = await send("POST", "/rooms/mention/messages", ann, write);
  const list = await send("GET", "/mentions?room=mention", bob);
  expect(list.body).toMatchObject({
    mentions: [{ id: published.message_id, text: "look", mentions: { users } }],
  });
  const path = `/rooms/mention/messages/${published.message_id}`;
  await send("PATCH", path, ann, { text: "nobody" });
  expect((await send("GET", "/mentions", bob)).body).toEqual({ mentions: [] });
});

test("a message is pinned, saved, forwarded, and shows its versions", async () => {
  const ann = await guest("Ann");
  await send("POST", "/rooms", ann, { kind: "public", title: "Keep", room: "keep" });
  const { body: first } = await send("POST", "/rooms/keep/messages", ann, { text: "one" });
  const path = `/rooms/keep/messages/${first.message_id}`;
  await send("PATCH", path, ann, { text: "two" });
  const { body: history } = await send("GET", `${path}/versions`, ann);
  expect(history.versions.map(({ text }: { text: string }) => text)).toEqual(["one", "two"]);
  expect(await send("PUT", `${path}/pin`, ann)).toMatchObject({ status: 200, body: { on: true } });
  expect((await send("GET", "/rooms/keep/pins", ann)).body.pins).toMatchObject([
    { message: { text: "two", pinned: true } },
  ]);
  expect((await send("DELETE", `${path}/pin`, ann)).body.on).toBe(false);
  expect((await send("PUT", `${path}/saved`, ann)).body.saved).toBe(true);
  expect((await send("GET", "/saved?limit=5", ann)).body.saved).toMatchObject([{ text: "two" }]);
  expect((await send("DELETE", `${path}/saved`, ann)).body.saved).toBe(false);
  const forward = { from_room: "keep", message_id: first.message_id };
  const { status, body: sent } = await send("POST", "/rooms/elsewhere/forwards", ann, forward);
  expect(status).toBe(201);
  const copy = await send("GET", `/rooms/elsewhere/messages/${sent.message_id}`, ann);
  expect(copy.body).toMatchObject({ text: "two", forwarded: { room: "keep", sequence: 2 } });
});

test("a draft is kept, and a message is sent at its time", async () => {
  const ann = await guest("Ann");
  await send("POST", "/rooms", ann, { kind: "public", title: "Later", room: "later" });
  const kept = await send("PUT", "/rooms/later/draft", ann, { text: "Dear" });
  expect(kept).toMatchObject({ status: 200, body: { room: "later", text: "Dear" } });
  expect((await send("GET", "/drafts", ann)).body.drafts).toEqual([kept.body]);
  const at = "2999-01-01T00:00:00Z";
  const far = await send("PUT", "/scheduled/k1", ann, { room: "later", at, text: "x" });
  expect(far).toMatchObject({ status: 400, body: { error: { details: { field: "at" } } } });
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const waiting = await send("PUT", "/scheduled/k1", ann, { room: "later", at: soon, text: "x" });
  expect(waiting).toMatchObject({ status: 200, body: { state: "waiting", at: soon } });
  expect((await send("GET", "/scheduled", ann)).body.scheduled).toEqual([waiting.body]);
  expect((await send("DELETE", "/scheduled/k1", ann)).body.state).toBe("cancelled");
  expect((await send("DELETE", "/scheduled/k1", ann)).status).toBe(404);
  const now = new Date().toISOString();
  await send("PUT", "/scheduled/k2", ann, { room: "later", at: now, text: "good morning" });
  await expect
    .poll(async () => (await send("GET", "/rooms/later/message-list", ann)).body.messages, {
      timeout: 20_000,
    })
    .toMatchObject([{ text: "good morning" }]);
});

test("what is not there, or out of bounds, is refused by name", async () => {
  const ann = await guest("Ann");
  const none = await send("GET", "/rooms/talk/messages/nothing/thread", ann);
  expect(none).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
  const wide = await send("GET", "/threads?limit=51", ann);
  expect(wide).toMatchObject({
    status: 400,
    body: { error: { code: "bad_request", details: { field: "limit" } } },
  });
  expect((await send("GET", "/threads")).status).toBe(401);
});
