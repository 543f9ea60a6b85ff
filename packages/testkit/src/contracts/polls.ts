import type { Append, Appended, RoomLog } from "@parlance/core";
import type { DurablePayloads, EventId, Poll, PollView, Principal } from "@parlance/protocol";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { event, publicRoom, roomId, stored, type UseStore, userId } from "./harness.ts";

const room = roomId("r1");
const voters = ["ann", "bob", "cat", "dan"] as const;
const polls = ["p0", "p1", "p2"] as const;

function poll(id: string, more: Partial<Poll> = {}): Append {
  const asked = { question: "Tea?", options: ["yes", "no", "later"], ...more };
  const said = { text: "Tea?\n\n1. yes\n2. no\n3. later", author_name: "Ada", poll: asked };
  return event("message.created", said, { id });
}

function voted(id: string, voter: string, before: readonly number[], choices: readonly number[]) {
  const data: DurablePayloads["poll.voted"] = { message_id: id as EventId, before, choices };
  return event("poll.voted", data, { user: voter });
}

function hidden(id: string, voter: string, choices: readonly number[]): Append {
  const data = { message_id: id as EventId, before: [], choices };
  return event("poll.voted", data, { user: "anonymous:vote", principal: voter });
}

function closed(id: string): Append {
  return event("poll.closed", { message_id: id as EventId, by: userId("u1") });
}

async function viewOf(log: RoomLog, id: string): Promise<PollView | undefined> {
  const page = await log.messages({ room, ids: [id as EventId], limit: 1 });
  return page?.messages[0]?.poll;
}

/** Polls and their votes: the same on every engine. */
export function describePolls(store: UseStore): void {
  describe("polls", () => {
    beforeEach(async () => {
      await store().log.open(room, publicRoom);
    });

    test("are in the view of their message, with who chose what in the order in which they chose", async () => {
      const { log } = store();
      await log.append(poll("p0", { several: true }));
      expect(await viewOf(log, "p0")).toEqual({
        question: "Tea?",
        several: true,
        options: ["yes", "no", "later"].map((text) => ({ text, votes: 0, users: [] })),
        voters: 0,
      });
      await log.append(voted("p0", "bob", [], [0, 2]));
      await log.append(voted("p0", "ann", [], [0]));
      expect(await viewOf(log, "p0")).toMatchObject({
        options: [
          { text: "yes", votes: 2, users: ["bob", "ann"] },
          { text: "no", votes: 0, users: [] },
          { text: "later", votes: 1, users: ["bob"] },
        ],
        voters: 2,
      });
      await store().reopen();
      expect(await viewOf(store().log, "p0")).toMatchObject({ voters: 2 });
    });

    test("in an anonymous one nobody is named, and yet each has one vote", async () => {
      const { log, directory } = store();
      await log.append(poll("p0", { anonymous: true }));
      await log.append(hidden("p0", "ann", [1]));
      await log.append(hidden("p0", "bob", [1]));
      expect((await log.append(hidden("p0", "bob", [2]))).outcome).toBe("moved");
      const view = await viewOf(log, "p0");
      expect(view).toMatchObject({
        options: [{ votes: 0 }, { votes: 2 }, { votes: 0 }],
        voters: 2,
      });
      const page = await log.read({ room, after: 0, limit: 10 });
      const told = JSON.stringify([view, page]);
      expect(told).not.toContain("ann");
      expect(told).not.toContain("bob");
      const own = await directory.ownVotes("ann" as Principal, ["p0" as EventId]);
      expect([...own]).toEqual([["p0", [1]]]);
    });

    test("an ended one takes no vote, and is ended once", async () => {
      const { log } = store();
      await log.append(poll("p0"));
      await log.append(voted("p0", "ann", [], [0]));
      stored(await log.append(closed("p0")));
      expect((await log.append(closed("p0"))).outcome).toBe("unchanged");
      expect((await log.append(voted("p0", "bob", [], [0]))).outcome).toBe("gone");
      expect(await viewOf(log, "p0")).toMatchObject({ closed: true, voters: 1 });
    });

    test("[I-22] a deleted one takes its votes along", async () => {
      const { log, directory } = store();
      await log.append(poll("p0"));
      await log.append(voted("p0", "ann", [], [0]));
      const deletion = { message_id: "p0" as EventId, by: userId("u1") };
      await log.append(event("message.deleted", deletion));
      expect(await viewOf(log, "p0")).toBeUndefined();
      expect((await directory.ownVotes("ann" as Principal, ["p0" as EventId])).size).toBe(0);
      expect((await log.append(voted("p0", "ann", [0], []))).outcome).toBe("gone");
    });

    test("over random votes, changes and withdrawals they count as a list of ballots does", async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          await store().clear();
          const { log, directory } = store();
          await log.open(room, publicRoom);
          for (const id of polls) await log.append(poll(id, { several: true }));
          const model = new Map<string, Map<string, readonly number[]>>();
          const over = new Set<string>();
          for (const step of history) {
            const ballots = model.get(step.poll) ?? new Map<string, readonly number[]>();
            model.set(step.poll, ballots);
            const before = ballots.get(step.voter) ?? [];
            const outcome = await act(log, step, before);
            if (step.act === "close") {
              expect(outcome).toBe(over.has(step.poll) ? "unchanged" : "stored");
              over.add(step.poll);
            } else if (over.has(step.poll)) expect(outcome).toBe("gone");
            else if (step.isLate && before.length > 0) expect(outcome).toBe("moved");
            else if (before.join() === step.choices.join()) expect(outcome).toBe("unchanged");
            else {
              expect(outcome).toBe("stored");
              ballots.set(step.voter, step.choices);
            }
          }
          for (const id of polls) {
            const ballots = [...(model.get(id)?.entries() ?? [])].filter(
              ([, own]) => own.length > 0,
            );
            const view = await viewOf(log, id);
            expect(view?.voters).toBe(ballots.length);
            expect(view?.closed === true).toBe(over.has(id));
            for (const [place, option] of (view?.options ?? []).entries()) {
              const chosen = ballots.filter(([, own]) => own.includes(place));
              expect(option.votes).toBe(chosen.length);
              expect(new Set(option.users)).toEqual(new Set(chosen.map(([voter]) => voter)));
            }
            for (const [voter, own] of ballots) {
              const kept = await directory.ownVotes(voter as Principal, [id as EventId]);
              expect(kept.get(id as EventId)).toEqual(own);
            }
          }
        }),
        { numRuns: 15 },
      );
    }, 120_000);
  });
}

interface Step {
  readonly act: "vote" | "close";
  readonly poll: string;
  readonly voter: string;
  readonly choices: readonly number[];
  /** It does not know of the vote before. */
  readonly isLate: boolean;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    act: fc.constantFrom("vote", "vote", "vote", "vote", "vote", "close"),
    poll: fc.constantFrom(...polls),
    voter: fc.constantFrom(...voters),
    choices: fc.subarray([0, 1, 2]),
    isLate: fc.boolean(),
  }),
  { minLength: 5, maxLength: 40 },
);

async function act(
  log: RoomLog,
  step: Step,
  before: readonly number[],
): Promise<Appended["outcome"]> {
  const { poll: id, voter, choices, isLate } = step;
  const append =
    step.act === "close" ? closed(id) : voted(id, voter, isLate ? [] : before, choices);
  return (await log.append(append)).outcome;
}
