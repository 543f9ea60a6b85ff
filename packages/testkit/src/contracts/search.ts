import type { Append, ReadableRooms, RoomLog, SearchQuery } from "@parlance/core";
import { clauseOf } from "@parlance/core";
import type { EventId, JsonObject, UserId } from "@parlance/protocol";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryStore } from "../memory/index.ts";
import {
  event,
  joined,
  left,
  message,
  publicRoom,
  roomId,
  someTime,
  type UseStore,
  userId,
} from "./harness.ts";

type Wanted = Partial<Omit<SearchQuery, "clauses">> & {
  /** One clause each; `*` at the end of one is a prefix. */
  readonly words?: readonly string[];
};

function queryOf({ words = [], ...rest }: Wanted): SearchQuery {
  const clauses = words.flatMap((text) => clauseOf(text, text.endsWith("*")) ?? []);
  return { clauses, has: [], limit: 50, ...rest };
}

/** Ids of a page. */
async function idsOf(log: RoomLog, wanted: Wanted): Promise<string[]> {
  return (await log.search(queryOf(wanted))).messages.map(({ id }) => id);
}

/** Ids of all pages, each of so many. */
async function allOf(log: RoomLog, wanted: Wanted, limit: number): Promise<string[]> {
  const found: string[] = [];
  let behind: SearchQuery["behind"];
  for (;;) {
    const query = queryOf({ ...wanted, limit, ...(behind === undefined ? {} : { behind }) });
    const { messages, hasMore } = await log.search(query);
    found.push(...messages.map(({ id }) => id));
    const last = messages.at(-1);
    if (!hasMore || last === undefined) return found;
    expect(messages).toHaveLength(limit);
    behind = { time: Date.parse(last.time), number: last.number };
  }
}

/** What a user may read. */
function readableBy(user: string, own: readonly string[] = []): ReadableRooms {
  return {
    kinds: ["public", "announcement"],
    joined: ["private", "direct", "job"],
    user: userId(user),
    own: own.map(roomId),
  };
}

