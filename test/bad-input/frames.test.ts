/** RELIABILITY 4.2: what a client may send wrongly over the native dialect, against a whole server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { type Frame, type Pair, Scene, Speaker } from "./scene.ts";

let scene: Scene;
let pair: Pair;

beforeAll(async () => {
  scene = await Scene.start();
  pair = await scene.pair();
});
afterAll(() => scene.close());

/** Sends text as it is, expects that error, and that everything goes on. */
async function refused(text: string, code = "bad_request"): Promise<Frame> {
  const answer = await pair.actor.sendRaw(text);
  expect({ text: text.slice(0, 60), type: answer["type"], code: answer["code"] }).toEqual({
    text: text.slice(0, 60),
    type: "error",
    code,
  });
  // Twenty bad frames in a row would end the connection; that has a test of its own.
  expect(await pair.actor.ask({ type: "ping" })).toMatchObject({ type: "reply" });
  return answer;
}

const json = JSON.stringify;

describe("malformed frames", () => {
  test.each([
    ["J1", ["", "   ", "\ufeff{}"]],
    [
      "J2",
      ["{", "}{", '{"type":"ping","id":1,}', '{"type":"ping" /* x */}', '{"id":NaN}', "1e999"],
    ],
    ["J3", ["null", "0", "true", '""', "[]"]],
    ["J4", ["{}", ...[null, {}, [], 7].map((type) => json({ type, id: 1 }))]],
    [
      "J5",
      ["__proto__", "constructor", "toString", "hasOwnProperty"].map((type) =>
        json({ type, id: 1 }),
      ),
    ],
    ["J8", [json({ type: "no_such_command", id: 1 })]],
  ])("[%s] are answered with bad_request and the connection is kept", async (_rule, texts) => {
    for (const text of texts) await refused(text);
    await pair.goesOn();
  });

  test("[J6] a prototype in a frame changes nothing", async () => {
    const answer = await pair.actor.sendRaw(
      '{"type":"ping","id":1,"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
    );
    expect(answer["type"]).toBe("reply");
    expect("admin" in {}).toBe(false);
    await pair.goesOn();
  });

  test("[J7] deep nesting is refused at once", async () => {
    for (const text of [
      `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
      `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
      `{"type":"ping","id":1,"x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    ]) {
      await refused(text);
    }
    await pair.goesOn();
  });

  test("[J8] fields that nobody knows are ignored", async () => {
    const answer = await pair.actor.ask({ type: "ping", colour: "red", more: { of: ["it"] } });
    expect(answer["type"]).toBe("reply");
    await pair.goesOn();
  });

  test("[J9] a binary frame ends the connection with 1003, and only that one", async () => {
    const speaker = await scene.guest();
    speaker.socket.send(Buffer.from('{"type":"ping","id":1}'), { binary: true });
    expect(await speaker.closed()).toBe(1003);
    await pair.goesOn();
  });

  test("[J10] twenty bad frames in a row end the connection with 4500", async () => {
    const speaker = await scene.guest();
    for (let count = 0; count < 20; count += 1) speaker.socket.send("{");
    expect(await speaker.closed()).toBe(4500);
    expect(speaker.frames.filter((frame) => frame["code"] === "bad_request")).toHaveLength(20);
    await pair.goesOn();
  });
});

describe("fields", () => {
  test("[J11] a room that is not a room's name", async () => {
    const names = [
      undefined,
      "",
      "x".repeat(10_240),
      ["general"],
      {},
      { $ne: null },
      7,
      "../x",
      "a\u0000b",
      "*",
      ">",
      "a.b.*",
      "a\nb",
      "\u202egeneral",
      "gener\u0430l",
      "general ",
      "-x",
    ];
    for (const room of names) {
      for (const type of ["subscribe", "join", "history"])
        await refused(json({ type, id: 1, room }));
    }
    for (const room of names.slice(0, 6)) {
      await refused(json({ type: "publish", id: 1, room, text: "x", client_message_id: "1" }));
    }
    await pair.goesOn();
  });

  const publish = (fields: Readonly<Record<string, unknown>>): string =>
    json({ type: "publish", id: 1, room: pair.room, text: "x", client_message_id: "j", ...fields });

  test("[J12] a text that is missing, of another type or with nothing to see in it", async () => {
    for (const text of [undefined, null, {}, [], 7, "", "   ", "\u200b\u200b", "\n\t \u2060"]) {
      await refused(publish({ text }));
    }
    await pair.goesOn();
  });

  test("[J12] a text one character too long is told the limit; the limit itself passes", async () => {
    const answer = await refused(publish({ text: "x".repeat(16_385) }), "too_large");
    expect(answer["details"]).toMatchObject({ limit: 16_384 });
    const whole = await pair.actor.ask({
      type: "publish",
      room: pair.room,
      text: "\u00e9".repeat(16_384),
      client_message_id: "longest",
    });
    expect(whole["type"]).toBe("reply");
    await pair.goesOn();
  });

  test("[J12] [T16] a frame over the limit ends the connection with 1009", async () => {
    const speaker = await scene.guest();
    speaker.socket.send(publish({ text: "x".repeat(1_048_576) }));
    expect(await speaker.closed()).toBe(1009);
    await pair.goesOn();
  });

  test("[J13] U+0000 and lone surrogates are refused, other odd characters go through as they are", async () => {
    for (const text of ["a\u0000b", "\ud800", "x\udc00y"]) await refused(publish({ text }));
    const odd = [
      "a\ufffe",
      `a${"\u0301".repeat(10_000)}`,
      "\u202eevil\u202c",
      "\u2066x\u2069",
      "𝒳😀👩‍👩‍👧‍👦🏳️‍🌈",
      "ﷺ".repeat(100),
    ];
    for (const [index, text] of odd.entries()) {
      const answer = await pair.actor.ask({
        type: "publish",
        room: pair.room,
        text,
        client_message_id: `odd-${index}`,
      });
      expect(answer["type"]).toBe("reply");
      await pair.bystander.until(
        () => pair.bystander.frames.find((frame) => textOf(frame) === text),
        `odd text ${index}`,
      );
    }
    const page = await pair.actor.ask({ type: "history", room: pair.room, limit: 200 });
    const { events } = page["result"] as { events: Frame[] };
    expect(events.map(textOf)).toEqual(expect.arrayContaining(odd));
    await pair.goesOn();
  });

  test("[J15] a client message id that is missing, empty, too long or of another type", async () => {
    for (const id of [undefined, "", "x".repeat(1_024), 7, {}, null, "a b", "\u00e9"]) {
      await refused(publish({ client_message_id: id }));
    }
    await pair.goesOn();
  });

  test("[J16] [J17] the same id a hundred times at once is one row; with another text a conflict", async () => {
    const command = { type: "publish", room: pair.room, text: "hundred", client_message_id: "100" };
    const answers = await Promise.all(Array.from({ length: 100 }, () => pair.actor.ask(command)));
    const places = answers.map((answer) => (answer["result"] as { sequence: number }).sequence);
    expect(new Set(places).size).toBe(1);
    expect(await pair.actor.ask({ ...command, text: "other" })).toMatchObject({ code: "conflict" });
    await pair.goesOn();
    expect(pair.bystander.frames.filter((frame) => textOf(frame) === "hundred")).toHaveLength(1);
  });

  test("[J19] positions that are none", async () => {
    const reply = await pair.actor.ask({ type: "history", room: pair.room, limit: 1 });
    const { epoch, head } = reply["result"] as { epoch: string; head: number };
    const speaker = await scene.guest();
    for (const offset of [-1, 1.5, "5", 2 ** 53, null, {}]) {
      const position = { epoch, offset };
      const answer = await speaker.ask({ type: "subscribe", room: pair.room, position });
      expect(answer).toMatchObject({ type: "error", code: "bad_request" });
    }
    for (const position of [
      { epoch, offset: head + 1_000 },
      { epoch: "forged.1", offset: 0 },
    ]) {
      const answer = await speaker.ask({ type: "subscribe", room: pair.room, position });
      expect(answer).toMatchObject({ type: "error", code: "resync_required" });
    }
    await pair.goesOn();
  });

  test("[J20] a forged or foreign session token is refused with one answer and 4401", async () => {
    const answers = new Set<string>();
    for (const token of [
      "pls_x_y",
      "pls_",
      `pls_${"a".repeat(26)}_${"b".repeat(43)}`,
      "plk_x_y",
      "a.b.c",
      "x".repeat(100),
      "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsImV4cCI6OTk5OTk5OTk5OX0.",
    ]) {
      const speaker = await scene.stranger();
      const answer = await speaker.sendRaw(json({ type: "sign_in", token, id: "t" }));
      answers.add(json(answer));
      expect(await speaker.closed()).toBe(4401);
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('"unauthenticated"');
    await pair.goesOn();
  });

  test("[J21] a page size that is none", async () => {
    for (const limit of [0, -1, 1e9, "10; DROP", { $gt: 0 }, 1.5, null]) {
      await refused(json({ type: "history", id: 1, room: pair.room, limit }));
    }
    await pair.goesOn();
  });

  test("[J22] [A1] [I-18] what only the server decides cannot be claimed", async () => {
    const claim = {
      sequence: 999_999,
      time: "1999-01-01T00:00:00.000Z",
      from: "root",
      author: "root",
      user_id: "root",
      userId: "root",
      sender_id: "root",
      username: "root",
      author_name: "root",
      role: "owner",
      epoch: "mine.1",
    };
    const answer = await pair.actor.ask({
      type: "publish",
      room: pair.room,
      text: "who am I",
      client_message_id: "claim",
      ...claim,
    });
    const { sequence } = answer["result"] as { sequence: number };
    expect(sequence).toBeLessThan(999_999);
    const event = await pair.bystander.until(
      () => pair.bystander.frames.find((frame) => textOf(frame) === "who am I"),
      "the event",
    );
    expect(json(event)).not.toContain("root");
    expect(event["time"]).not.toContain("1999");
    expect(event["data"]).toMatchObject({ author_name: "Actor" });
    await pair.goesOn();
  });

  test("reserved fields of a publish are refused as unsupported, not dropped", async () => {
    for (const field of ["attachments", "encrypted"]) {
      const answer = await refused(publish({ [field]: "x" }), "unsupported");
      expect(answer["details"]).toEqual({ field });
    }
    await pair.goesOn();
  });

  test("[J23] a thread or an answer of a message that is not in the room is not found", async () => {
    for (const field of ["thread", "reply_to"]) {
      for (const ref of ["x", "999999999", "999999999999999999999999"]) {
        await refused(publish({ [field]: ref }), "not_found");
      }
      for (const wrong of ["", {}, 7, null, "a".repeat(1_024)]) {
        await refused(publish({ [field]: wrong }), "bad_request");
      }
    }
    await pair.goesOn();
  });

  test("[J27] a room may be subscribed a thousand times, too many rooms may not", async () => {
    const speaker = await scene.guest();
    const places = await Promise.all(
      Array.from({ length: 1_000 }, () => speaker.ask({ type: "subscribe", room: pair.room })),
    );
    expect(places.every((answer) => answer["type"] === "reply")).toBe(true);
    // Many make the rooms, so that one commit makes many.
    const makers = await Promise.all(Array.from({ length: 50 }, () => scene.guest()));
    await Promise.all(
      makers.flatMap((maker, first) =>
        Array.from({ length: 22 }, (_, index) =>
          maker.ask({ type: "subscribe", room: `many-${first * 22 + index}` }),
        ),
      ),
    );
    const answers = await Promise.all(
      Array.from({ length: 1_100 }, (_, index) =>
        speaker.ask({ type: "subscribe", room: `many-${index}` }),
      ),
    );
    const codes = answers.map((answer) => answer["code"]);
    expect(codes.filter((code) => code === undefined)).toHaveLength(999);
    expect(codes.at(-1)).toBe("too_large");
    expect(answers.at(-1)?.["details"]).toMatchObject({ limit: 1_000 });
    await pair.goesOn();
    const events = (): Frame[] =>
      speaker.frames.filter((frame) => frame["type"] === "message.created");
    await speaker.until(() => events()[0], "the event");
    expect(events()).toHaveLength(1);
  });

  test("[J28] before sign_in every command but ping is refused and the connection kept", async () => {
    const speaker = await scene.stranger();
    for (const command of [
      { type: "subscribe", room: pair.room },
      { type: "publish", room: pair.room, text: "x", client_message_id: "1" },
      { type: "list_rooms" },
      { type: "refresh", token: "x" },
    ]) {
      expect(await speaker.ask(command)).toMatchObject({ code: "unauthenticated" });
    }
    expect(await speaker.ask({ type: "ping" })).toMatchObject({ type: "reply" });
    expect(await speaker.ask({ type: "sign_in", guest: { name: "Late" } })).toMatchObject({
      type: "reply",
    });
    await pair.goesOn();
  });

  test("[J29] signing in again is a conflict", async () => {
    const answer = await pair.actor.ask({ type: "sign_in", guest: { name: "Other" } });
    expect(answer).toMatchObject({ code: "conflict" });
    await pair.goesOn();
  });

  test("[J30] a thousand commands in one segment are each answered, in order", async () => {
    const from = pair.actor.frames.length;
    const ids = Array.from({ length: 1_000 }, (_, index) => `burst-${index}`);
    for (const id of ids) pair.actor.socket.send(json({ type: "ping", id }));
    await pair.actor.until(
      () => pair.actor.frames.find((frame) => frame["id"] === ids.at(-1)),
      "the last answer",
    );
    expect(pair.actor.frames.slice(from).map((frame) => frame["id"])).toEqual(ids);
    await pair.goesOn();
  });

  test("[J31] of two members with one name the last counts, for the check and for the use", async () => {
    const answer = await pair.actor.sendRaw(
      `{"type":"publish","id":1,"room":"r_hidden","room":"${pair.room}","text":"twice","client_message_id":"d1"}`,
    );
    expect(answer["result"]).toMatchObject({ room: pair.room });
    await refused(
      `{"type":"publish","id":1,"room":"${pair.room}","room":"r_hidden","text":"x","client_message_id":"d2"}`,
      "not_found",
    );
    await pair.goesOn();
  });

  test("[J32] numbers count by their value, and a number in quotes is none", async () => {
    for (const number of ["1.0", "1e0", "-0"]) {
      const answer = await pair.actor.sendRaw(
        `{"type":"history","id":1,"room":"${pair.room}","after":${number},"limit":1}`,
      );
      expect(answer["type"]).toBe("reply");
    }
    await refused(`{"type":"history","id":1,"room":"${pair.room}","limit":"1"}`);
    await pair.goesOn();
  });
});

describe("who comes from where", () => {
  test("[A14] [A15] a cookie signs nobody in, and a foreign page is refused whatever it brings", async () => {
    const port = scene.server.port;
    const own = await scene.stranger({
      origin: `http://localhost:${port}`,
      headers: { cookie: "session=pls_stolen_secret; token=x" },
    });
    expect(await own.ask({ type: "list_rooms" })).toMatchObject({ code: "unauthenticated" });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const foreign = new WebSocket(scene.socketUrl, {
        origin: "https://evil.example",
        headers: { cookie: "session=pls_stolen_secret" },
      });
      foreign.on("unexpected-response", (_request, response) => resolve(response.statusCode));
      foreign.on("open", () => reject(new Error("a foreign page came in")));
      foreign.on("error", () => undefined);
    });
    expect(status).toBe(403);
    await pair.goesOn();
  });

  test("[A6] a token in the address signs nobody in", async () => {
    const guest = await scene.stranger();
    const answer = await guest.ask({ type: "sign_in", guest: { name: "Tokened" } });
    const { token } = answer["result"] as { token: string };
    const speaker = await new Speaker(`${scene.socketUrl}?token=${token}`).opened();
    expect(await speaker.ask({ type: "list_rooms" })).toMatchObject({ code: "unauthenticated" });
    await pair.goesOn();
  });

  test("[F-C7] a byte that changes on the way ends the connection or is refused, and is never another's message", async () => {
    for (let at = 0; at < 30; at += 3) {
      const speaker = await scene.guest();
      const text = Buffer.from(
        json({
          type: "publish",
          id: 1,
          room: pair.room,
          text: "tampered",
          client_message_id: `c${at}`,
        }),
      );
      const payload = Buffer.from(text);
      payload.writeUInt8(payload.readUInt8(at) ^ 0x80, at);
      speaker.socket.send(payload, { binary: false });
      await speaker.until(
        () => speaker.closedWith ?? speaker.frames.find((frame) => frame["type"] === "error"),
        "an answer or the end",
      );
    }
    await pair.goesOn();
    expect(pair.bystander.frames.some((frame) => textOf(frame) === "tampered")).toBe(false);
  });
});

function textOf(frame: Frame): string | undefined {
  return (frame["data"] as { text?: string } | undefined)?.text;
}
