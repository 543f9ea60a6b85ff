/**
 * RELIABILITY 4.2 and 4.3 over the four JSON dialects, against a whole server in development mode: the answer, the
 * connection's fate, a valid message right after, and a bystander in the same room who saw nothing odd.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Frame, Scene, Speaker } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start({ PARLANCE_SECRET: secret });
});
afterAll(() => scene.close());

const secret = "the-key-of-these-tests-7f6e5d4c3b2a19081726";
let people = 100;

interface Dialect {
  readonly name: string;
  readonly path: string;
  /** Makes an open connection one that hears its room. */
  enter(speaker: Speaker): Promise<void>;
  /** A frame that says `text` in the room. */
  say(text: unknown): object;
  textOf(frame: Frame): unknown;
  /** The member that holds the text, and the one that holds the room. */
  readonly text: string;
  readonly room?: string;
  /** Frames have a type. */
  readonly isTyped: boolean;
}

const room = "hall";

const dialects: readonly Dialect[] = [
  {
    name: "chatlogger",
    path: "/chatlogger",
    enter: async () => {},
    say: (message) => ({ username: "Ann", message }),
    textOf: (frame) => (frame["type"] === "message" ? frame["message"] : undefined),
    text: "message",
    isTyped: false,
  },
  {
    name: "mmb",
    path: "/mmb",
    async enter(speaker) {
      people += 1;
      speaker.socket.send(JSON.stringify({ type: "auth", user_id: people }));
      speaker.socket.send(JSON.stringify({ type: "join", room }));
      await seen(speaker, ({ type }) => type === "room_joined");
    },
    say: (message) => ({ type: "message", room, message }),
    textOf: (frame) => (frame["type"] === "message" ? frame["message"] : undefined),
    text: "message",
    room: "room",
    isTyped: true,
  },
  {
    name: "portico",
    path: "/wss",
    async enter(speaker) {
      people += 1;
      speaker.socket.send(JSON.stringify({ type: "update_user_info", userId: people }));
      await seen(speaker, ({ type }) => type === "user_info_update_confirmation");
    },
    say: (message) => ({ type: "chat", message }),
    textOf: (frame) => (frame["type"] === "chat" ? frame["message"] : undefined),
    text: "message",
    isTyped: true,
  },
  {
    name: "symfony-chat",
    path: "/symfony-chat",
    async enter(speaker) {
      people += 1;
      const response = await fetch(`${scene.server.url}/api/users`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ username: `user_${people}`, email: `user${people}@example.com` }),
      });
      const { id } = (await response.json()) as { id: number };
      speaker.socket.send(JSON.stringify({ type: "auth", userId: id, roomId: room }));
      await seen(speaker, ({ type }) => type === "room_joined");
    },
    say: (content) => ({ type: "chat_message", roomId: room, content }),
    textOf: (frame) => (frame["type"] === "chat_message" ? frame["content"] : undefined),
    text: "content",
    room: "roomId",
    isTyped: true,
  },
];

function seen(speaker: Speaker, isWanted: (frame: Frame) => boolean, from = 0): Promise<Frame> {
  return speaker.until(
    () => speaker.frames.slice(from).find(isWanted),
    `among ${JSON.stringify(speaker.frames.slice(from)).slice(0, 400)}`,
  );
}

/** For what a dialect has no frame to get wrong with. */
function noTest(): void {}

