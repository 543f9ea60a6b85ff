import type { EventFrame, RoomSettings } from "@parlance/client";
import { describe, expect, test } from "vitest";
import type { OutgoingView } from "../state/model.ts";
import { grownText, mayCancel } from "./growth.tsx";
import { blockMs } from "./row-list.ts";
import { buildRows, type MessageRow } from "./rows.ts";

const me = { id: "u_me", name: "Me" };
const noon = new Date(2026, 4, 5, 12).getTime();

function message(sequence: number, author: string, ms: number, extra = {}): EventFrame {
  return {
    type: "message.created",
    room: "general",
    sequence,
    id: `e${sequence}`,
    author,
    time: new Date(noon + ms).toISOString(),
    data: { text: "text", author_name: author },
    ...extra,
  } as EventFrame;
}
function member(sequence: number, what: "joined" | "left", ms = 0): EventFrame {
  return {
    ...message(sequence, "u_x", ms),
    type: `member.${what}`,
    data: { user: "u_x", name: `n${sequence}`, role: "member", reason: "left" },
  } as unknown as EventFrame;
}
const rowsOf = (
  events: readonly EventFrame[],
  more: {
    newAfter?: number;
    floor?: number;
    outgoing?: readonly OutgoingView[];
    settings?: RoomSettings;
  } = {},
): ReturnType<typeof buildRows> =>
  buildRows(
    {
      events,
      outgoing: [],
      newAfter: undefined,
      floor: 0,
      changes: [],
      window: undefined,
      settings: {},
      pins: undefined,
      others: {},
      ...more,
    },
    me,
  );
const firsts = (events: readonly EventFrame[]): readonly boolean[] =>
  rowsOf(events).map((row) => row.kind === "message" && row.first);

