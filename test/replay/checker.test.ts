import { describe, expect, test } from "vitest";
import { check } from "../../bench/replay/checker.ts";
import type { ClientHistory, Row } from "../../bench/replay/history.ts";

const enough = { acks: 1, resumes: 0, kills: 0 };

/** A run in which all went well: two people, thirty messages in turn, both see everything. */
function goodRun(): { histories: ClientHistory[]; rows: Row[] } {
  const rows: Row[] = [];
  const histories = ["ann", "bob"].map(
    (user): ClientHistory => ({
      client: `client of ${user}`,
      user,
      rooms: new Map([["general", 0]]),
      sends: [],
      acks: [],
      refusals: [],
      deliveries: [],
      resumes: 1,
      resets: 0,
    }),
  );
  for (let sequence = 1; sequence <= 30; sequence += 1) {
    const history = histories[sequence % 2];
    if (history === undefined) throw new Error("two histories");
    const place = { room: "general", sequence, id: `e${sequence}` };
    const clientMessageId = `m${sequence}`;
    const text = `text ${sequence}`;
    history.sends.push({
      room: "general",
      clientMessageId,
      text,
      at: sequence * 10,
      seen: sequence - 1,
    });
    history.acks.push({ ...place, clientMessageId, at: sequence * 10 + 5 });
    const type = "message.created";
    rows.push({
      ...place,
      type,
      author: history.user,
      principal: history.user,
      clientMessageId,
      text,
    });
    for (const { deliveries } of histories) {
      deliveries.push({ ...place, author: history.user, type, text });
    }
  }
  return { histories, rows };
}

function rulesOf(run: { histories: ClientHistory[]; rows: Row[] }): string[] {
  return [...new Set(check(run.histories, run.rows, 0, enough).violations.map(({ rule }) => rule))];
}

describe("the checker", () => {
  test("passes a run in which all went well", () => {
    const { histories, rows } = goodRun();
    expect(check(histories, rows, 0, enough)).toMatchObject({ result: "passed", violations: [] });
  });

  test("[I-30] calls a run that proves too little inconclusive", () => {
    const { histories, rows } = goodRun();
    for (const minimums of [
      { ...enough, acks: 31 },
      { ...enough, resumes: 3 },
      { ...enough, kills: 1 },
    ]) {
      expect(check(histories, rows, 0, minimums).result).toBe("inconclusive");
    }
  });

  test("[I-1] [I-2] names a row that was removed, in the middle and at the end", () => {
    for (const index of [12, 29]) {
      const run = goodRun();
      run.rows.splice(index, 1);
      expect(rulesOf(run)).toContain("I-1");
      expect(rulesOf(run)).toContain("I-3");
    }
    const run = goodRun();
    run.rows.splice(12, 1);
    expect(rulesOf(run)).toContain("I-2");
  });

  test("[I-4] names a row that was doubled", () => {
    const run = goodRun();
    const row = run.rows[4];
    if (row === undefined) throw new Error("a row");
    run.rows.push({ ...row, sequence: 31, id: "e31" });
    expect(rulesOf(run)).toContain("I-4");
    expect(rulesOf(run)).toContain("I-12");
  });

  test("[I-3] [I-1] names two rows that were swapped", () => {
    const run = goodRun();
    const [first, second] = [run.rows[3], run.rows[4]];
    if (first === undefined || second === undefined) throw new Error("rows");
    run.rows[3] = { ...second, sequence: first.sequence };
    run.rows[4] = { ...first, sequence: second.sequence };
    expect(rulesOf(run)).toEqual(expect.arrayContaining(["I-1", "I-3"]));
  });

  test("[I-3] [I-6] names a row whose text was altered", () => {
    const run = goodRun();
    const row = run.rows[7];
    if (row === undefined) throw new Error("a row");
    run.rows[7] = { ...row, text: "something else" };
    expect(rulesOf(run)).toEqual(expect.arrayContaining(["I-3", "I-6"]));
  });

  test("[I-6] names a message that nobody sent", () => {
    const run = goodRun();
    const row = run.rows[7];
    if (row === undefined) throw new Error("a row");
    run.rows.push({ ...row, sequence: 31, id: "e31", clientMessageId: "m31" });
    expect(rulesOf(run)).toContain("I-6");
  });

  test("[I-10] [I-11] [I-12] names a delivery that was left out, doubled, out of order or the last one missing", () => {
    const gap = goodRun();
    gap.histories[0]?.deliveries.splice(10, 1);
    expect(rulesOf(gap)).toContain("I-10");
    const doubled = goodRun();
    const delivery = doubled.histories[0]?.deliveries[10];
    if (delivery === undefined) throw new Error("a delivery");
    doubled.histories[0]?.deliveries.splice(11, 0, delivery);
    expect(rulesOf(doubled)).toContain("I-11");
    const late = goodRun();
    late.histories[1]?.deliveries.pop();
    expect(rulesOf(late)).toEqual(["I-12"]);
  });

  test("[I-7] [I-8] [I-9] names messages that were stored in another order than they were sent", () => {
    const run = goodRun();
    // What was sent last is stored first: everything else moves by one.
    const placed = (sequence: number): number => (sequence === 30 ? 1 : sequence + 1);
    const moved = <T extends { sequence: number }>(item: T): T => ({
      ...item,
      sequence: placed(item.sequence),
    });
    const rows = run.rows.map(moved);
    const histories = run.histories.map((history) => ({
      ...history,
      acks: history.acks.map(moved),
      deliveries: history.deliveries
        .map(moved)
        .sort((left, right) => left.sequence - right.sequence),
    }));
    expect(rulesOf({ histories, rows })).toEqual(expect.arrayContaining(["I-7", "I-8", "I-9"]));
  });

  test("[I-5] names a message that was refused for good and is stored all the same", () => {
    const run = goodRun();
    run.histories[0]?.refusals.push({ room: "general", clientMessageId: "m2" });
    expect(rulesOf(run)).toEqual(["I-5"]);
  });
});
