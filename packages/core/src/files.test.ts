import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { FileId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryFileStore, createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { FilePorts, FileStore } from "./ports/index.ts";
import { StorageError } from "./storage-error.ts";

type Store = ReturnType<typeof createMemoryStore>;

interface Scene extends Harness {
  readonly store: Store;
  readonly bytes: FileStore;
}

interface Choice extends Partial<Pick<FilePorts, "maxFileBytes" | "quotaBytes">> {
  readonly store?: Store;
  readonly bytes?: FileStore;
  readonly clock?: ManualClock;
  readonly hub?: MemoryHub;
  readonly nodeId?: string;
}

function newStore(): Store {
  let seed = 7;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

async function scene(choice: Choice = {}): Promise<Scene> {
  const { store = newStore(), bytes = createMemoryFileStore(), hub, clock, nodeId } = choice;
  const { maxFileBytes = 1_000_000, quotaBytes = 10_000_000 } = choice;
  const harness = await startNode({
    log: store.log,
    directory: store.directory,
    broker: createMemoryBroker(hub),
    filePorts: { store: bytes, index: store.files, maxFileBytes, quotaBytes },
    ...(clock === undefined ? {} : { clock }),
    ...(nodeId === undefined ? {} : { nodeId }),
  });
  return { ...harness, store, bytes };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function begin(client: TestClient, bytes: number, room = "general"): Promise<FileId> {
  const begun = await client.ask({ type: "begin_upload", room, name: "a.txt", bytes });
  return begun.upload_id;
}

const piece = (upload_id: FileId, index: number, text: string) =>
  ({ type: "upload_piece", upload_id, index, content: base64(text) }) as const;
const finish = (upload_id: FileId, key = "k1") =>
  ({ type: "finish_upload", upload_id, client_message_id: key }) as const;

async function shareText(client: TestClient, text: string, room = "general"): Promise<FileId> {
  const id = await begin(client, text.length, room);
  await client.ask(piece(id, 0, text));
  await client.ask(finish(id, id));
  return id;
}

async function privateRoom(owner: TestClient, ...members: string[]): Promise<string> {
  const { room } = await owner.ask({ type: "create_room", kind: "private", title: "Plans" });
  for (const user of members) await owner.ask({ type: "add_member", room, user });
  return room;
}

describe("sending a file", () => {
  test("in pieces, in order, and everybody in the room learns of the whole", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const bob = await here.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general" });
    const begun = await ann.ask({
      type: "begin_upload",
      room: "general",
      name: "../plan\u202e.TXT",
      bytes: 11,
      media_type: "Text/Plain",
    });
    expect(begun.piece_bytes).toBe(65_536);
    const id = begun.upload_id;
    expect(await ann.ask(piece(id, 0, "hello "))).toEqual({ upload_id: id, received: 6 });
    expect(await ann.ask(piece(id, 1, "world"))).toEqual({ upload_id: id, received: 11 });
    await settle();
    expect(bob.sequences("general")).toEqual([]);
    const sha256 = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    const shared = await ann.ask({ ...finish(id), sha256 });
    const file = {
      file_id: id,
      room: "general",
      sequence: 1,
      author: "ann",
      name: "plan.TXT",
      bytes: 11,
      media_type: "text/plain",
      sha256,
    };
    expect(shared).toMatchObject({ room: "general", sequence: 1, file });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({
      type: "file.shared",
      sequence: 1,
      author: "ann",
      client_message_id: "k1",
      time: shared.file.time,
      data: { file_id: id, name: "plan.TXT", bytes: 11, sha256, author_name: "ann" },
    });
    expect(await bob.ask({ type: "get_file", file_id: id })).toEqual(shared.file);
    expect(await bob.ask({ type: "list_files", room: "general" })).toEqual({
      room: "general",
      files: [shared.file],
    });
  });

  test("the last piece again changes nothing; any other one is a conflict, and the next passes", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const id = await begin(ann, 6);
    expect((await ann.refusal(piece(id, 1, "xx"))).details).toMatchObject({ expected: 0 });
    await ann.ask(piece(id, 0, "ab"));
    expect((await ann.ask(piece(id, 0, "ab"))).received).toBe(2);
    expect((await ann.refusal(piece(id, 0, "zz"))).code).toBe("conflict");
    await ann.ask(piece(id, 1, "cd"));
    expect((await ann.refusal(piece(id, 0, "ab"))).code).toBe("conflict");
    expect((await ann.refusal(piece(id, 3, "ef"))).details).toMatchObject({ expected: 2 });
    await ann.ask(piece(id, 2, "ef"));
    const { file } = await ann.ask(finish(id));
    expect(file.bytes).toBe(6);
    const content = await here.bytes.read(id);
    for await (const bytes of content?.stream ?? []) {
      expect(Buffer.from(bytes).toString()).toBe("abcdef");
    }
  });

  test("[J16] the same piece and the same finish from two connections at once count once", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const phone = await here.signIn("ann");
    const id = await begin(ann, 2);
    const pieces = await Promise.all([ann, phone].map((client) => client.ask(piece(id, 0, "ab"))));
    expect(pieces.map(({ received }) => received)).toEqual([2, 2]);
    const done = await Promise.all([ann, phone].map((client) => client.ask(finish(id))));
    expect(done.map(({ sequence }) => sequence)).toEqual([1, 1]);
    expect((await ann.ask(finish(id, "another"))).repeated).toBe(true);
    expect((await ann.ask({ type: "history", room: "general" })).events).toHaveLength(1);
  });

  test("[U4] no bytes, too many, too few, other ones, and what is no base64", async () => {
    const here = await scene({ maxFileBytes: 100 });
    const ann = await here.signIn("ann");
    const start = { type: "begin_upload", room: "general", name: "x" } as const;
    expect((await ann.refusal({ ...start, bytes: 0 })).code).toBe("bad_request");
    expect((await ann.refusal({ ...start, bytes: -1 })).code).toBe("bad_request");
    expect((await ann.refusal({ ...start, bytes: 1.5 })).code).toBe("bad_request");
    expect(await ann.refusal({ ...start, bytes: 101 })).toMatchObject({
      code: "too_large",
      details: { limit: 100 },
    });
    const id = await begin(ann, 4);
    for (const content of ["", "abc", "a===", "====", "ab c", "äää=", "A".repeat(87_388)]) {
      const bad = { type: "upload_piece", upload_id: id, index: 0, content } as const;
      expect((await ann.refusal(bad)).code).toBe("bad_request");
    }
    await ann.ask(piece(id, 0, "ab"));
    expect(await ann.refusal(finish(id))).toMatchObject({
      code: "conflict",
      details: { expected: 4, received: 2 },
    });
    expect((await ann.refusal(piece(id, 1, "cde"))).code).toBe("too_large");
    expect((await ann.refusal(finish(id))).code).toBe("not_found");
    const other = await begin(ann, 2);
    await ann.ask(piece(other, 0, "ab"));
    const wrong = { ...finish(other), sha256: "0".repeat(64) };
    expect((await ann.refusal(wrong)).code).toBe("conflict");
    expect(await here.bytes.read(other)).toBeUndefined();
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(0);
    expect((await ann.ask({ type: "history", room: "general" })).events).toEqual([]);
  });

  test("[U1] whatever a file is called, it is taken and told under a harmless name", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const names = [
      "../../x",
      "..\\x",
      "C:\\x",
      "a\0b",
      "n".repeat(300),
      "CON",
      ".htaccess",
      "a\nb",
      "",
    ];
    for (const name of names) {
      const start = { type: "begin_upload", room: "general", bytes: 1, name } as const;
      const { upload_id: id } = await ann.ask(start);
      await ann.ask(piece(id, 0, "x"));
      const { file } = await ann.ask(finish(id, id));
      expect(file.name).toMatch(/^[^./\\\p{Cc}][^/\\\p{Cc}]{0,254}$/u);
      expect(id).not.toContain(file.name);
    }
    const long = {
      type: "begin_upload",
      room: "general",
      bytes: 1,
      name: "n".repeat(1_025),
    } as const;
    expect((await ann.refusal(long)).code).toBe("bad_request");
  });

  test("[J17] a client message id of another file is a conflict, and another id is fine", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    for (const key of ["k1", "k2"]) {
      const id = await begin(ann, 2);
      await ann.ask(piece(id, 0, "ab"));
      if (key === "k2") expect((await ann.refusal(finish(id, "k1"))).code).toBe("conflict");
      expect((await ann.ask(finish(id, key))).repeated).toBeUndefined();
    }
  });

  test("an upload is its owner's alone", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const eve = await here.signIn("eve");
    const id = await begin(ann, 2);
    const absent = await eve.refusal(piece("nothing" as FileId, 0, "ab"));
    const foreign = await eve.refusal(piece(id, 0, "ab"));
    expect({ ...foreign, id: 0 }).toEqual({ ...absent, id: 0 });
    expect((await eve.refusal(finish(id))).code).toBe("not_found");
    await ann.ask(piece(id, 0, "ab"));
    await ann.ask(finish(id));
    expect((await eve.refusal(finish(id))).code).toBe("not_found");
  });

  test("an answer that was lost is given again by a node that starts anew", async () => {
    const first = await scene();
    const ann = await first.signIn("ann");
    const id = await begin(ann, 2);
    await ann.ask(piece(id, 0, "ab"));
    const shared = await ann.ask(finish(id));
    await first.node.close();
    const next = await scene({ store: first.store, bytes: first.bytes, nodeId: "n2" });
    const again = await next.signIn("ann");
    expect(await again.ask(finish(id))).toEqual({ ...shared, repeated: true });
  });

  test("[I-5] an append of unknown effect is asked again and found to be stored", async () => {
    const store = newStore();
    let isLost = false;
    const log: Store["log"] = {
      ...store.log,
      append: async (append) => {
        const appended = await store.log.append(append);
        if (append.event.type !== "file.shared" || isLost) return appended;
        isLost = true;
        throw new StorageError("the answer was lost", "unknown");
      },
    };
    const here = await scene({ store: { ...store, log } });
    const ann = await here.signIn("ann");
    const id = await begin(ann, 2);
    await ann.ask(piece(id, 0, "ab"));
    expect((await ann.refusal(finish(id))).code).toBe("unavailable");
    expect(await ann.ask(finish(id))).toMatchObject({ sequence: 1, repeated: true });
  });

  test("a node without files says so", async () => {
    const store = newStore();
    const here = await startNode({ ...store, broker: createMemoryBroker() });
    const ann = await here.signIn("ann");
    const start = { type: "begin_upload", room: "general", name: "x", bytes: 1 } as const;
    expect((await ann.refusal(start)).code).toBe("unsupported");
  });
});

