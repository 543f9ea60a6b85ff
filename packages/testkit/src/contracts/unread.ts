import { everywhere } from "@parlance/core";
import type { EventId } from "@parlance/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  event,
  joined,
  left,
  message,
  publicRoom,
  roomId,
  type UseStore,
  userId,
} from "./harness.ts";

const people = ["u1", "u2"] as const;
type Person = (typeof people)[number];

/** One step of a history. `share` is a place, as a part of the log so far. */
type Step =
  | { readonly do: "say" | "reply" | "update" | "delete" | "come" | "go"; readonly who: Person }
  | { readonly do: "read" | "unread"; readonly who: Person; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("say" as const, "reply" as const, "update" as const, "delete" as const),
      who: fc.constantFrom(...people),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("come" as const, "go" as const),
      who: fc.constantFrom(...people),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("read" as const, "unread" as const),
      who: fc.constantFrom(...people),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

/** A log of which only is known what counts, and a mark for each member. */
interface Model {
  /** Whether the event of sequence n is countable, at n - 1. */
  readonly log: boolean[];
  readonly marks: Map<Person, { private: number; public: number }>;
}

const unreadIn = ({ log }: Model, mark: number): number =>
  log.slice(mark).filter((isCountable) => isCountable).length;

/** What people prefer, and what is unread as a function of the log and the marks. */
export function describeUnread(store: UseStore): void {
  test("[I-21] what is unread is what the log says above the private mark, over random histories", async () => {
    let histories = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        histories += 1;
        const { log, directory } = store();
        const room = `history-${histories}`;
        const id = roomId(room);
        await log.append(joined("u0", { room, create: publicRoom }));
        const root = `root-${histories}` as EventId;
        await log.append(message("root", { room, user: "u0", id: root }));
        const model: Model = { log: [false, true], marks: new Map() };
        const said: EventId[] = [];
        for (const one of steps) {
          const { who } = one;
          const mark = model.marks.get(who);
          const choice = { room, user: who };
          switch (one.do) {
            case "say":
            case "reply": {
              const thread = one.do === "reply" ? { thread: root } : {};
              const data = { text: "x", author_name: who, ...thread };
              const append = event("message.created", data, choice);
              await log.append(append);
              said.push(append.id);
              model.log.push(one.do === "say");
              const isOwnLine = one.do === "say" && mark !== undefined;
              if (isOwnLine) mark.private = mark.public = model.log.length;
              break;
            }
            case "update":
              await log.append(event("room.updated", { topic: "t", editor_name: who }, choice));
              model.log.push(false);
              break;
            case "delete": {
              const gone = said.pop();
              if (gone === undefined) break;
              const data = { message_id: gone, by: userId(who) };
              await log.append(event("message.deleted", data, choice));
              model.log.push(false);
              break;
            }
            case "come":
              await log.append(joined(who, choice));
              model.log.push(false);
              if (mark === undefined) {
                const at = model.log.length;
                model.marks.set(who, { private: at, public: at });
              }
              break;
            case "go":
              await log.append(left(who, choice));
              model.log.push(false);
              model.marks.delete(who);
              break;
            case "read":
            case "unread": {
              const place = Math.round(one.share * (model.log.length + 2));
              const move = one.do === "read" ? directory.markRead : directory.markUnread;
              const marked = await move(id, userId(who), place);
              if (mark === undefined) {
                expect(marked).toBeUndefined();
                break;
              }
              const at = Math.min(place, model.log.length);
              const pick = one.do === "read" ? Math.max : Math.min;
              mark.private = pick(mark.private, at);
              mark.public = Math.max(mark.public, mark.private);
              const unread = unreadIn(model, mark.private);
              const now = { readMark: mark.public, unreadAfter: mark.private, unread };
              expect(marked).toEqual(now);
              break;
            }
          }
        }
        for (const who of people) {
          const seen = await directory.roomOf(userId(who), id);
          const mark = model.marks.get(who);
          const told = seen && [seen.unread, seen.readMark, seen.unreadAfter, seen.head];
          const known = mark && [
            unreadIn(model, mark.private),
            mark.public,
            mark.private,
            model.log.length,
          ];
          expect(told).toEqual(known);
        }
      }),
      { numRuns: 20 },
    );
  });

  describe("preferences", () => {
    test("are one's own, of each room and of everywhere, and go back to nothing", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      const [u1, u2, r1] = [userId("u1"), userId("u2"), roomId("r1")];
      const sections = [{ id: "a", name: "Work 語🦊" }];
      expect(await directory.changePreferences(everywhere, u1, { sections })).toEqual({ sections });
      const silent = { shares_receipts: false };
      expect(await directory.changePreferences(everywhere, u1, silent)).toEqual({
        sections,
        ...silent,
      });
      await directory.changePreferences(r1, u1, { favourite: true, level: "mentions" });
      await directory.changePreferences(r1, u2, { muted_until: "forever" });
      expect(await directory.preferencesOf(u1, 9)).toEqual([
        { room: "", preferences: { sections, ...silent } },
        { room: "r1", preferences: { favourite: true, level: "mentions" } },
      ]);
      expect(await directory.preferencesOf(u1, 1)).toHaveLength(1);
      expect(await directory.preferencesEverywhere([u1, u2])).toEqual(
        new Map([[u1, { sections, ...silent }]]),
      );
      expect(await directory.preferencesEverywhere([])).toEqual(new Map());
      const back = { favourite: false, level: null };
      expect(await directory.changePreferences(r1, u1, back)).toEqual({});
      await directory.changePreferences(everywhere, u1, { sections: null, shares_receipts: true });
      expect(await directory.preferencesOf(u1, 9)).toEqual([]);
      expect(await directory.preferencesOf(u2, 9)).toHaveLength(1);
    });
  });
}