describe("blocks", () => {
  test("messages of one author within five minutes of the first are one block", () => {
    expect(
      firsts([
        message(1, "a", 0),
        message(2, "a", blockMs - 1),
        message(3, "a", blockMs),
        message(4, "b", blockMs + 1),
      ]),
    ).toEqual([true, false, true, true]);
  });

  test("a block ends at a day, at the line of what is new, and at a system line", () => {
    const midnight = 12 * 3_600_000;
    expect(firsts([message(1, "a", midnight - 1_000), message(2, "a", midnight)])).toEqual([
      true,
      true,
    ]);
    const rows = rowsOf([message(1, "a", 0), message(2, "a", 1)], { newAfter: 1 });
    expect(rows.map((row) => (row as MessageRow).first)).toEqual([true, true]);
    expect(firsts([message(1, "a", 0), member(2, "joined"), message(3, "a", 1)])).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe("what stands above a row", () => {
  test("each day has one line", () => {
    const day = 86_400_000;
    const rows = rowsOf([message(1, "a", 0), message(2, "b", 1), message(3, "a", day)]);
    expect(rows.map((row) => row.day !== undefined)).toEqual([true, false, true]);
  });

  test("the line of what is new comes once, before the first that is above the mark", () => {
    const rows = rowsOf([message(4, "a", 0), message(5, "b", 1), message(6, "c", 2)], {
      newAfter: 4,
    });
    expect(rows.map((row) => row.newSince)).toEqual([undefined, true, undefined]);
  });

  test("the beginning of the room is told only when the oldest stored event is loaded", () => {
    expect(rowsOf([message(8, "a", 0)], { floor: 7 })[0]?.start).toBe(true);
    expect(rowsOf([message(9, "a", 0)], { floor: 7 })[0]?.start).toBeUndefined();
  });
});

describe("system lines", () => {
  test("people coming and going one after the other are one row", () => {
    const rows = rowsOf([
      member(1, "joined"),
      member(2, "left"),
      message(3, "a", 1),
      member(4, "joined", 2),
    ]);
    expect(rows.map((row) => (row.kind === "system" ? row.changes.length : row.kind))).toEqual([
      2,
      "message",
      1,
    ]);
  });
});

describe("messages", () => {
  test("the local echo and its event have one key, so that the row stays the same", () => {
    const outgoing: readonly OutgoingView[] = [
      {
        clientMessageId: "m1",
        text: "hello",
        time: new Date(noon).toISOString(),
        thread: undefined,
        replyTo: undefined,
        state: "waiting",
        reason: undefined,
      },
    ];
    const [echo] = rowsOf([], { outgoing });
    const [stored] = rowsOf([message(1, me.id, 0, { client_message_id: "m1" })]);
    expect(echo?.key).toBe(stored?.key);
    expect(rowsOf([message(1, "u_x", 0, { client_message_id: "m1" })])[0]?.key).not.toBe(echo?.key);
  });

  test("an erased message keeps its place and has no text", () => {
    const { data: _data, ...envelope } = message(1, "a", 0) as { data: unknown };
    const [row] = rowsOf([{ ...envelope, erased: true } as unknown as EventFrame]);
    expect(row).toMatchObject({ kind: "message", sequence: 1, text: undefined });
  });
});

describe("messages that were changed", () => {
  const change = (sequence: number, type: string, data: object): EventFrame =>
    ({ ...message(sequence, "a", sequence), type, data }) as unknown as EventFrame;
  const texts = (events: readonly EventFrame[]): readonly unknown[] =>
    rowsOf(events).map((row) => (row as MessageRow).text);

  test("an edited message says what its newest edit says", () => {
    const edit = (sequence: number, text: string): EventFrame =>
      change(sequence, "message.edited", { message_id: "e1", text, editor_name: "a" });
    expect(texts([message(1, "a", 0), edit(2, "once"), edit(3, "twice")])).toEqual(["twice"]);
  });

  test("[I-22] a deleted message says nothing, whatever it was edited to", () => {
    const edit = change(2, "message.edited", { message_id: "e1", text: "new", editor_name: "a" });
    const deleted = change(3, "message.deleted", { message_id: "e1", by: "a" });
    expect(texts([message(1, "a", 0), edit, deleted, message(4, "a", 1)])).toEqual([
      undefined,
      "text",
    ]);
  });

  test("a name that nobody has shown to be is marked", () => {
    const data = { text: "hi", author_name: "Ann", unverified: true };
    const [row] = rowsOf([message(1, "unverified:Ann", 0, { data })]);
    expect((row as MessageRow).isUnverified).toBe(true);
  });
});

describe("messages that grow", () => {
  const begun = message(1, "a", 0, { data: { text: "so", author_name: "A", open: true } });
  const closed = (reason: string): EventFrame =>
    ({
      ...message(2, "a", 1),
      type: "message.closed",
      data: { message_id: "e1", text: "so far", reason, author_name: "A" },
    }) as unknown as EventFrame;

  test("are one row, open until their end, then whole, with a word where they were not finished", () => {
    expect(rowsOf([begun])).toMatchObject([{ text: "so", growth: "open", messageId: "e1" }]);
    expect(rowsOf([begun, closed("done")])).toMatchObject([{ text: "so far", growth: undefined }]);
    expect(rowsOf([begun, closed("cancelled")])).toMatchObject([{ growth: "cancelled" }]);
    expect(rowsOf([begun, closed("abandoned")])).toMatchObject([{ growth: "abandoned" }]);
  });

  test("say what they say so far while they are open", () => {
    const [open] = rowsOf([begun]);
    const [whole] = rowsOf([begun, closed("done")]);
    if (open === undefined || whole === undefined) throw new Error("no row");
    expect(grownText(open, { e1: "so fa" })).toBe("so fa");
    expect(grownText(open, {})).toBeUndefined();
    expect(grownText(whole, { e1: "so fa" })).toBeUndefined();
  });

  test("are cancelled by their writer, the staff, the other of two, an inbox's owner and a job's members", () => {
    const [open] = rowsOf([begun]);
    const [whole] = rowsOf([begun, closed("done")]);
    if (open === undefined || whole === undefined) throw new Error("no row");
    const may = (kind: string, role?: string, by = "b"): boolean =>
      mayCancel(open, { kind, role } as never, by);
    expect(may("public", "member", "a")).toBe(true);
    expect(["public", "private", "announcement"].some((kind) => may(kind, "member"))).toBe(false);
    expect(["owner", "moderator"].every((role) => may("private", role))).toBe(true);
    expect([may("direct", "member"), may("job", "guest"), may("inbox")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([may("direct"), may("job")]).toEqual([false, false]);
    expect(mayCancel(whole, { kind: "inbox", role: undefined }, "b")).toBe(false);
  });
});

describe("what became of messages", () => {
  const on = (sequence: number, type: string, data: object, author = "a"): EventFrame =>
    ({ ...message(sequence, author, sequence), type, data }) as unknown as EventFrame;

  test("messages of threads are not in the main line, deleted ones neither", () => {
    const inThread = { data: { text: "t", author_name: "a", thread: "e1" } };
    const rows = rowsOf([
      message(1, "a", 0),
      message(2, "a", 1, inThread),
      message(3, "a", 2, { erased: true, data: undefined }),
      on(4, "message.deleted", { message_id: "e3", by: "a", thread: "e1" }),
    ]);
    expect(rows.map((row) => row.key)).toEqual(["e:e1"]);
  });

  test("the newest edit counts, and says that it is one", () => {
    const [row] = rowsOf([
      message(1, "a", 0),
      on(2, "message.edited", { message_id: "e1", text: "second" }),
      on(3, "message.edited", { message_id: "e1", text: "third" }),
    ]);
    expect(row).toMatchObject({ text: "third", isEdited: true });
  });

  test("reactions are counted once for each person, in the order in which they came", () => {
    const react = (sequence: number, emoji: string, author: string): EventFrame =>
      on(sequence, "reaction.added", { message_id: "e1", emoji, user_name: author }, author);
    const [row] = rowsOf([
      message(1, "a", 0),
      react(2, "B", "b"),
      react(3, "A", "b"),
      react(4, "B", "b"),
      react(5, "B", "u_me"),
      on(6, "reaction.removed", { message_id: "e1", emoji: "A" }, "b"),
    ]);
    expect(row).toMatchObject({
      reactions: [{ emoji: "B", count: 2, mine: true, names: ["b"] }],
    });
  });

  test("what the reader changes shows at once, and what failed shows as it was", () => {
    const change = { key: "k", message: "e1", reason: undefined, sequence: undefined } as const;
    const shown = (state: "sending" | "failed"): MessageRow =>
      buildRows(
        {
          events: [message(1, "u_me", 0)],
          outgoing: [],
          newAfter: undefined,
          floor: 0,
          window: undefined,
          settings: {},
          pins: undefined,
          others: {},
          changes: [
            { ...change, kind: "edit", text: "mine", state },
            { ...change, key: "r", kind: "react", emoji: "A", on: true, state },
          ],
        },
        me,
      )[0] as MessageRow;
    expect(shown("sending")).toMatchObject({ text: "mine", reactions: [{ emoji: "A", count: 1 }] });
    expect(shown("failed")).toMatchObject({ text: "text", reactions: [] });
  });
});
