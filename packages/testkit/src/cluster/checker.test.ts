/** Each invariant is violated once by hand, and must be noticed. */
import { describe, expect, test } from "vitest";
import { check } from "./checker.ts";
import type { Entry, Evidence, History, Minimums, Row } from "./history.ts";

const enough: Minimums = { acks: 1, deliveries: 1, resumes: 0, faults: 0 };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Run extends Mutable<Evidence> {
  histories: History[];
  rows: Row[];
}

function row(room: string, sequence: number, author: string, type = "message.created"): Row {
  const payload =
    type === "message.created"
      ? { author_name: author, text: `text ${sequence}` }
      : { name: author, role: "member", user: author };
  return {
    room,
    sequence,
    id: `e${room}${sequence}`,
    type,
    author,
    principal: author,
    clientMessageId: type === "message.created" ? `m${sequence}` : undefined,
    payload: JSON.stringify(payload),
  };
}

function seen(at: number, { principal: _, ...found }: Row): Entry {
  return { kind: "delivered", at, epoch: "e.1", ...found };
}

/** Two people in a public room take turns and come back once; in a private one Bob is let in and put out again. */
function goodRun(): Run {
  const rows: Row[] = [];
  const histories = ["ann", "bob"].map(
    (user): History => ({
      client: `client of ${user}`,
      user,
      isAlone: true,
      entries: [
        { kind: "online", at: 0, node: "node-1" },
        {
          kind: "subscribed",
          at: 1,
          room: "general",
          wanted: undefined,
          place: { epoch: "e.1", offset: 0 },
          head: 0,
        },
      ],
      places: new Map([["general", { epoch: "e.1", offset: 20 }]]),
    }),
  );
  const [ann, bob] = histories as [History, History];
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    const writer = sequence % 2 === 0 ? ann : bob;
    const at = sequence * 10;
    const next = row("general", sequence, writer.user);
    rows.push(next);
    const sent = { room: "general", clientMessageId: `m${sequence}` } as const;
    const text = `text ${sequence}`;
    writer.entries.push({ kind: "sent", at, ...sent, text, attempt: 1 });
    const place = { epoch: "e.1", sequence, id: next.id };
    writer.entries.push({ kind: "acked", at: at + 5, ...sent, ...place });
    for (const { entries } of histories) entries.push(seen(at + 6, next));
    if (sequence !== 10) continue;
    const wanted = { epoch: "e.1", offset: 10 };
    bob.entries.push({ kind: "offline", at: at + 7, code: 1006, byClient: false });
    bob.entries.push({ kind: "online", at: at + 8, node: "node-2" });
    const back = { room: "general", wanted, place: wanted, head: 10 } as const;
    bob.entries.push({ kind: "subscribed", at: at + 8, ...back });
  }
  const [joined, said] = [
    row("secret", 1, "bob", "member.joined"),
    row("secret", 2, "bob"),
  ] as const;
  const left = row("secret", 3, "bob", "member.left");
  rows.push(joined, { ...said, clientMessageId: "s2" }, left);
  const place = { epoch: "e.1", offset: 1 };
  const sent = { room: "secret", clientMessageId: "s2", text: "text 2", attempt: 1 } as const;
  bob.entries.push(
    { kind: "subscribed", at: 310, room: "secret", wanted: undefined, place, head: 1 },
    { kind: "sent", at: 320, ...sent },
    seen(330, { ...said, clientMessageId: "s2" }),
    seen(340, left),
    { kind: "shut", at: 340, room: "secret", code: "not_found", text: "no such thing" },
    { kind: "shut", at: 350, room: "absent", code: "not_found", text: "no such thing" },
    {
      kind: "ephemeral",
      at: 360,
      room: "general",
      type: "read",
      user: "ann",
      readMark: 5,
    },
  );
  return {
    histories,
    rows,
    rooms: [
      { room: "general", kind: "public", head: 20, floor: 0 },
      { room: "secret", kind: "private", head: 3, floor: 0 },
    ],
    marks: [{ room: "general", user: "ann", readMark: 5 }],
    changes: [
      {
        room: "secret",
        user: "bob",
        isMember: true,
        askedAt: 300,
        confirmedAt: 305,
        sequence: 1,
      },
      {
        room: "secret",
        user: "bob",
        isMember: false,
        askedAt: 335,
        confirmedAt: 338,
        sequence: 3,
      },
    ],
    revocations: [],
    convergences: [{ invariant: "I-12", what: "rest", allowedMs: 10_000, afterMs: 10 }],
    faults: [{ id: "F-N1", what: "kill", from: 100, to: 110 }],
    latenessMs: 0,
    slowness: 1,
  };
}

