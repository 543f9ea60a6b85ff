import type { Decoded } from "@parlance/core";
import { errors, limits, ProtocolError } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import { decode as decodeFrame } from "./decode.ts";
import { encodeError, encodeReply } from "./encode.ts";

const publish = {
  type: "publish",
  id: 7,
  room: "general",
  client_message_id: "c-1",
  text: "hello",
};

function decode(frame: unknown): Decoded {
  const text = typeof frame === "string" ? frame : JSON.stringify(frame);
  return decodeFrame(text, new Set(["poll.vote"]));
}

/** What a refused frame is answered with; undefined if it was taken. */
function refusalOf(frame: unknown): unknown {
  const decoded = decode(frame);
  if (decoded.ok) return undefined;
  const { code, details } = decoded.error;
  return {
    code,
    ...(decoded.id === undefined ? {} : { id: decoded.id }),
    ...(details === undefined ? {} : { details }),
  };
}

const malformed = { code: "bad_request" };

describe("frames that are not commands are bad requests", () => {
  test.each(["", " ", "\t\r\n", "\ufeff{}"])("[J1] %j", (frame) => {
    expect(refusalOf(frame)).toEqual(malformed);
  });

  test.each(["{", "}{", '{"type":"ping",}', '{"type":"ping"/**/}', '{"id":NaN}', "undefined"])(
    "[J2] %s",
    (frame) => {
      expect(refusalOf(frame)).toEqual(malformed);
    },
  );

  test("[J2] a number beyond all numbers", () => {
    const frame = '{"type":"mark_read","id":1,"room":"a","sequence":1e999}';
    expect(refusalOf(frame)).toEqual({ ...malformed, id: 1, details: { field: "sequence" } });
    expect(refusalOf('{"type":"ping","id":1e999}')).toEqual({
      ...malformed,
      details: { field: "id" },
    });
  });

  test.each(["null", "0", "true", '""', "[]", '[{"type":"ping","id":1}]'])("[J3] %s", (frame) => {
    expect(refusalOf(frame)).toEqual(malformed);
  });

  test.each([undefined, null, {}, [], 1, true, "", "nobody.knows", "Ping", "ping "])(
    "[J4] [J8] type %j",
    (type) => {
      expect(refusalOf({ type, id: 3 })).toEqual({
        ...malformed,
        id: 3,
        details: { field: "type" },
      });
    },
  );

  test("[RPC-4] the type of a plug-in's frame is the question of that method", () => {
    expect(decode({ type: "poll.vote", id: 3, data: { option: 2 }, method: "other" })).toEqual({
      ok: true,
      command: { type: "rpc", id: 3, method: "poll.vote", data: { option: 2 } },
    });
    const large = { type: "poll.vote", id: 3, data: "x".repeat(32_769) };
    expect(refusalOf(large)).toMatchObject({ ...malformed, id: 3, details: { field: "data" } });
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "[J5] type %s",
    (type) => {
      expect(refusalOf({ type, id: 3 })).toMatchObject(malformed);
    },
  );

  test("[J6] a prototype in the frame changes nothing", () => {
    const ping = '{"type":"ping","id":1,"__proto__":{"admin":true},"constructor":{"prototype":{}}}';
    expect(decode(ping)).toEqual({ ok: true, command: { type: "ping", id: 1 } });
    expect(refusalOf('{"__proto__":{"type":"ping","id":1}}')).toMatchObject(malformed);
    expect("admin" in {}).toBe(false);
  });

  test("[J7] deep nesting, in less than 50 ms", () => {
    const arrays = "[".repeat(20_000) + "]".repeat(20_000);
    const objects = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    // The best of a few: other programs of the machine have nothing to do with it.
    const times = [1, 2, 3, 4, 5].map(() => {
      const start = performance.now();
      expect(refusalOf(arrays)).toEqual(malformed);
      expect(refusalOf(objects)).toMatchObject(malformed);
      expect(refusalOf(`{"type":"ping","id":1,"x":${arrays}}`)).toEqual({
        ...malformed,
        id: 1,
        details: { limit: limits.jsonDepth },
      });
      expect(refusalOf(arrays.slice(0, 20_000))).toEqual(malformed);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });

  test("[J7] the depth that is allowed is taken, one more is not", () => {
    const nested = (depth: number) =>
      `{"type":"ping","id":1,"x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(refusalOf(nested(limits.jsonDepth - 1))).toBeUndefined();
    expect(refusalOf(nested(limits.jsonDepth))).toMatchObject(malformed);
  });

  test("[J8] an unknown field is ignored and not handed on", () => {
    expect(decode({ ...publish, sequence: 9, author: "u_evil", from: "u_evil" })).toEqual({
      ok: true,
      command: publish,
    });
  });
});

describe("fields that are not as they should be are named", () => {
  const lookalike = "gen\u0435ral";
  test.each([
    undefined,
    "",
    "r".repeat(10_240),
    ["general"],
    { $ne: null },
    1,
    "../x",
    "a\0",
    "*",
    ">",
    "a.b.*",
    "a\n",
    "\u202eabc",
    lookalike,
    "a b",
    "#",
  ])("[J11] room %j", (room) => {
    expect(refusalOf({ ...publish, room })).toEqual({
      ...malformed,
      id: 7,
      details: { field: "room" },
    });
  });

  test.each([undefined, null, {}, [], 1, "", "  \n", "\u200b\u200d", "\u0000", "a\u0000b"])(
    "[J12] [J13] text %j",
    (text) => {
      expect(refusalOf({ ...publish, text })).toEqual({
        ...malformed,
        id: 7,
        details: { field: "text" },
      });
    },
  );

  test("[J13] a lone surrogate", () => {
    const frame = '{"type":"publish","id":7,"room":"a","client_message_id":"c","text":"\\ud800"}';
    expect(refusalOf(frame)).toMatchObject({ ...malformed, details: { field: "text" } });
  });

  test("[J12] a text too long is told with the limit, of the longest nothing is lost", () => {
    const text = "🦉".repeat(limits.textLength / 2);
    expect(decode({ ...publish, text })).toEqual({ ok: true, command: { ...publish, text } });
    for (const long of [`${text}a`, "a".repeat(1_048_576)]) {
      expect(refusalOf({ ...publish, text: long })).toEqual({
        code: "too_large",
        id: 7,
        details: { field: "text", limit: limits.textLength },
      });
    }
  });

  test.each(["a\ufffe", "e\u0301".repeat(5_000), "\u202edlrow", "مرحبا", "a\u2028b", "👩‍👩‍👧‍👦"])(
    "[J13] [J14] %j is taken as it is",
    (text) => {
      expect(decode({ ...publish, text })).toEqual({ ok: true, command: { ...publish, text } });
    },
  );

  test.each([undefined, "", "c".repeat(1_024), 1, {}, "a b", "é"])(
    "[J15] client message id %j",
    (id) => {
      expect(refusalOf({ ...publish, client_message_id: id })).toEqual({
        ...malformed,
        id: 7,
        details: { field: "client_message_id" },
      });
    },
  );

  test.each([-1, 1.5, "5", 2 ** 53, null])("[J19] after %j", (after) => {
    expect(refusalOf({ type: "history", id: 1, room: "a", after })).toEqual({
      ...malformed,
      id: 1,
      details: { field: "after" },
    });
  });

  test.each([0, -1, 1e9, "10; DROP", { $gt: 0 }])("[J21] limit %j", (limit) => {
    expect(refusalOf({ type: "history", id: 1, room: "a", limit })).toEqual({
      ...malformed,
      id: 1,
      details: { field: "limit" },
    });
  });

  test("a field inside another is named with its path", () => {
    const frame = { type: "subscribe", id: 1, room: "a", position: { epoch: "e1", offset: -1 } };
    expect(refusalOf(frame)).toMatchObject({ details: { field: "position.offset" } });
  });

  test.each(["attachments", "encrypted"])(
    "a publish with %s is unsupported, whatever it holds",
    (field) => {
      for (const value of [null, "x", { a: 1 }]) {
        expect(refusalOf({ ...publish, [field]: value })).toEqual({
          code: "unsupported",
          id: 7,
          details: { field },
        });
      }
    },
  );
});

describe("ids", () => {
  test.each([0, 1, Number.MAX_SAFE_INTEGER, "a", "x".repeat(64)])("%j comes back", (id) => {
    expect(decode({ type: "ping", id })).toEqual({ ok: true, command: { type: "ping", id } });
    expect(refusalOf({ type: "nonsense", id })).toMatchObject({ id });
  });

  test.each([undefined, null, -1, 1.5, 2 ** 53, "", "x".repeat(65), {}, [1], true])(
    "%j is none, so that the answer carries none",
    (id) => {
      expect(refusalOf({ type: "ping", id })).toEqual({ ...malformed, details: { field: "id" } });
      expect(refusalOf({ type: "nonsense", id })).not.toHaveProperty("id");
    },
  );

  test("[J31] of two members with one name the last counts, for id and room alike", () => {
    const frame = '{"type":"join","id":1,"room":"a","id":2,"room":"b","type":"leave","room":"c"}';
    expect(decode(frame)).toEqual({ ok: true, command: { type: "leave", id: 2, room: "c" } });
  });

  test("[J32] 1.0 and 1e3 are integers, -0 is 0, and a string is not a number", () => {
    const markRead = (sequence: string) =>
      decode(`{"type":"mark_read","id":1,"room":"a","sequence":${sequence}}`);
    expect(markRead("1.0")).toMatchObject({ ok: true, command: { sequence: 1 } });
    expect(markRead("1e3")).toMatchObject({ ok: true, command: { sequence: 1_000 } });
    expect(JSON.stringify(markRead("-0"))).toContain('"sequence":0');
    expect(markRead('"1"').ok).toBe(false);
  });
});

describe("answers", () => {
  test("are one JSON object with the members in a fixed order", () => {
    expect(encodeReply(1, {})).toBe('{"type":"reply","id":1,"result":{}}');
    expect(encodeError("a", new ProtocolError("too_large", { limit: 5 }))).toBe(
      `{"type":"error","id":"a","code":"too_large","retry":"never","text":"${errors.too_large.text}","details":{"limit":5}}`,
    );
    expect(encodeError(undefined, new ProtocolError("bad_request"))).toBe(
      `{"type":"error","code":"bad_request","retry":"never","text":"${errors.bad_request.text}"}`,
    );
  });

  test("never carry a cause", () => {
    const error = new ProtocolError("internal", undefined, { cause: new Error("secret") });
    expect(encodeError(1, error)).not.toMatch(/secret|stack/);
  });
});
