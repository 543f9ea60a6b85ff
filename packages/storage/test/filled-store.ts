/** Everything that a store can hold, for whoever copies one. */
import type { Append, SlashRecord } from "@parlance/core";
import type {
  ClientMessageId,
  DeviceId,
  DurablePayloads,
  DurableType,
  Epoch,
  EventId,
  FileId,
  InviteId,
  Principal,
  RoomId,
  SessionId,
} from "@parlance/protocol";
import { message, publicRoom, roomId, someTime, stored, userId } from "@parlance/testkit/contracts";
import type { Store } from "../src/store.ts";

const hash = "ab".repeat(32);

function event<T extends DurableType>(
  type: T,
  data: DurablePayloads[T],
  choice: Parameters<typeof message>[1] = {},
): Append {
  return { ...message("", choice), event: { type, data } };
}

/** Rooms of every kind of event, people, keys and places. */
export async function fillStore(store: Store): Promise<void> {
  await fillDirectory(store);
  await fillRooms(store);
  await fillOwn(store);
  await fillWebhooks(store);
}

/** One that is at the end of all rooms but one, told who is in a room, and has given something up. */
async function fillWebhooks({ webhooks }: Store): Promise<void> {
  const wanted = { events: ["*"], rooms: ["*"] };
  const facts = { id: "wh_1", name: "shop", url: "https://shop.example/語", secret: "s" };
  await webhooks.createWebhook({ ...facts, ...wanted, createdAt: someTime });
  await webhooks.noteWebhook("wh_1", someTime, "answered 500");
  await webhooks.rewindWebhook("wh_1", { from: "r1", upTo: "r1", to: { after: 2 } });
  const person = { room: roomId("r1"), user: userId("bob"), name: "Bob 🦊" };
  await webhooks.putPresent("n1", 60_000, { isWhole: true, came: [person], went: [] });
  await webhooks.comparePresence("wh_1", wanted, someTime);
  const [behind] = await webhooks.webhookBehind({ webhook: "wh_1", from: "", limit: 1 });
  if (behind === undefined) throw new Error("nothing is left to be told");
  const { epoch } = behind.now;
  const event = { epoch, sequence: 3, id: "e3", type: "message.created" };
  await webhooks.buryEvent("wh_1", behind, event, { reason: "no", now: someTime, limit: 10 });
}

async function fillDirectory({ directory }: Store): Promise<void> {
  const account = { kind: "account", name: "Ada", createdAt: someTime } as const;
  await directory.createUser({
    ...account,
    id: userId("u_ada"),
    username: "Ada",
    email: "Ada@Example.org",
    passwordHash: "scrypt$hash",
  });
  await directory.createUser({ ...account, id: userId("u_guest"), kind: "guest", name: "語🦊" });
  await directory.upsertExternal(userId("bob"), "Bob", someTime + 1);
  await directory.upsertExternal(userId("eve"), "Eve", someTime + 2);
  await directory.setDisabled(userId("eve"), true, someTime + 3);
  const profile = { title: "Fisher 語", availability: "dnd" } as const;
  await directory.changeProfile(userId("bob"), profile, someTime + 4);
  const picture = { id: "ab".repeat(16), mediaType: "image/png", data: "iVBORw0K" } as const;
  await directory.setPicture(userId("bob"), picture, someTime + 4);
  await directory.noteSeen([userId("bob")], someTime + 4);
  await directory.setStatus(userId("bob"), "gone fishing 🎣", someTime + 4);
  await directory.setPassword(userId("u_ada"), "scrypt$other", undefined, someTime + 5);
  const session = { user: userId("u_ada"), createdAt: someTime, expiresAt: someTime + 1e9 };
  await directory.createSession({
    ...session,
    id: "s1" as SessionId,
    secretHash: "h1",
    device: "d1" as DeviceId,
  });
  await directory.createSession({ ...session, id: "s2" as SessionId, secretHash: "h2" });
  await directory.revokeSession("s2" as SessionId, someTime + 6);
  await directory.useTokenOnce("https://issuer", "jti-1", someTime + 1e9, someTime);
  await directory.useTokenOnce("", "jti-2", someTime + 1e9, someTime);
  for (const id of ["k1", "k2"]) {
    const principal = `service:${id}` as Principal;
    const key = { id, name: id, principal, secretHash: `h${id}`, scopes: ["publish", "read"] };
    await directory.createKey({ ...key, createdAt: someTime });
  }
  await directory.revokeKey("k2", someTime + 7);
  const limited = { name: "bot", secretHash: "hk3", scopes: ["read"], rooms: ["ops-*"] };
  const principal = "service:bot" as Principal;
  await directory.createKey({ ...limited, id: "k3", principal, bot: true, createdAt: someTime });
  const place = { user: userId("bob"), epoch: "a.b" as Epoch, offset: 4, now: someTime };
  await directory.savePlaces([
    { ...place, device: "d1" as DeviceId, room: roomId("r1") },
    { ...place, device: "d2" as DeviceId, room: roomId("r2"), offset: 9 },
  ]);
}