describe("who may", () => {
  test("[Z1] [U6] to strangers a private room's files are as if they were not there", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    await here.store.directory.upsertExternal("bob" as UserId, "bob", 0);
    const room = await privateRoom(ann, "bob");
    const id = await shareText(ann, "secret", room);
    const eve = await here.signIn("eve");
    const absentFile = await eve.refusal({ type: "get_file", file_id: "nothing" });
    const hiddenFile = await eve.refusal({ type: "get_file", file_id: id });
    expect({ ...hiddenFile, id: 0 }).toEqual({ ...absentFile, id: 0 });
    for (const command of [
      { type: "list_files" },
      { type: "delete_file", file_id: id },
      { type: "begin_upload", name: "x", bytes: 1 },
    ] as const) {
      const hidden = await eve.refusal({ ...command, room });
      const absent = await eve.refusal({ ...command, room: "r_nothing" });
      expect({ ...hidden, id: 0 }).toEqual({ ...absent, id: 0 });
    }
    const bob = await here.signIn("bob");
    expect((await bob.ask({ type: "get_file", file_id: id })).bytes).toBe(6);
  });

  test("[U6] [I-14] at once after a kick, also where the kick came through another node", async () => {
    const store = newStore();
    const bytes = createMemoryFileStore();
    const clock = new ManualClock();
    // No notice passes between the two: what one does the other finds in the log.
    const here = await scene({ store, bytes, clock, nodeId: "n1" });
    const there = await scene({ store, bytes, clock, nodeId: "n2" });
    const ann = await here.signIn("ann");
    await store.directory.upsertExternal("bob" as UserId, "bob", 0);
    const room = await privateRoom(ann, "bob");
    const id = await shareText(ann, "secret", room);
    const bob = await there.signIn("bob");
    const get = { type: "get_file", file_id: id } as const;
    await bob.ask(get);
    const upload = await begin(bob, 2, room);
    await bob.ask(piece(upload, 0, "ab"));
    await ann.ask({ type: "remove_member", room, user: "bob" });
    expect((await bob.refusal(get)).code).toBe("not_found");
    expect((await bob.refusal({ type: "list_files", room })).code).toBe("not_found");
    expect((await bob.refusal(finish(upload))).code).toBe("not_found");
    expect(await store.files.usedBytes("bob" as UserId)).toBe(0);
    expect(await bytes.read(upload)).toBeUndefined();
    expect((await ann.ask({ type: "list_files", room })).files).toHaveLength(1);
  });

  test("a file is removed by its owner or who looks after the room, and by nobody else", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const bob = await here.signIn("bob");
    for (const user of ["bob", "cem"]) {
      await here.store.directory.upsertExternal(user as UserId, user, 0);
    }
    const room = await privateRoom(ann, "bob", "cem");
    const cem = await here.signIn("cem");
    const remove = (file_id: FileId, from = room) =>
      ({ type: "delete_file", room: from, file_id }) as const;
    const first = await shareText(bob, "one", room);
    const second = await shareText(bob, "two", room);
    const third = await shareText(bob, "three", room);
    expect((await cem.refusal(remove(first))).code).toBe("forbidden");
    const other = await privateRoom(bob);
    expect((await bob.refusal(remove(first, other))).code).toBe("not_found");
    await bob.ask(remove(first));
    await ann.ask(remove(second));
    const key = await here.signIn("service:shop?publish");
    expect((await key.refusal(remove(third))).code).toBe("not_found");
    const admin = await here.signIn("service:shop?admin");
    await admin.ask(remove(third));
    expect((await bob.refusal(remove(first))).code).toBe("not_found");
    expect((await bob.ask({ type: "list_files", room })).files).toEqual([]);
  });

  test("[I-22] a deleted file's bytes and name are gone, for replays and caches too, on every node", async () => {
    const store = newStore();
    const bytes = createMemoryFileStore();
    const clock = new ManualClock();
    const hub = new MemoryHub();
    const here = await scene({ store, bytes, clock, hub, nodeId: "n1" });
    const there = await scene({ store, bytes, clock, hub, nodeId: "n2" });
    const ann = await here.signIn("ann");
    const bob = await there.signIn("bob");
    const subscribed = await bob.ask({ type: "subscribe", room: "general" });
    const id = await shareText(ann, "secret");
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({ type: "file.shared" });
    await ann.ask({ type: "delete_file", room: "general", file_id: id });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({ type: "file.deleted", data: { file_id: id } });
    expect(await bytes.read(id)).toBeUndefined();
    for (const node of [here, there]) {
      const late = await node.signIn("cem");
      const position = { epoch: subscribed.epoch, offset: 0 };
      await late.ask({ type: "subscribe", room: "general", position });
      await settle();
      expect(late.sequences("general")).toEqual([1, 2]);
      expect(late.frames.find((frame) => "sequence" in frame && "author" in frame)).toMatchObject({
        erased: true,
      });
      expect(JSON.stringify(late.frames)).not.toContain("a.txt");
    }
  });
});