/** Finding messages by what they say now: the same on every engine. */
export function describeSearch(store: UseStore): void {
  describe("searching", () => {
    beforeEach(async () => {
      await store().log.open(roomId("r1"), publicRoom);
    });

    const write = async (texts: Readonly<Record<string, string>>): Promise<void> => {
      let time = someTime;
      for (const [id, text] of Object.entries(texts)) {
        time += 1_000;
        await store().log.append(message(text, { id, time }));
      }
    };

    test("finds words whatever their case and accents, phrases in their order, and beginnings", async () => {
      await write({
        a: "The Crème brûlée was GOOD, don't you think?",
        b: "Straße, Łódź and a good deal of œuvre",
        c: "it is goodness of v2_beta",
        d: "you think: good it is",
      });
      const { log } = store();
      expect(await idsOf(log, { words: ["good"] })).toEqual(["d", "b", "a"]);
      expect(await idsOf(log, { words: ["GOOD*"] })).toEqual(["d", "c", "b", "a"]);
      expect(await idsOf(log, { words: ["creme BRULEE"] })).toEqual(["a"]);
      expect(await idsOf(log, { words: ["brulee creme"] })).toEqual([]);
      expect(await idsOf(log, { words: ["brulee", "creme"] })).toEqual(["a"]);
      expect(await idsOf(log, { words: ["good it is"] })).toEqual(["d"]);
      expect(await idsOf(log, { words: ["good it i*"] })).toEqual(["d"]);
      expect(await idsOf(log, { words: ["don't"] })).toEqual(["a"]);
      expect(await idsOf(log, { words: ["strasse"] })).toEqual(["b"]);
      expect(await idsOf(log, { words: ["lodz", "oeuvre"] })).toEqual(["b"]);
      expect(await idsOf(log, { words: ["v2_b*"] })).toEqual(["c"]);
      expect(await idsOf(log, { words: ["is", "it"] })).toEqual(["d", "c"]);
      expect(await idsOf(log, { words: ["absent"] })).toEqual([]);
      expect(await idsOf(log, { words: ["absent*"] })).toEqual([]);
    });

    test("finds any part of what is written without blanks, and words from right to left", async () => {
      await write({
        zh: "我们明天去北京大学看看",
        ja: "東京都でコーヒーを飲みます",
        ko: "학교에서 만나요",
        th: "สวัสดีชาวโลกที่สวยงาม",
        he: "שָׁלוֹם לכולם",
        ar: "أَهْلاً وسهلاً بالعالم",
        ru: "Ещё ёжик в Токио",
        mixed: "买iPhone手机",
      });
      const { log } = store();
      const found = async (...words: string[]): Promise<string[]> => idsOf(log, { words });
      expect(await found("北京")).toEqual(["zh"]);
      expect(await found("京")).toEqual(["ja", "zh"]);
      expect(await found("京北")).toEqual([]);
      expect(await found("明天", "大学")).toEqual(["zh"]);
      expect(await found("コーヒー")).toEqual(["ja"]);
      expect(await found("ｺｰﾋｰ")).toEqual(["ja"]);
      expect(await found("학교")).toEqual(["ko"]);
      expect(await found("에서")).toEqual(["ko"]);
      expect(await found("โลก")).toEqual(["th"]);
      expect(await found("ชาวโล*")).toEqual(["th"]);
      expect(await found("שלום")).toEqual(["he"]);
      expect(await found("اهلا")).toEqual(["ar"]);
      expect(await found("еще ежик")).toEqual(["ru"]);
      expect(await found("iphone手")).toEqual(["mixed"]);
    });

    test("treats everything that engines have a meaning for as text", async () => {
      await write({
        a: `it's "quoted" a_b 100% AND OR NOT NEAR the`,
        b: "-minus +plus ~x * \\ ' ` ; --",
      });
      const { log } = store();
      for (const word of ["quoted", "a_b", "100", "AND", "or", "NOT", "near", "the", "s"]) {
        expect(await idsOf(log, { words: [word] })).toEqual(["a"]);
      }
      expect(await idsOf(log, { words: ["minus", "plus", "x"] })).toEqual(["b"]);
      expect(await idsOf(log, { words: [`a" OR "minus`] })).toEqual([]);
      expect(await idsOf(log, { words: ["axb"] })).toEqual([]);
    });

    test("comes the newest first, by time and then by number, in pages", async () => {
      const { log } = store();
      await log.open(roomId("r2"), publicRoom);
      const times = [5, 1, 3, 3, 3, 2, 9, 9, 4, 0];
      for (const [n, time] of times.entries()) {
        const room = n % 3 === 0 ? "r2" : "r1";
        await log.append(message("word", { id: `m${n}`, room, time: someTime + time }));
      }
      const wanted = ["m7", "m6", "m0", "m8", "m4", "m3", "m2", "m5", "m1", "m9"];
      expect(await idsOf(log, { words: ["word"] })).toEqual(wanted);
      for (const limit of [1, 3, 10, 11]) {
        expect(await allOf(log, { words: ["word"] }, limit)).toEqual(wanted);
      }
      expect(await idsOf(log, { words: ["word"], after: someTime + 3 })).toEqual(
        wanted.slice(0, 7),
      );
      expect(await idsOf(log, { words: ["word"], before: someTime + 3 })).toEqual(wanted.slice(7));
      expect(
        await idsOf(log, { words: ["word"], after: someTime + 3, before: someTime + 4 }),
      ).toEqual(["m4", "m3", "m2"]);
      expect(await idsOf(log, { words: ["word"], rooms: [roomId("r2")] })).toEqual([
        "m6",
        "m0",
        "m3",
        "m9",
      ]);
      expect(await idsOf(log, { rooms: [roomId("r1"), roomId("r2")] })).toEqual(wanted);
    });

    test("finds what somebody wrote, and what has a link, a file, code or a reaction", async () => {
      const { log } = store();
      const data: JsonObject = { files: [{ name: "plan.pdf" }] };
      await log.append(message("see https://example.org now", { id: "m1", user: "Bob" }));
      await log.append(
        event(
          "message.created",
          { text: "the plan", author_name: "B", data },
          { id: "m2", user: "bob" },
        ),
      );
      await log.append(message("use ```x```", { id: "m3", user: "u:3 .x" }));
      const put = { message_id: "m3" as EventId, emoji: "👍", user_name: "A" };
      await log.append(event("reaction.added", put));
      const by = (...users: string[]): readonly UserId[] => users.map(userId);
      expect(await idsOf(log, { authors: by("Bob") })).toEqual(["m1"]);
      expect(await idsOf(log, { authors: by("bob", "Bob", "nobody") })).toEqual(["m2", "m1"]);
      expect(await idsOf(log, { authors: by("u:3 .x"), words: ["use"] })).toEqual(["m3"]);
      expect(await idsOf(log, { authors: by("nobody") })).toEqual([]);
      expect(await idsOf(log, { has: ["link"] })).toEqual(["m1"]);
      expect(await idsOf(log, { has: ["file"] })).toEqual(["m2"]);
      expect(await idsOf(log, { has: ["code", "reaction"] })).toEqual(["m3"]);
      expect(await idsOf(log, { has: ["link", "code"] })).toEqual([]);
      expect(await idsOf(log, { has: ["reaction"], rooms: [roomId("r1")] })).toEqual(["m3"]);
      await log.append(event("reaction.removed", { message_id: "m3" as EventId, emoji: "👍" }));
      expect(await idsOf(log, { has: ["reaction"], rooms: [roomId("r1")] })).toEqual([]);
      await log.append(
        event("message.edited", { message_id: "m2" as EventId, text: "no", editor_name: "B" }),
      );
      expect(await idsOf(log, { has: ["file"] })).toEqual([]);
    });

    test("[I-22] finds what a message says now, and nothing of what was edited away or deleted", async () => {
      const harness = store();
      await write({ a: "first wordings", b: "second wordings" });
      const about = { message_id: "a" as EventId };
      await harness.log.append(
        event("message.edited", { ...about, text: "third phrases", editor_name: "Ada" }),
      );
      expect(await idsOf(harness.log, { words: ["first"] })).toEqual([]);
      expect(await idsOf(harness.log, { words: ["wordings"] })).toEqual(["b"]);
      const [hit] = (await harness.log.search(queryOf({ words: ["phrases"] }))).messages;
      expect(hit).toMatchObject({ id: "a", text: "third phrases", room: "r1", sequence: 1 });
      await harness.log.append(
        event("message.deleted", { message_id: "b" as EventId, by: userId("u1") }),
      );
      for (const words of [["second"], ["word*"], ["wordings"]]) {
        expect(await idsOf(harness.log, { words })).toEqual([]);
      }
      await harness.reopen();
      expect(await idsOf(harness.log, { rooms: [roomId("r1")] })).toEqual(["a"]);
      expect(await idsOf(harness.log, { words: ["third"] })).toEqual(["a"]);
    });

    test("finds all of a message that grew once it is closed", async () => {
      const { log } = store();
      const data: JsonObject = { files: [{ name: "x" }] };
      await log.append(
        event(
          "message.created",
          { text: "begin", author_name: "A", open: true, data },
          { id: "m1" },
        ),
      );
      expect(await idsOf(log, { words: ["begin"] })).toEqual(["m1"]);
      const piece = { message: "m1" as EventId, room: roomId("r1"), at: 5, text: " of more" };
      await log.appendTexts([{ ...piece, revision: 0 }]);
      const whole = { text: "begin of more", author_name: "A", data };
      await log.append(
        event("message.closed", { message_id: "m1" as EventId, reason: "done", ...whole }),
      );
      expect(await idsOf(log, { words: ["more"], has: ["file"] })).toEqual(["m1"]);
    });

    test("[Z5] finds only in rooms that the reader may read, as it is at that moment", async () => {
      const { log } = store();
      const rooms = { r2: "private", r3: "inbox", r4: "job", r5: "announcement" } as const;
      await log.append(message("secret", { id: "in-r1" }));
      for (const [room, kind] of Object.entries(rooms)) {
        await log.open(roomId(room), { ...publicRoom, kind });
        await log.append(message("secret", { id: `in-${room}`, room }));
      }
      await log.append(joined("u1", { room: "r2" }));
      await log.append(joined("u1", { room: "r3" }));
      const found = (user: string, own: readonly string[] = []) =>
        idsOf(log, { words: ["secret"], within: readableBy(user, own) });
      expect(await found("u2")).toEqual(["in-r5", "in-r1"]);
      expect(await found("u1")).toEqual(["in-r5", "in-r2", "in-r1"]);
      expect(await found("u3", ["r3"])).toEqual(["in-r5", "in-r3", "in-r1"]);
      expect(await idsOf(log, { words: ["secret"] })).toHaveLength(5);
      const query = { words: ["secret"], within: readableBy("u2"), limit: 2 };
      expect((await log.search(queryOf(query))).hasMore).toBe(false);
      await log.append(left("u1", { room: "r2" }));
      expect(await found("u1")).toEqual(["in-r5", "in-r1"]);
      const only = { within: readableBy("u1"), rooms: [roomId("r2")] };
      expect(await idsOf(log, { words: ["secret"], ...only })).toEqual([]);
    });

    test("[I-22] over random histories it finds what looking at every message finds", async () => {
      await fc.assert(
        fc.asyncProperty(history, queries, async (appends, wanted) => {
          const { log } = store();
          await store().clear();
          const model = createMemoryStore({ random: () => 0.5 }).log;
          for (const room of ["r1", "r2"]) {
            const made = room === "r1" ? publicRoom : { ...publicRoom, kind: "private" as const };
            await log.open(roomId(room), made);
            await model.open(roomId(room), made);
          }
          for (const append of appends) {
            expect((await log.append(append)).outcome).toBe((await model.append(append)).outcome);
          }
          for (const query of wanted) {
            expect(await allOf(log, query, 4)).toEqual(await allOf(model, query, 4));
          }
        }),
        { numRuns: 12 },
      );
    }, 120_000);
  });
}