async function fillRooms(store: Store): Promise<void> {
  const { log, directory, files } = store;
  for (const room of ["r1", "r2", "empty", "a:b/c"]) {
    await log.open(roomId(room), { ...publicRoom, title: `${room} 語🦊` });
  }
  const append = async (one: Append) => stored(await log.append(one));
  const say = (text: string, choice: Parameters<typeof message>[1] = {}) =>
    append(message(text, choice));
  const joined = (user: string, role: "owner" | "member") =>
    append(event("member.joined", { user: userId(user), name: `name of ${user}`, role }, { user }));
  await joined("bob", "owner");
  await joined("u_ada", "member");
  await joined("eve", "member");
  const first = await say("first 語🦊", { user: "bob", key: "k-1" });
  const edited = await say("with a typo", { user: "bob" });
  const gone = await say("a secret that is deleted", { user: "u_ada", key: "k-2" });
  const id = (of: { readonly id: string }): EventId => of.id as EventId;
  const text = { message_id: id(edited), editor_name: "Bob" };
  await append(event("message.edited", { ...text, text: "without one" }, { user: "bob" }));
  await append(event("message.edited", { ...text, text: "twice" }, { user: "bob" }));
  const reaction = { message_id: id(first), user_name: "Ada" };
  for (const [emoji, user] of [
    ["👍", "u_ada"],
    ["👍", "bob"],
    ["❤️", "eve"],
  ] as const) {
    await append(event("reaction.added", { ...reaction, emoji }, { user }));
  }
  const taken = { message_id: id(first), emoji: "👍" };
  await append(event("reaction.removed", taken, { user: "bob" }));
  const deletion = { message_id: id(gone), by: userId("u_ada") };
  await append(event("message.deleted", deletion, { user: "u_ada" }));
  await append(
    event("member.left", { user: userId("eve"), name: "Eve", reason: "removed" }, { user: "bob" }),
  );
  await append(event("document.edited", { changes: '["a",{"b":1}]' }, { user: "bob" }));
  const byBob = { user: "bob" };
  const set = { title: "r1 語🦊 neu", topic: "Über alles 語", avatar: { emoji: "🦊" } };
  await append(event("room.updated", { ...set, editor_name: "Bob" }, byBob));
  const zoe = { user: userId("zoe"), name: "Zoë 🦊" };
  await append(event("member.banned", zoe, byBob));
  const link = { invite_id: "ab".repeat(16) as InviteId, role: "member" } as const;
  const expires_at = new Date(someTime + 60_000).toISOString();
  await append(event("invite.created", { ...link, uses: 3, expires_at }, byBob));
  const dee = { user: userId("dee"), name: "Dee" };
  await append(event("join.requested", { ...dee, text: "please 語🦊" }, { user: "dee" }));
  for (const file of ["f1", "f2", "f3"]) {
    const about = { name: `${file} 語.txt`, bytes: 100 };
    await files.begin(
      {
        ...about,
        file: file as FileId,
        room: roomId("r1"),
        owner: userId("bob"),
        mediaType: "text/plain",
        createdAt: someTime,
      },
      { quotaBytes: 10_000, uploads: 10 },
    );
    if (file === "f3") continue;
    const shared = { ...about, media_type: "text/plain", sha256: hash, author_name: "Bob" };
    await append(event("file.shared", { ...shared, file_id: file as FileId }, { user: "bob" }));
  }
  await append(event("file.deleted", { file_id: "f2" as FileId }, { user: "bob" }));
  await directory.markRead(roomId("r1"), userId("bob"), 5);
  await directory.changePreferences(roomId("r1"), userId("bob"), { muted_until: "forever" });
  const sections = [{ id: "a", name: "Work 語🦊" }];
  await directory.changePreferences("" as RoomId, userId("bob"), { sections });
  // More than one chunk, with what a search finds.
  const many = Array.from({ length: 1_200 }, (_, n) =>
    message(`text ${n} 語🦊 quotes " ' \\ and lines\n`, { room: "r2", user: "bob", key: `m-${n}` }),
  );
  await Promise.all(many.map((one) => log.append(one)));
  await say("x".repeat(16_000), { room: "a:b/c", user: "u_ada", key: "long" as ClientMessageId });
  await grow(store, "so ", "far 語🦊");
  const whole = await grow(store, "", "whole 👩‍🚀");
  const closing = {
    message_id: whole,
    text: "whole 👩‍🚀",
    reason: "done",
    author_name: "Bob",
  } as const;
  await append(event("message.closed", closing, { room: "a:b/c", user: "bob" }));
  await append(event("join.requested", zoe, { user: "zoe", room: "a:b/c" }));
  await append(event("join.refused", { user: zoe.user }, { ...byBob, room: "a:b/c" }));
}

