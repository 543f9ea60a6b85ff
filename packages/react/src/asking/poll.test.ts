import type { DurableEvent, EventId } from "@parlance/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterVote, chosenAfter, isOver, newPoll, readPoll } from "./poll.ts";

const asked = { question: "Tea?", options: ["yes", "no", "later"], several: true as const };

function voted(author: string, before: readonly number[], choices: readonly number[]) {
  const data = { message_id: "p" as EventId, before, choices, user_name: author };
  return { author, data } as unknown as DurableEvent<"poll.voted">;
}

describe("a poll", () => {
  test("over random votes counts as a list of ballots does", () => {
    const votes = fc.array(
      fc.record({ who: fc.constantFrom("ann", "bob", "cat"), choices: fc.subarray([0, 1, 2]) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(votes, (history) => {
        const ballots = new Map<string, readonly number[]>();
        let poll = newPoll(asked);
        for (const { who, choices } of history) {
          poll = afterVote(poll, voted(who, ballots.get(who) ?? [], choices), "ann");
          ballots.set(who, choices);
        }
        const cast = [...ballots].filter(([, choices]) => choices.length > 0);
        expect(poll.voters).toBe(cast.length);
        for (const [place, option] of poll.options.entries()) {
          const chosen = cast.filter(([, choices]) => choices.includes(place)).map(([who]) => who);
          expect(option.votes).toBe(chosen.length);
          expect(new Set(option.names)).toEqual(new Set(chosen));
        }
        expect(poll.mine ?? []).toEqual(ballots.get("ann") ?? []);
      }),
    );
  });

  test("goes on from what was read", () => {
    const options = ["yes", "no"].map((text) => ({ text, votes: 7, users: [] }));
    const read = readPoll({ question: "Tea?", options, voters: 9, mine: [0] });
    expect(afterVote(read, voted("ann", [0], [1]), "ann")).toMatchObject({
      options: [{ votes: 6 }, { votes: 8 }],
      voters: 9,
      mine: [1],
    });
  });

  test("is over when somebody ended it or its time has come", () => {
    const poll = newPoll({ ...asked, closes_at: "2026-01-01T00:00:10.000Z" });
    const at = Date.parse("2026-01-01T00:00:00.000Z");
    expect([isOver(poll, at), isOver(poll, at + 10_000)]).toEqual([false, true]);
    expect(isOver({ ...newPoll(asked), isClosed: true }, at)).toBe(true);
  });

  test("a press chooses, chooses instead, or takes the choice back", () => {
    expect(chosenAfter({ isSeveral: true }, [2], 0)).toEqual([0, 2]);
    expect(chosenAfter({ isSeveral: false }, [2], 0)).toEqual([0]);
    expect(chosenAfter({ isSeveral: false }, [2], 2)).toEqual([]);
  });
});