const vocabulary = [
  "a",
  "be",
  "Été",
  "see",
  "seen",
  "seeing",
  "北",
  "北京",
  "京北京",
  "โลก",
  "https://a.example",
  "```",
  "🦊",
  "don't",
  "x_y",
  "the",
];
const someWords = fc.array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 6 });
const someText = fc
  .tuple(someWords, fc.constantFrom(" ", "", ", "))
  .map(([words, by]) => words.join(by));
const someUser = fc.constantFrom("u1", "u2");
const someRoom = fc.constantFrom("r1", "r2");

/** Appends about at most twelve messages, some of which will be refused. */
const history: fc.Arbitrary<readonly Append[]> = fc
  .array(
    fc.record({
      what: fc.constantFrom("write", "write", "write", "edit", "delete", "react", "join", "leave"),
      number: fc.integer({ min: 0, max: 11 }),
      text: someText,
      user: someUser,
      room: someRoom,
      late: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 5, maxLength: 40 },
  )
  .map((steps) =>
    steps.map(({ what, number, text, user, room, late }, n) => {
      const more = { user, room, id: `e${n}`, time: someTime + n + late };
      const message_id = `e${number}` as EventId;
      switch (what) {
        case "edit":
          return event("message.edited", { message_id, text, editor_name: "E" }, more);
        case "delete":
          return event("message.deleted", { message_id, by: userId(user) }, more);
        case "react":
          return event("reaction.added", { message_id, emoji: "x", user_name: "U" }, more);
        case "join":
          return joined(user, more);
        case "leave":
          return left(user, more);
        default:
          return message(text, more);
      }
    }),
  );

const queries: fc.Arbitrary<readonly Wanted[]> = fc.array(
  fc
    .record(
      {
        words: fc.array(
          fc.oneof(
            someText,
            fc.constantFrom("se*", "see*", "北*", "x*", "京*", "a seen*", "the*", "โล*"),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        within: someUser.map((user) => readableBy(user)),
        rooms: fc.uniqueArray(someRoom.map(roomId), { minLength: 1, maxLength: 2 }),
        authors: fc.uniqueArray(someUser.map(userId), { minLength: 1, maxLength: 2 }),
        has: fc.subarray(["link", "code", "reaction"] as const),
        after: fc.integer({ min: 0, max: 40 }).map((ms) => someTime + ms),
        before: fc.integer({ min: 0, max: 40 }).map((ms) => someTime + ms),
      },
      { requiredKeys: [] },
    )
    .filter((wanted) => isAnything(wanted)),
  { minLength: 10, maxLength: 20 },
);

function isAnything({ words = [], rooms, authors, has = [] }: Wanted): boolean {
  const { clauses } = queryOf({ words });
  return (
    clauses.length > 0 ||
    rooms !== undefined ||
    authors !== undefined ||
    has.some((feature) => feature !== "reaction")
  );
}
