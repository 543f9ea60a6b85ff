/** Searching, over the commands of a node. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { Command, Principal, RoomId, SearchResult, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import { allows, readableRooms } from "./authorize.ts";
import { kinds as allKinds } from "./kinds.ts";
import type { Identity } from "./ports/index.ts";
import { textTerms } from "./search/index.ts";
import { readQueryText } from "./search/query-text.ts";

async function start(): Promise<Harness> {
  let seed = 11;
  const store = createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
  for (const user of ["ann", "eve"]) await store.directory.upsertExternal(user as UserId, user, 0);
  return startNode({ ...store, broker: createMemoryBroker(), nodeId: "n" });
}

type Wanted = Omit<Command<"search">, "type" | "id" | "room" | "from"> & {
  readonly room?: string;
  readonly from?: readonly string[];
};

function search(client: TestClient, wanted: Wanted): Promise<SearchResult> {
  return client.ask({ type: "search", ...wanted } as never) as Promise<SearchResult>;
}

async function texts(client: TestClient, query: string, more: Partial<Wanted> = {}) {
  return (await search(client, { query, ...more })).hits.map(({ message }) => message.text);
}

function identity(user: string, more: Partial<Identity> = {}): Identity {
  return {
    user: user as UserId,
    name: user,
    kind: "external",
    principal: user as string as Principal,
    ...more,
  };
}

describe("terms", () => {
  test.each([
    ["Hello, World! It's v2_beta.", ["hello", "world", "it", "s", "v2_beta"]],
    ["ＦＵＬＬ ｗｉｄｔｈ ﬁne", ["full", "width", "fine"]],
    ["Ärger STRASSE Straße naïve Łódź", ["arger", "strasse", "strasse", "naive", "lodz"]],
    ["Ещё, ёж", ["еще", "еж"]],
    ["北京 iPhone手机", ["北", "京", "iphone", "手", "机"]],
    ["コーヒー", ["コ", "ー", "ヒ", "ー"]],
    ["학교", ["학", "교"]],
    ["ที่นี่", ["ที่", "นี่"]],
    ["हिन्दी में", ["हिन्दी", "में"]],
    ["שָׁלוֹם أَهْلاً مرحبــا", ["שלום", "اهلا", "مرحبا"]],
    ["İstanbul ISPARTA ısı", ["istanbul", "isparta", "isi"]],
    ["🦊!? — …", []],
    ["", []],
    ["x".repeat(100), ["x".repeat(40)]],
    [`${"x".repeat(39)}𝒳𠀀`, [`${"x".repeat(39)}x`, "𠀀"]],
  ])("of %s", (text, terms) => {
    expect(textTerms(text)).toEqual(terms);
  });

  test("are the same of a text and of the text that they make", () => {
    for (const text of ["Crème brûlée", "가나다", "ﬁne ＷＩＤＥ", "ŉ ǆ ŀ", "ΌΣΟΣ ὈΔΥΣΣΕΎΣ", "ẞß"]) {
      const once = textTerms(text);
      expect(textTerms(once.join(" "))).toEqual(once);
    }
  });
});

describe("the text of a search", () => {
  test("has words, phrases, beginnings and what narrows it", () => {
    const read = readQueryText(
      `hello "Big cat" wor* FROM:ann from:"Bob B" in:general has:links before:2024-03 after:2023 don't`,
    );
    expect(read).toEqual({
      clauses: [
        { terms: ["hello"], isPrefix: false },
        { terms: ["big", "cat"], isPrefix: false },
        { terms: ["wor"], isPrefix: true },
        { terms: ["don", "t"], isPrefix: false },
      ],
      from: ["ann", "Bob B"],
      in: ["general"],
      has: ["link"],
      after: Date.UTC(2023, 0),
      before: Date.UTC(2024, 2),
    });
    const day = readQueryText("on:2024-02-29 before:2025-01-01T00:00:00+02:00");
    expect(day).toMatchObject({ after: Date.UTC(2024, 1, 29), before: Date.UTC(2024, 2, 1) });
    expect(readQueryText("on:2024-12")).toMatchObject({ before: Date.UTC(2025, 0) });
  });

  test("has a last word that grows while somebody types, and no other", () => {
    const growing = (text: string) =>
      readQueryText(text, true).clauses.map(({ isPrefix }) => isPrefix);
    expect(growing("one tw")).toEqual([false, true]);
    expect(growing("one tw ")).toEqual([false, false]);
    expect(growing('"one tw"')).toEqual([false]);
    expect(growing("t")).toEqual([false]);
    expect(growing("北")).toEqual([true]);
  });

  test("takes what it does not know for words, and refuses what cannot be meant", () => {
    expect(readQueryText("http://x.y foo:bar (a+)+$ '; DROP --").clauses).toHaveLength(4);
    for (const wrong of ["before:yesterday", "after:2024-13", "on:2023-02-29", "has:cheese"]) {
      expect(() => readQueryText(wrong)).toThrow("not well formed");
    }
    expect(() => readQueryText("a ".repeat(33))).toThrow();
    expect(() => readQueryText("北".repeat(65))).toThrow();
  });
});

describe("readable rooms", () => {
  test("are those that the one function allows to read, of every kind", () => {
    for (const trusted of [false, true]) {
      for (const kind of Object.keys(allKinds) as (keyof typeof allKinds)[]) {
        for (const isMember of [false, true]) {
          for (const id of ["r1", "notifications_ann", "user:ann", "user:bob", "notifications"]) {
            const ann = identity("ann", trusted ? { onTrustedNetwork: true } : {});
            const rooms = readableRooms(ann);
            const room = id as RoomId;
            const said =
              rooms !== undefined &&
              (rooms.kinds.includes(kind) ||
                (kind === "inbox" && rooms.own.includes(room)) ||
                (isMember && rooms.joined.includes(kind)));
            const role = isMember ? "member" : undefined;
            expect([kind, id, said]).toEqual([kind, id, allows(ann, "read", { room, kind }, role)]);
          }
        }
      }
    }
    expect(readableRooms(identity("service:x", { scopes: ["read"] }))).toBeUndefined();
  });
});

describe("a search", () => {
  test("finds the newest first, in pages, with the room's title and what stands beside", async () => {
    const { signIn } = await start();
    const ann = await signIn("ann");
    for (let n = 1; n <= 7; n += 1) await ann.publish("general", `line ${n}`, `k${n}`);
    await ann.publish("tech", "line of tech", "k");
    const first = await search(ann, { query: "line", limit: 3, context: 1 });
    expect(first.hits.map(({ message }) => message.text)).toEqual([
      "line of tech",
      "line 7",
      "line 6",
    ]);
    expect(first.hits[1]).toMatchObject({
      room_title: "general",
      message: { room: "general", sequence: 7 },
      before: [{ text: "line 6" }],
      after: [],
    });
    expect(first.hits[2]).toMatchObject({
      before: [{ text: "line 5" }],
      after: [{ text: "line 7" }],
    });
    const { next = "" } = first;
    expect(await texts(ann, "line", { cursor: next, limit: 50 })).toEqual([
      "line 5",
      "line 4",
      "line 3",
      "line 2",
      "line 1",
    ]);
    expect((await search(ann, { query: "line", limit: 8 })).next).toBeUndefined();
    expect(first.hits[0]).not.toHaveProperty("next");
  });

  test("is narrowed by who, where, what and when", async () => {
    const { signIn } = await start();
    const ann = await signIn("ann");
    const bob = await signIn("bob");
    await ann.publish("general", "apple https://a.example", "1");
    await bob.publish("general", "apple pie", "2");
    await bob.publish("tech", "apple tart", "3");
    expect(await texts(ann, "apple from:bob")).toEqual(["apple tart", "apple pie"]);
    expect(await texts(ann, "apple from:@me")).toEqual(["apple https://a.example"]);
    expect(await texts(ann, "apple from:nobody")).toEqual([]);
    expect(await texts(ann, "apple in:#tech")).toEqual(["apple tart"]);
    expect(await texts(ann, "apple", { room: "tech" })).toEqual(["apple tart"]);
    expect(await texts(ann, "apple in:general", { room: "tech" })).toEqual([]);
    expect(await texts(ann, "apple in:nowhere")).toEqual([]);
    expect(await texts(ann, "", { from: ["bob"], room: "tech" })).toEqual(["apple tart"]);
    expect(await texts(ann, "has:link")).toEqual(["apple https://a.example"]);
    expect(await texts(ann, "appl* before:2000-01-01")).toEqual([]);
    expect(await texts(ann, "ap", { growing: true })).toHaveLength(3);
    for (const wrong of [
      { query: "" },
      { query: "!?" },
      { query: "has:reaction" },
      { query: "x", limit: 51 },
      { query: "x", cursor: "1" },
      { query: "x".repeat(1_025) },
      { query: "before:never" },
    ]) {
      const refusal = await ann.refusal({ type: "search", ...wrong } as never);
      expect(["bad_request", "too_large"]).toContain(refusal.code);
    }
  });

  test("[Z1] [Z5] [I-14] tells nothing of rooms that the caller may not read, or not any more", async () => {
    const { signIn } = await start();
    const ann = await signIn("ann");
    const eve = await signIn("eve");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Plans" });
    await ann.publish(room, "secret plan", "1");
    expect(await search(eve, { query: "secret" })).toEqual({ hits: [] });
    expect(await search(eve, { query: `secret in:${room}` })).toEqual({ hits: [] });
    expect(await search(eve, { query: "secret in:Plans" })).toEqual({ hits: [] });
    const strip = ({ id: _, ...error }: Awaited<ReturnType<TestClient["refusal"]>>): string =>
      JSON.stringify(error);
    const there = await eve.refusal({ type: "search", query: "secret", room } as never);
    const absent = await eve.refusal({ type: "search", query: "secret", room: "r_none" } as never);
    expect(strip(there)).toBe(strip(absent));
    expect(await texts(ann, "secret in:plans")).toEqual(["secret plan"]);
    await ann.ask({ type: "add_member", room, user: "eve" } as never);
    expect(await texts(eve, "secret")).toEqual(["secret plan"]);
    await ann.ask({ type: "remove_member", room, user: "eve" } as never);
    expect(await search(eve, { query: "secret" })).toEqual({ hits: [] });
  });

  test("of a back end finds in the rooms of its key, which it names", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    await ann.publish("shop-1", "order", "1");
    await ann.publish("general", "order", "2");
    const key = (more: Partial<Identity>): Identity =>
      identity("service:shop", { kind: "service", scopes: ["read"], ...more });
    const found = async (who: Identity, room?: string): Promise<number> => {
      const command = { type: "search", id: 0, query: "order" } as const;
      const where = room === undefined ? {} : { room: room as RoomId };
      return (await harness.node.execute<"search">(who, { ...command, ...where })).hits.length;
    };
    expect(await found(key({}))).toBe(2);
    await expect(found(key({ scopes: ["publish"] }))).rejects.toMatchObject({ code: "forbidden" });
    const some = key({ rooms: ["shop-*"] });
    expect(await found(some, "shop-1")).toBe(1);
    await expect(found(some)).rejects.toMatchObject({ code: "bad_request" });
    await expect(found(some, "general")).rejects.toMatchObject({ code: "not_found" });
  });
});