describe.each(dialects)("$name", (dialect) => {
  let actor: Speaker;
  let bystander: Speaker;
  let said = 0;

  const open = async (): Promise<Speaker> => {
    const speaker = new Speaker(`${scene.server.url.replace("http", "ws")}${dialect.path}`);
    await speaker.opened();
    await dialect.enter(speaker);
    return speaker;
  };

  beforeAll(async () => {
    bystander = await open();
    actor = await open();
    await goesOn();
  });
  afterAll(() => {
    actor.socket.terminate();
    bystander.socket.terminate();
  });

  /** A valid message is delivered once to both, and the bystander saw no error. */
  async function goesOn(): Promise<void> {
    said += 1;
    const text = `${dialect.name} goes on ${said}`;
    actor.socket.send(JSON.stringify(dialect.say(text)));
    for (const speaker of [actor, bystander]) {
      await seen(speaker, (frame) => dialect.textOf(frame) === text);
      expect(speaker.frames.filter((frame) => dialect.textOf(frame) === text)).toHaveLength(1);
    }
    expect(bystander.frames.filter(({ type }) => type === "error")).toEqual([]);
  }

  async function refused(raw: string, code = "bad_request"): Promise<Frame> {
    const from = actor.frames.length;
    actor.socket.send(raw);
    const answer = await seen(actor, ({ type }) => type === "error", from);
    expect({ raw: raw.slice(0, 80), code: answer["code"] }).toEqual({
      raw: raw.slice(0, 80),
      code,
    });
    expect(typeof answer["message"]).toBe("string");
    return answer;
  }

  const json = JSON.stringify;

  test.each([
    ["J1", ["", "   ", "\ufeff{}"]],
    ["J2", ["{", "}{", '{"type":"ping",}', '{"type":"ping" /* x */}', '{"a":NaN}', "1e999"]],
    ["J3", ["null", "0", "true", '""', "[]"]],
  ])("[%s] what is no object is refused, and the connection is kept", async (_rule, frames) => {
    for (const frame of frames) await refused(frame);
    await goesOn();
  });

  const typed = dialect.isTyped ? test : noTest;
  typed("[J4] [J5] [J8] types that nobody knows", async () => {
    for (const type of [undefined, null, {}, [], 7]) await refused(json({ type }));
    await goesOn();
    for (const type of ["__proto__", "constructor", "toString", "hasOwnProperty", "dance"]) {
      await refused(json({ type }));
    }
    await goesOn();
  });

  test("[J6] a prototype in a frame changes nothing", async () => {
    const frame = json(dialect.say("proto")).replace(/}$/, ',"__proto__":{"admin":true}}');
    actor.socket.send(frame);
    await seen(bystander, (got) => dialect.textOf(got) === "proto");
    expect("admin" in {}).toBe(false);
    await goesOn();
  });

  test("[J7] deep nesting is refused at once", async () => {
    await refused(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
    await refused(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`);
    await goesOn();
  });

  test("[J9] a binary frame ends the connection with 1003, and only that one", async () => {
    const speaker = await open();
    speaker.socket.send(Buffer.from(json(dialect.say("binary"))), { binary: true });
    expect(await speaker.closed()).toBe(1003);
    await goesOn();
  });

  test("[J10] twenty bad frames in a row end the connection with 4500", async () => {
    const speaker = await open();
    for (let n = 0; n < 20; n += 1) speaker.socket.send("{");
    expect(await speaker.closed()).toBe(4500);
    await goesOn();
  });

  const withRooms = dialect.room === undefined ? noTest : test;
  withRooms("[J11] rooms that are no rooms", async () => {
    const names = [undefined, "", "a".repeat(10_240), [], {}, { $ne: null }, 7, "../x", "a\u0000b"];
    for (const name of [...names, "*", ">", "a.b.*", "a\nb", "\u202eroom", "r\u043e\u043em"]) {
      await refused(json({ ...dialect.say("hi"), [dialect.room ?? ""]: name }));
    }
    await goesOn();
  });

  test("[J12] texts that are none, and texts that are too long", async () => {
    for (const text of [{}, [], 7]) {
      if (dialect.name === "mmb" && !Array.isArray(text) && typeof text === "object") continue;
      await refused(json(dialect.say(text)));
    }
    if (dialect.name !== "chatlogger") {
      for (const text of [undefined, null, "", "  \u200b"]) await refused(json(dialect.say(text)));
    }
    const answer = await refused(json(dialect.say("x".repeat(16_385))), "too_large");
    expect(answer["details"]).toMatchObject({ limit: 16_384 });
    await goesOn();
    const speaker = await open();
    speaker.socket.send(json(dialect.say("x".repeat(1_048_576))));
    expect(await speaker.closed()).toBe(1009);
    await goesOn();
  });

  test("[J13] [J14] texts arrive as they were sent, or are refused", async () => {
    await refused(json(dialect.say("nul \u0000")));
    await refused(
      '{"username":"A","type":"x"}'
        .replace("x", String(Reflect.get(dialect.say(""), "type")))
        .replace(/}$/, `,"${dialect.room ?? "room"}":"${room}","${dialect.text}":"half \\ud800"}`),
    );
    for (const text of ["😀".repeat(100), "e\u0301".repeat(500), "\u202eltr\u202c", "\ufffe"]) {
      actor.socket.send(json(dialect.say(text)));
      await seen(bystander, (frame) => dialect.textOf(frame) === text);
    }
    await goesOn();
  });

  test("[J22] what only the server says is not taken from a frame", async () => {
    const claimed = {
      // PorticoEstate's frames take anything beside the message along, and have no id of the server's.
      ...(dialect.name === "portico" ? {} : { id: "mine" }),
      sequence: 1,
      seq: 1,
      time: "1999-01-01T00:00:00.000Z",
      created_at: "1999-01-01",
      role: "owner",
      from: "admin",
    };
    actor.socket.send(json({ ...dialect.say("claims"), ...claimed }));
    const frame = await seen(bystander, (got) => dialect.textOf(got) === "claims");
    expect(frame["id"]).not.toBe("mine");
    expect(JSON.stringify(frame["timestamp"])).not.toContain("1999");
    await goesOn();
  });

  test("[J30] a thousand frames at once are answered each, in order", async () => {
    const speaker = await open();
    const from = bystander.frames.length;
    const texts = Array.from({ length: 1_000 }, (_, n) => `${dialect.name} burst ${n}`);
    for (const text of texts) speaker.socket.send(json(dialect.say(text)));
    await seen(bystander, (frame) => dialect.textOf(frame) === texts.at(-1), from);
    const got = bystander.frames
      .slice(from)
      .map((frame) => dialect.textOf(frame))
      .filter((text) => String(text).includes("burst"));
    expect(got).toEqual(texts);
    speaker.socket.terminate();
    await goesOn();
  });

  test("[J31] of two members with one name the last counts", async () => {
    const frame = json(dialect.say("last")).replace("{", `{"${dialect.text}":"first",`);
    actor.socket.send(frame);
    await seen(bystander, (got) => dialect.textOf(got) === "last");
    expect(bystander.frames.some((got) => dialect.textOf(got) === "first")).toBe(false);
    await goesOn();
  });
});

describe("who somebody is", () => {
  const at = async (path: string, options = {}): Promise<Speaker> =>
    new Speaker(`${scene.server.url.replace("http", "ws")}${path}`, options).opened();

  test("[J28] nothing is done for whoever has not come in", async () => {
    const mmb = await at("/mmb");
    for (const frame of [
      { type: "join", room },
      { type: "message", room, message: "hi" },
      { type: "edit", room, changes: {} },
    ]) {
      expect(await mmb.sendRaw(JSON.stringify(frame))).toMatchObject({ code: "unauthenticated" });
    }
    const symfony = await at("/symfony-chat");
    const frame = { type: "chat_message", roomId: room, content: "hi" };
    expect(await symfony.sendRaw(JSON.stringify(frame))).toMatchObject({ code: "unauthenticated" });
    mmb.socket.terminate();
    symfony.socket.terminate();
  });

  test("[J29] [A1] [A2] whoever came in stays who it is, whatever its frames claim", async () => {
    const mmb = await at("/mmb");
    mmb.socket.send(JSON.stringify({ type: "auth", user_id: 7_001 }));
    await seen(mmb, ({ type }) => type === "authenticated");
    expect(await mmb.sendRaw(JSON.stringify({ type: "auth", user_id: 7_002 }))).toMatchObject({
      code: "forbidden",
    });
    mmb.socket.send(JSON.stringify({ type: "join", room }));
    const frame = { type: "message", room, message: "me", user_id: 7_002, username: "x", from: 1 };
    mmb.socket.send(JSON.stringify(frame));
    expect(await seen(mmb, ({ type }) => type === "message")).toMatchObject({ user_id: 7_001 });
    mmb.socket.terminate();
  });

  test("[A4] what has the form of a token must verify, also on a trusted network", async () => {
    const mmb = await at("/mmb");
    for (const token of [
      "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwiZXhwIjo5OTk5OTk5OTk5fQ.",
      "pls_00_00",
      "plk_00_00",
      "x".repeat(10_000),
      "a.b.c",
    ]) {
      const answer = await mmb.sendRaw(JSON.stringify({ type: "auth", token }));
      expect({ token: token.slice(0, 20), code: answer["code"] }).toEqual({
        token: token.slice(0, 20),
        code: "unauthenticated",
      });
    }
    mmb.socket.terminate();
  });

  test("[A3] a header does not say who somebody is", async () => {
    const headers = { "x-user-id": "7", "x-forwarded-user": "root", cookie: "user_id=7" };
    const symfony = await at("/symfony-chat", { headers });
    const frame = { type: "chat_message", roomId: room, content: "hi" };
    expect(await symfony.sendRaw(JSON.stringify(frame))).toMatchObject({ code: "unauthenticated" });
    symfony.socket.terminate();
  });

  test("[A3] what a proxy passes on does not come from this machine, wherever the proxy is", async () => {
    for (const header of ["x-forwarded-for", "forwarded", "x-real-ip", "via"]) {
      const mmb = await at("/mmb", { headers: { [header]: "127.0.0.1" } });
      const answer = await mmb.sendRaw(JSON.stringify({ type: "auth", user_id: 7 }));
      expect({ header, code: answer["code"] }).toEqual({ header, code: "unauthenticated" });
      mmb.socket.terminate();
      const users = await fetch(`${scene.server.url}/api/users`, {
        headers: { [header]: "127.0.0.1" },
      });
      expect(users.status).toBe(401);
    }
  });

  test("[R9] one ChatLogger page cannot fill the directory with names", async () => {
    const page = await at("/chatlogger");
    const say = (username: string, message: string): void =>
      page.socket.send(JSON.stringify({ username, message }));
    for (let n = 0; n < 20; n += 1) say(`Name ${n}`, `by name ${n}`);
    await seen(page, ({ message }) => message === "by name 15");
    await seen(page, ({ code }) => code === "rate_limited");
    say("Name 3", "known names go on");
    await seen(page, ({ message }) => message === "known names go on");
    expect(page.frames.some(({ message }) => message === "by name 16")).toBe(false);
    page.socket.terminate();
  });

  test("[T6] [A14] a foreign page may not connect; one from disk may, to these four alone", async () => {
    const url = scene.server.url.replace("http", "ws");
    const outcome = (path: string, origin: string): Promise<string> =>
      new Promise((resolve) => {
        const speaker = new Speaker(`${url}${path}`, { headers: { origin } });
        speaker.socket.on("open", () => {
          resolve("open");
          speaker.socket.terminate();
        });
        speaker.socket.on("unexpected-response", (_, response) => {
          resolve(String(response.statusCode));
          speaker.socket.terminate();
        });
      });
    for (const { path } of dialects) {
      expect(await outcome(path, "null")).toBe("open");
      expect(await outcome(path, "https://evil.example")).toBe("403");
      expect(await outcome(path, "http://127.0.0.1.evil.example")).toBe("403");
    }
    expect(await outcome("/ws", "null")).toBe("403");
  });
});