const slash: Omit<SlashRecord, "name"> = {
  owner: "service:weather" as Principal,
  author: userId("service:weather"),
  authorName: "Weather",
  description: "Tells the weather",
};

/** What belongs to threads and to single people: followed, mentioned, pinned, saved, not sent yet. */
async function fillOwn({ log, directory }: Store): Promise<void> {
  const room = roomId("a:b/c");
  const root = "own-root" as EventId;
  const bob = userId("bob");
  const said = { text: "in a thread 語", author_name: "Ada", thread: root, reply_to: root };
  const mentions = { users: [bob], room: true as const };
  await log.append(message("root", { room, id: root, user: "bob" }));
  await log.append(
    event("message.created", { ...said, mentions }, { room, id: "own-1", user: "u_ada" }),
  );
  await log.append(event("message.pinned", { message_id: root, by_name: "Ada" }, { room }));
  const poll = { question: "Tea 語?", options: ["yes", "no"], several: true as const };
  const asked = { text: "Tea 語?", author_name: "Ada", poll };
  await log.append(event("message.created", asked, { room, id: "own-poll" }));
  const inPoll = { message_id: "own-poll" as EventId, before: [] };
  await log.append(event("poll.voted", { ...inPoll, choices: [0, 1] }, { room, user: "bob" }));
  const hidden = { room, user: "anonymous:vote", principal: "u_ada" };
  await log.append(event("poll.voted", { ...inPoll, choices: [1] }, hidden));
  const by = userId("u_ada");
  await log.append(event("poll.closed", { message_id: inPoll.message_id, by }, { room }));
  await directory.putSlashCommand("rain", { ...slash, name: "rain", rooms: ["a*"] }, 10);
  await directory.putSlashCommand("sun", { ...slash, name: "sun", usage: "<city 語>" }, 10);
  const document = { sequence: 3, time: someTime, state: Uint8Array.of(0, 255, 128) };
  await directory.putDocumentState(room, document, 0);
  const draftName = { name: "First 語", author: bob, authorName: "Bob" };
  await directory.putDocumentState(room, { ...document, sequence: 4, named: draftName }, 3);
  await directory.markThreadRead(room, root, bob, 1_000);
  await directory.saveMessage(room, root, bob, true, 10);
  const draft = { room, thread: root, text: "Dear 語", replyTo: "own-1", editedAt: someTime };
  await directory.saveDraft(room, bob, draft, 10);
  const author = {
    user: bob,
    name: "Bob",
    kind: "external",
    principal: "bob" as Principal,
  } as const;
  const content = { text: "later 🦊", data: { a: [1] } };
  const key = "later-1" as ClientMessageId;
  const waiting = { room, key, at: someTime * 2, content, author, state: "waiting" } as const;
  await directory.schedule(room, bob, waiting, 10);
}

/** Opens a message and appends to it. */
async function grow({ log }: Store, text: string, more: string): Promise<EventId> {
  const room = roomId("a:b/c");
  const said = { text, author_name: "Bob", open: true } as const;
  const { id } = stored(await log.append(event("message.created", said, { room, user: "bob" })));
  await log.appendTexts([{ message: id, room, at: text.length, text: more, revision: 0 }]);
  return id;
}