function rules(run: Evidence): string[] {
  return [...new Set(check(run, enough).violations.map(({ invariant }) => invariant))];
}

function ann(run: Run): History {
  return run.histories[0] as History;
}
function bob(run: Run): History {
  return run.histories[1] as History;
}

/** Changes the first entry that is as wanted. */
function change<K extends Entry["kind"]>(
  history: History,
  kind: K,
  isWanted: (entry: Extract<Entry, { kind: K }>) => boolean,
  changed: (entry: Extract<Entry, { kind: K }>) => Entry[],
): void {
  const index = history.entries.findIndex(
    (entry) => entry.kind === kind && isWanted(entry as Extract<Entry, { kind: K }>),
  );
  expect(index).toBeGreaterThanOrEqual(0);
  const found = history.entries[index] as Extract<Entry, { kind: K }>;
  history.entries.splice(index, 1, ...changed(found));
}

describe("the checker of the cluster", () => {
  test("passes a run in which all went well", () => {
    expect(check(goodRun(), { ...enough, resumes: 1, faults: 1 })).toMatchObject({
      result: "passed",
      violations: [],
      counts: { sends: 21, acks: 20, resumes: 1, nodeChanges: 1, rows: 23 },
    });
  });

  test("[I-30] calls a run that proves too little inconclusive", () => {
    for (const lack of [{ acks: 21 }, { deliveries: 99 }, { resumes: 2 }, { faults: 2 }]) {
      expect(check(goodRun(), { ...enough, ...lack }).result).toBe("inconclusive");
    }
  });

  test("[I-1] a row that is gone, another message's, another author's or altered", () => {
    const gone = goodRun();
    gone.rows.splice(19, 1);
    expect(rules(gone)).toContain("I-1");
    for (const altered of [{ id: "other" }, { clientMessageId: "other" }, { author: "eve" }]) {
      const run = goodRun();
      run.rows[8] = { ...(run.rows[8] as Row), ...altered };
      expect(rules(run)).toContain("I-1");
    }
    const text = goodRun();
    text.rows[8] = { ...(text.rows[8] as Row), payload: '{"text":"altered"}' };
    expect(rules(text)).toEqual(expect.arrayContaining(["I-1", "I-3", "I-6"]));
  });

  test("[I-2] a hole, a second row of one place, and rows of no room", () => {
    const hole = goodRun();
    hole.rows.splice(4, 1);
    expect(rules(hole)).toContain("I-2");
    const twice = goodRun();
    twice.rows.push({ ...(twice.rows[4] as Row), id: "x", clientMessageId: "mx" });
    expect(rules(twice)).toContain("I-2");
    const stray = goodRun();
    stray.rows.push(row("nowhere", 1, "ann"));
    expect(rules(stray)).toContain("I-2");
  });

  test("[I-3] one place with two contents", () => {
    const run = goodRun();
    change(
      bob(run),
      "delivered",
      ({ sequence }) => sequence === 7,
      (entry) => [{ ...entry, payload: '{"author_name":"bob","text":"another"}' }],
    );
    expect(rules(run)).toEqual(["I-3"]);
    const stray = goodRun();
    ann(stray).entries.push({ ...seen(400, row("general", 21, "ann")), kind: "paged" } as Entry);
    expect(rules(stray)).toEqual(["I-3"]);
  });

  test("[I-4] two rows of one key, and two places acknowledged for one message", () => {
    const rows = goodRun();
    rows.rows.push({ ...(rows.rows[4] as Row), sequence: 21, id: "e21" });
    expect(rules(rows)).toContain("I-4");
    const acks = goodRun();
    change(
      ann(acks),
      "acked",
      ({ sequence }) => sequence === 4,
      (entry) => [entry, { ...entry, sequence: 6, id: "egeneral6" }],
    );
    expect(rules(acks)).toContain("I-4");
  });

  test("[I-5] what was refused for good is stored", () => {
    const run = goodRun();
    const refused = { kind: "refused", at: 45, room: "general", code: "forbidden" } as const;
    ann(run).entries.push({ ...refused, clientMessageId: "m4", isDefinite: false });
    expect(rules(run)).toEqual([]);
    ann(run).entries.push({ ...refused, clientMessageId: "m4", isDefinite: true });
    expect(rules(run)).toEqual(["I-5"]);
  });

  test("[I-6] a message that nobody sent, and one of somebody who did not belong", () => {
    const nobody = goodRun();
    nobody.rows.push(row("general", 21, "ann"));
    expect(rules(nobody)).toContain("I-6");
    const stranger = goodRun();
    stranger.rows.push({ ...row("secret", 4, "ann"), clientMessageId: "s4" });
    ann(stranger).entries.push({
      kind: "sent",
      at: 500,
      room: "secret",
      clientMessageId: "s4",
      text: "text 4",
      attempt: 1,
    });
    expect(rules(stranger)).toContain("I-6");
  });

  test("[I-7] what left after an acknowledgement stands before it", () => {
    const run = goodRun();
    change(
      bob(run),
      "sent",
      ({ clientMessageId }) => clientMessageId === "m9",
      (entry) => [{ ...entry, at: 200 }],
    );
    expect(rules(run)).toEqual(["I-7"]);
  });

  test("[I-8] what left after an event was read stands before it", () => {
    const run = goodRun();
    const index = bob(run).entries.findIndex(
      (entry) => entry.kind === "sent" && entry.clientMessageId === "m9",
    );
    const [sent] = bob(run).entries.splice(index, 1);
    const read = bob(run).entries.findIndex(
      (entry) => entry.kind === "delivered" && entry.sequence === 9,
    );
    bob(run).entries.splice(read + 1, 0, sent as Entry);
    expect(rules(run)).toContain("I-8");
  });

  test("[I-9] a client's messages in another order, unless one of several was told later", () => {
    const run = goodRun();
    const entries = bob(run).entries;
    const [early, late] = ["m3", "m5"].map((id) =>
      entries.findIndex((entry) => entry.kind === "sent" && entry.clientMessageId === id),
    ) as [number, number];
    const [first, second] = [entries[early], entries[late]] as [Entry, Entry];
    [entries[early], entries[late]] = [second, first];
    expect(rules(run)).toContain("I-9");
  });

  test("[I-10] a delivery left out, and one without a subscription", () => {
    const gap = goodRun();
    change(
      ann(gap),
      "delivered",
      ({ sequence }) => sequence === 12,
      () => [],
    );
    expect(rules(gap)).toContain("I-10");
    const none = goodRun();
    ann(none).entries.push(seen(400, none.rows[22] as Row));
    expect(rules(none)).toContain("I-10");
  });

  test("[I-11] a delivery twice, and two in the wrong order", () => {
    const run = goodRun();
    change(
      ann(run),
      "delivered",
      ({ sequence }) => sequence === 12,
      (entry) => [entry, entry],
    );
    expect(rules(run)).toEqual(["I-11"]);
    const order = goodRun();
    const entries = ann(order).entries;
    const [one, two] = [5, 6].map((sequence) =>
      entries.findIndex((entry) => entry.kind === "delivered" && entry.sequence === sequence),
    ) as [number, number];
    [entries[one], entries[two]] = [entries[two] as Entry, entries[one] as Entry];
    expect(rules(order)).toContain("I-11");
  });

  test("[I-12] a reader that does not get to the head, or too late", () => {
    const run = goodRun();
    ann(run).places.set("general", { epoch: "e.1", offset: 19 });
    change(
      ann(run),
      "delivered",
      ({ sequence }) => sequence === 20,
      () => [],
    );
    expect(rules(run)).toEqual(["I-12"]);
    for (const afterMs of [undefined, 11_000]) {
      const late = goodRun();
      late.convergences = [{ invariant: "I-12", what: "rest", allowedMs: 10_000, afterMs }];
      expect(rules(late)).toEqual(["I-12"]);
    }
  });

  test("[I-13] a resume that goes on elsewhere, begins anew in silence, or is reset without a reason", () => {
    const elsewhere = goodRun();
    change(
      bob(elsewhere),
      "subscribed",
      ({ wanted }) => wanted !== undefined,
      (entry) => [{ ...entry, place: { epoch: "e.1", offset: 9 } }],
    );
    expect(rules(elsewhere)).toContain("I-13");
    const anew = goodRun();
    change(
      bob(anew),
      "subscribed",
      ({ wanted }) => wanted !== undefined,
      (entry) => [{ ...entry, wanted: undefined }],
    );
    expect(rules(anew)).toContain("I-13");
    const reset = goodRun();
    const wanted = { epoch: "e.1", offset: 20 };
    bob(reset).entries.push({ kind: "reset", at: 400, room: "general", wanted, epoch: "e.1" });
    expect(rules(reset)).toContain("I-13");
  });

  test("[I-14] an event behind the end of a membership, and any frame two seconds after it", () => {
    const event = goodRun();
    const late = { ...row("secret", 4, "ann", "member.joined"), payload: '{"user":"ann"}' };
    event.rows.push(late);
    event.rooms = [event.rooms[0] as never, { room: "secret", kind: "private", head: 4, floor: 0 }];
    bob(event).entries.push(seen(400, late));
    expect(rules(event)).toContain("I-14");
    const frame = goodRun();
    const typing = { kind: "ephemeral", room: "secret", type: "typing", user: "ann" } as const;
    bob(frame).entries.push({ ...typing, at: 2_300, readMark: undefined });
    expect(rules(frame)).toEqual([]);
    bob(frame).entries.push({ ...typing, at: 2_400, readMark: undefined });
    expect(rules(frame)).toEqual(["I-14"]);
  });

  test("[I-16] a private room shown to a stranger, and a refusal that tells that it exists", () => {
    const run = goodRun();
    ann(run).entries.push({ ...seen(400, run.rows[21] as Row), kind: "paged" } as Entry);
    expect(rules(run)).toEqual(["I-16"]);
    for (const refusal of [
      { code: "forbidden", text: "no such thing" },
      { code: "not_found", text: "not for you" },
    ]) {
      const told = goodRun();
      ann(told).entries.push({ kind: "shut", at: 400, room: "secret", ...refusal });
      expect(rules(told)).toEqual(["I-16"]);
    }
  });

  test("[I-17] a socket, a delivery and a message that outlive an identity", () => {
    const client = "client of bob";
    const socket = goodRun();
    socket.revocations = [{ client, at: 400 }];
    expect(rules(socket)).toEqual(["I-17"]);
    bob(socket).entries.push({ kind: "offline", at: 2_300, code: 4_401, byClient: false });
    expect(rules(socket)).toEqual([]);
    bob(socket).entries.push({ kind: "online", at: 2_500, node: "node-1" });
    expect(rules(socket)).toEqual(["I-17"]);
    const late = goodRun();
    late.revocations = [{ client, at: -1_950 }];
    expect(rules(late)).toContain("I-17");
  });

  test("[I-18] a message under another name than that of its sender", () => {
    const author = goodRun();
    author.rows[4] = { ...(author.rows[4] as Row), author: "ann", principal: "ann" };
    expect(rules(author)).toContain("I-18");
    const shown = goodRun();
    change(
      ann(shown),
      "delivered",
      ({ sequence }) => sequence === 5,
      (entry) => [{ ...entry, author: "eve" }],
    );
    expect(rules(shown)).toEqual(["I-18"]);
  });

  test("[I-19] presence that never becomes true", () => {
    const run = goodRun();
    run.convergences = [{ invariant: "I-19", what: "ann", allowedMs: 2_000, afterMs: undefined }];
    expect(rules(run)).toEqual(["I-19"]);
  });

  test("[I-20] a mark that falls, is above the head, or is not what is stored", () => {
    const read = { kind: "ephemeral", room: "general", type: "read", user: "ann" } as const;
    for (const readMark of [4, 21, 6]) {
      const run = goodRun();
      bob(run).entries.push({ ...read, at: 400, readMark });
      expect(rules(run)).toContain("I-20");
    }
    const stored = goodRun();
    stored.marks = [{ room: "general", user: "ann", readMark: 21 }];
    expect(rules(stored)).toContain("I-20");
  });

  test("[NAT-3] a command without an answer", () => {
    const run = goodRun();
    ann(run).entries.push({ kind: "unanswered", at: 400, command: "ping" });
    expect(rules(run)).toEqual(["NAT-3"]);
  });

  test("time limits are relaxed by as much as the clock was late and the machine overloaded", () => {
    const run = goodRun();
    run.convergences = [{ invariant: "I-12", what: "rest", allowedMs: 10_000, afterMs: 10_500 }];
    run.latenessMs = 600;
    expect(rules(run)).toEqual([]);
    run.latenessMs = 0;
    run.slowness = 1.1;
    expect(rules(run)).toEqual([]);
  });
});