describe("how much", () => {
  test("[U8] a quota holds exactly, however many uploads begin at once, and is given back", async () => {
    const here = await scene({ quotaBytes: 10 });
    const clients = await Promise.all(Array.from({ length: 40 }, () => here.signIn("ann")));
    const start = { type: "begin_upload", room: "general", name: "x", bytes: 3 } as const;
    const answers = await Promise.all(clients.map((client) => client.answer(start)));
    expect(answers.filter(({ type }) => type === "reply")).toHaveLength(3);
    for (const answer of answers) {
      if (answer.type === "error") {
        expect(answer).toMatchObject({ code: "storage_full", retry: "later" });
      }
    }
    const [ann] = clients;
    if (ann === undefined) throw new Error("nobody");
    expect((await ann.refusal({ ...start, bytes: 2 })).code).toBe("storage_full");
    const last = await begin(ann, 1);
    await ann.ask(piece(last, 0, "x"));
    await ann.ask(finish(last));
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(10);
    await ann.ask({ type: "delete_file", room: "general", file_id: last });
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(9);
    const bob = await here.signIn("bob");
    await bob.ask({ ...start, bytes: 10 });
  });

  test("[U8] a thousand uploads at once: some begin, the others are told to come later", async () => {
    const here = await scene();
    const ann = await here.signIn("ann");
    const start = { type: "begin_upload", room: "general", name: "x", bytes: 1 } as const;
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ann.answer(start)));
    expect(answers.filter(({ type }) => type === "reply")).toHaveLength(16);
    expect(
      answers.filter((answer) => answer.type === "error" && answer.code === "rate_limited"),
    ).toHaveLength(984);
  });

  test("[U8] a full disk is told as such, and nothing of the upload stays", async () => {
    const here = await scene({ bytes: createMemoryFileStore(5) });
    const ann = await here.signIn("ann");
    const start = { type: "begin_upload", room: "general", name: "x", bytes: 6 } as const;
    expect((await ann.refusal(start)).code).toBe("storage_full");
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(0);
    await shareText(ann, "12345");
  });

  test("a disk that fills up under an upload ends it and gives its room back", async () => {
    const bytes = createMemoryFileStore();
    const filling: FileStore = {
      ...bytes,
      begin: async (file, size) => {
        const upload = await bytes.begin(file, size);
        return upload === "full" ? upload : { ...upload, write: async () => "full" };
      },
    };
    const here = await scene({ bytes: filling });
    const ann = await here.signIn("ann");
    const id = await begin(ann, 2);
    expect((await ann.refusal(piece(id, 0, "ab"))).code).toBe("storage_full");
    expect((await ann.refusal(piece(id, 0, "ab"))).code).toBe("not_found");
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(0);
  });

  test("[U4] an upload that was cut is there for an hour and then gives its room back", async () => {
    const here = await scene({ quotaBytes: 10 });
    const ann = await here.signIn("ann");
    const id = await begin(ann, 10);
    await ann.ask(piece(id, 0, "half"));
    ann.inlet.closed(1006);
    const back = await here.signIn("ann");
    await back.ask(piece(id, 1, "more"));
    expect((await back.ask({ type: "list_files", room: "general" })).files).toEqual([]);
    await here.clock.advance(3_590_000);
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(10);
    await here.clock.advance(620_000);
    await settle(50);
    expect(await here.store.files.usedBytes("ann" as UserId)).toBe(0);
    expect((await back.refusal(piece(id, 2, "xx"))).code).toBe("not_found");
  });

  test("[U4] bytes that a crash left behind are removed at the next start", async () => {
    const first = await scene();
    const ann = await first.signIn("ann");
    const shared = await shareText(ann, "kept");
    const deleted = await shareText(ann, "gone");
    // As if it had died between the commit and the removal.
    const { remove } = first.bytes;
    const stuck = { ...first.bytes, remove: () => Promise.reject(new StorageError("x", "none")) };
    const second = await scene({ store: first.store, bytes: stuck, nodeId: "n2" });
    const again = await second.signIn("ann");
    await again.ask({ type: "delete_file", room: "general", file_id: deleted });
    expect(await first.bytes.read(deleted)).toBeDefined();
    expect((await again.refusal({ type: "get_file", file_id: deleted })).code).toBe("not_found");
    await scene({ store: first.store, bytes: { ...first.bytes, remove }, nodeId: "n3" });
    await settle(50);
    expect(await first.bytes.read(deleted)).toBeUndefined();
    expect(await first.bytes.read(shared)).toBeDefined();
  });
});

test("files are listed newest first and a page at a time", async () => {
  const here = await scene();
  const ann = await here.signIn("ann");
  const ids: FileId[] = [];
  for (const text of ["1", "22", "333"]) ids.push(await shareText(ann, text));
  const list = async (more: object) =>
    (await ann.ask({ type: "list_files", room: "general", ...more })).files;
  const page = await list({ limit: 2 });
  expect(page.map(({ file_id }) => file_id)).toEqual([ids[2], ids[1]]);
  const rest = await list({ limit: 2, before: page.at(-1)?.sequence });
  expect(rest.map(({ file_id }) => file_id)).toEqual([ids[0]]);
});
