import { setTimeout as sleep } from "node:timers/promises";
import { signToken } from "@parlance/identity";
import { errors } from "@parlance/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatClient,
  ChatStage,
  connected,
  eventually,
  type Person,
  refusal,
  versions,
} from "../../test/chat-stage.ts";
import { secret } from "../../test/stage.ts";

let stage: ChatStage;
let ann: Person;
let bob: Person;
let eve: Person;

beforeAll(async () => {
  stage = await ChatStage.start({ PARLANCE_ORIGINS: "https://chat.example" });
  [ann, bob, eve] = await Promise.all([
    stage.person("Ann"),
    stage.person("Bob"),
    stage.person("Eve"),
  ]);
});
afterAll(() => stage.close());

/** How somebody looks to the Socket.IO handshake. */
const notSignedIn = {
  code: "unauthenticated",
  retry: "after_auth",
  text: errors.unauthenticated.text,
};
const notThere = { code: "not_found", retry: "never", text: errors.not_found.text };

const ways = versions.flatMap((version) =>
  [["websocket"], ["polling"], ["polling", "websocket"]].map((transports) => ({
    version,
    transports,
    name: `client ${version} by ${transports.join(" then ")}`,
  })),
);

describe.each(ways)("$name", ({ version, transports }) => {
  const way = { version, transports };

  test("[SIO-01] [SIO-05] [SIO-06] [SIO-09] the snippets of the description work", async () => {
    const chat = await stage.chat([ann, bob]);
    const [a, b] = await Promise.all([stage.connect(ann, way), stage.connect(bob, way)]);
    a.socket.emit("message:send", { chatId: chat, content: "Hello! 🦉 ünï", messageType: "text" });
    const message = await b.until("message:new", ({ chat_id }) => chat_id === chat);
    expect(message).toEqual({
      id: expect.any(String),
      chat_id: chat,
      content: "Hello! 🦉 ünï",
      sender: { id: ann.id, username: "Ann" },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      message_type: "text",
    });
    expect(await a.until("message:new", ({ id }) => id === message["id"])).toEqual(message);

    a.socket.emit("typing:start", { chatId: chat });
    await b.until("typing:start");
    a.socket.emit("typing:stop", { chatId: chat });
    await b.until("typing:stop");
    expect(b.all("typing:start")).toEqual([{ chatId: chat, userId: ann.id, username: "Ann" }]);
    expect(b.all("typing:stop")).toEqual([{ chatId: chat, userId: ann.id }]);

    b.socket.emit("message:read", { messageId: message["id"], chatId: chat });
    expect(await a.until("message:read")).toEqual({
      messageId: message["id"],
      userId: bob.id,
      chatId: chat,
    });
    expect(a.all("typing:start")).toEqual([]);
    expect(a.all("error")).toEqual([]);
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test("each event is acknowledged to whoever asks for it", async () => {
    const chat = await stage.chat([ann]);
    const a = await stage.connect(ann, way);
    const sent = await a.ask("message:send", {
      chatId: chat,
      content: "once",
      messageType: "image",
      clientMessageId: "m-1",
    });
    const message = await a.until("message:new", ({ content }) => content === "once");
    expect(message).toMatchObject({ message_type: "image" });
    expect(sent).toEqual({ ok: true, message });
    const again = await a.ask("message:send", {
      chatId: chat,
      content: "once",
      messageType: "image",
      clientMessageId: "m-1",
    });
    expect(again).toEqual({ ok: true, message, repeated: true });
    for (const name of ["chat:join", "chat:leave", "typing:start", "typing:stop"]) {
      expect(await a.ask(name, { chatId: chat })).toMatchObject({ ok: true, chatId: chat });
    }
    const read = await a.ask("message:read", { messageId: message["id"], chatId: chat });
    expect(read).toEqual({ ok: true, chatId: chat, messageId: message["id"], unread: 0 });
    a.socket.disconnect();
  });
});

describe("who comes in", () => {
  test("[SIO-02] a token is taken from auth, from a header, and from a header's form in auth", async () => {
    const bearer = `Bearer ${ann.token}`;
    await connected(stage.client({ token: bearer }));
    await connected(stage.client({}, { options: { extraHeaders: { Authorization: bearer } } }));
    const byPolling = {
      transports: ["polling"],
      options: { extraHeaders: { Authorization: bearer } },
    };
    await connected(stage.client({}, byPolling));
  });

  test.each([
    ["no token", {}],
    ["nonsense", { token: "x" }],
    ["an object", { token: { $ne: null } }],
    ["a JWT without signature", { token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ." }],
  ])("[SIO-02] %s is refused with a connect_error that says what to do", async (_name, auth) => {
    const error = await refusal(stage.client(auth));
    expect(error.message).toBe(notSignedIn.text);
    expect(error.data).toEqual(notSignedIn);
  });

  test("[SIO-02] a signed token for a user whom the directory does not know is refused, and makes nobody", async () => {
    const token = await signToken(secret, { user: "stranger", ttlSeconds: 60, now: Date.now() });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await refusal(stage.client({ token }))).data).toEqual(notSignedIn);
    }
    // Another door makes the user, as the application's back end would; now the same token is good.
    await stage.rest("GET", "/me", token);
    await connected(stage.client({ token }));
  });

  test("[SIO-02] a back end's key is nobody's", async () => {
    const token = await signToken(secret, {
      user: "service:shop",
      ttlSeconds: 60,
      now: Date.now(),
      scopes: ["publish"],
    });
    expect((await refusal(stage.client({ token }))).data).toEqual(notSignedIn);
  });

  test("[SIO-02] a client may try another token on the same connection", async () => {
    let token = "wrong";
    const client = stage.client((give) => give({ token }));
    await refusal(client);
    token = ann.token;
    await connected(client);
  });

  test("[I-17] a token that expires, and a session that is ended, end the socket", async () => {
    const token = await signToken(secret, { user: "shortly", ttlSeconds: 3, now: Date.now() });
    await stage.rest("GET", "/me", token);
    const options = { options: { reconnection: false } };
    const client = stage.client({ token }, options);
    await connected(client);
    expect(await eventually(() => client.disconnects[0])).toBe("transport close");
    expect(client.all("error")).toEqual([
      { message: errors.token_expired.text, code: "token_expired", retry: "after_auth" },
    ]);
    expect((await refusal(stage.client({ token }))).data).toMatchObject({ code: "token_expired" });

    const dan = await stage.person("Dan");
    const leaving = await stage.connect(dan, options);
    const from = Date.now();
    await stage.rest("DELETE", "/sessions/current", dan.token);
    expect(await eventually(() => leaving.disconnects[0])).toBe("transport close");
    expect(Date.now() - from).toBeLessThan(2_000);
  });

  test("[T6] pages of other origins are refused, by polling and by WebSocket", async () => {
    for (const origin of ["https://evil.example", "null", "https://chat.example.evil.example"]) {
      const polled = await fetch(`${stage.url}/socket.io/?EIO=4&transport=polling`, {
        headers: { origin },
      });
      expect(polled.status).toBe(403);
      expect(polled.headers.get("access-control-allow-origin")).toBeNull();
      const options = { extraHeaders: { Origin: origin }, reconnection: false };
      const error = await refusal(stage.client({ token: ann.token }, { options }));
      expect(error.message).toBe("websocket error");
    }
  });

  test("[SIO-01] a page of a listed origin may ask across origins, credentials included", async () => {
    const origin = "https://chat.example";
    const preflight = await fetch(`${stage.url}/socket.io/?EIO=4&transport=polling`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    const polled = await fetch(`${stage.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin },
    });
    for (const { headers } of [preflight, polled]) {
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("access-control-allow-credentials")).toBe("true");
      expect(headers.get("vary")).toContain("Origin");
    }
    expect(await polled.text()).toMatch(/^0\{"sid":/);
  });
});

describe("chats", () => {
  test("[SIO-03] whoever connects is in all chats at once, is told who is there, and others are told once", async () => {
    const [uma, val, zoe] = [
      await stage.person("Uma"),
      await stage.person("Val"),
      await stage.person("Zoe"),
    ];
    await stage.chat([uma, val]);
    const second = await stage.chat([uma, val]);
    const v = await stage.connect(val);
    const z = await stage.connect(zoe);
    await sleep(400);
    const u = await stage.connect(uma);
    // Who was there before is told with the connection.
    await u.until("user:status");
    expect(u.all("user:status")).toEqual([{ userId: val.id, status: "online" }]);
    v.socket.emit("message:send", { chatId: second, content: "seen at once" });
    await u.until("message:new", ({ chat_id }) => chat_id === second);
    await v.until("user:status", ({ userId }) => userId === uma.id);

    // A second connection of the same person is no news, and neither is its end.
    const again = await stage.connect(uma);
    again.socket.disconnect();
    await sleep(1_800);
    u.socket.disconnect();
    await v.until("user:status", ({ status }) => status === "offline");
    expect(v.all("user:status")).toEqual([
      { userId: uma.id, status: "online" },
      { userId: uma.id, status: "offline" },
    ]);
    // Who shares no chat learns nothing.
    expect(z.all("user:status")).toEqual([]);
    v.socket.disconnect();
    z.socket.disconnect();
  });

  test("[SIO-03] presence counts however it came about", async () => {
    const cem = await stage.person("Cem");
    const chat = await stage.chat([ann, cem]);
    const a = await stage.connect(ann);
    const socket = new WebSocket(stage.server.socketUrl);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    socket.send(JSON.stringify({ type: "sign_in", id: 1, token: cem.token }));
    socket.send(JSON.stringify({ type: "subscribe", id: 2, room: chat }));
    await a.until("user:status", ({ userId }) => userId === cem.id);
    socket.close();
    a.socket.disconnect();
  });

  test("[SIO-04] a chat made or joined elsewhere is joined live, from its first message", async () => {
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    const chat = await stage.chat([ann, bob]);
    await stage.rest("POST", `/rooms/${chat}/messages`, ann.token, { text: "right away" });
    for (const client of [a, b]) {
      await client.until("message:new", ({ content }) => content === "right away");
    }
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test("[SIO-04] what a back end leaves in the user's own room arrives", async () => {
    const a = await stage.connect(ann);
    const key = await signToken(secret, {
      user: "service:shop",
      ttlSeconds: 60,
      now: Date.now(),
      scopes: ["publish"],
    });
    await stage.rest("POST", `/rooms/user:${ann.id}/messages`, key, {
      text: "Your order is ready",
    });
    const notice = await a.until("message:new", ({ chat_id }) => chat_id === `user:${ann.id}`);
    expect(notice).toMatchObject({ content: "Your order is ready" });
    a.socket.disconnect();
  });

  test("[SIO-07] a stranger gets nothing, and the same answer for a chat that is not there", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const e = await stage.connect(eve);
    const asks: (readonly [string, object])[] = [
      ["chat:join", {}],
      ["message:send", { content: "let me in" }],
      ["message:read", { messageId: "1" }],
      ["typing:start", {}],
      ["message:edit", { messageId: "1", content: "mine" }],
      ["message:delete", { messageId: "1" }],
      ["message:react", { messageId: "1", emoji: "🦉" }],
    ];
    for (const [name, rest] of asks) {
      for (const chatId of [chat, "r_0000000000000000"]) {
        expect([name, await e.ask(name, { chatId, ...rest })]).toEqual([
          name,
          { ok: false, error: notThere },
        ]);
      }
    }
    await e.ask("chat:join", { chatId: "general" });
    expect(e.all("error")).toEqual(
      Array.from({ length: asks.length * 2 }, () => ({
        message: notThere.text,
        code: notThere.code,
        retry: notThere.retry,
      })),
    );
    expect((await a.ask("message:send", { chatId: chat, content: "among us" }))["ok"]).toBe(true);
    await e.ask("typing:stop", { chatId: "general" });
    expect(e.contents()).not.toContain("among us");
    expect(a.contents()).toEqual(expect.not.arrayContaining(["let me in"]));
    a.socket.disconnect();
    e.socket.disconnect();
  });

  test("[SIO-07] [I-14] whoever is put out hears so, and nothing afterwards", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    await stage.rest("DELETE", `/rooms/${chat}/members/${bob.id}`, ann.token);
    await b.until("chat:removed", ({ chatId }) => chatId === chat);
    await a.ask("message:send", { chatId: chat, content: "without bob" });
    expect((await b.ask("message:send", { chatId: chat, content: "still here?" }))["ok"]).toBe(
      false,
    );
    expect(b.contents()).toEqual([]);
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test("[SIO-05] a chat that was left is silent until it is joined again", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    await b.ask("chat:leave", { chatId: chat });
    await a.ask("message:send", { chatId: chat, content: "unheard" });
    await b.ask("chat:join", { chatId: chat });
    await a.ask("message:send", { chatId: chat, content: "heard" });
    await b.until("message:new");
    expect(b.contents()).toEqual(["heard"]);
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test("[SIO-08] what was sent and read is in the log and in the member's mark", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    await a.ask("message:send", { chatId: chat, content: "kept" });
    const { id } = await b.until("message:new");
    await b.ask("message:read", { messageId: id, chatId: chat });
    type Page = { readonly events: readonly { readonly data: { readonly text?: string } }[] };
    const page = await stage.rest<Page>("GET", `/rooms/${chat}/messages`, bob.token);
    expect(page.events.at(-1)?.data.text).toBe("kept");
    const room = await stage.rest<{ unread: number }>("GET", `/rooms/${chat}`, bob.token);
    expect(room.unread).toBe(0);
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test("[SIO-10] a message is with its reader in far less than 100 ms", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    const times: number[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const arrived = new Promise<void>((resolve) => {
        b.socket.once("message:new", () => resolve());
      });
      const from = performance.now();
      a.socket.emit("message:send", { chatId: chat, content: `at ${turn}` });
      await arrived;
      times.push(performance.now() - from);
    }
    expect(times.toSorted((one, other) => one - other)[20]).toBeLessThan(100);
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test("[SIO-13] [SIO-14] messages are edited, reacted to and deleted over the socket", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    await a.ask("message:send", { chatId: chat, content: "teh", messageType: "note" });
    const { id } = await b.until("message:new");
    const edited = await a.ask("message:edit", { chatId: chat, messageId: id, content: "the" });
    expect(edited).toMatchObject({ ok: true, chatId: chat, messageId: id });
    expect(await b.until("message:edited")).toEqual({
      id,
      chat_id: chat,
      content: "the",
      sender: { id: ann.id, username: "Ann" },
      edited_at: edited["editedAt"],
      message_type: "note",
    });
    const foreign = await b.ask("message:edit", { chatId: chat, messageId: id, content: "mine" });
    expect(foreign).toMatchObject({ ok: false, error: { code: "not_found" } });

    const reaction = { chatId: chat, messageId: id, emoji: "🦉" };
    await b.ask("message:react", reaction);
    await b.ask("message:react", { ...reaction, on: false });
    await a.until("message:reaction", ({ on }) => on === false);
    expect(a.all("message:reaction")).toEqual([
      { ...reaction, userId: bob.id, on: true },
      { ...reaction, userId: bob.id, on: false },
    ]);

    await a.ask("message:delete", { chatId: chat, messageId: id });
    expect(await b.until("message:deleted")).toEqual({
      messageId: id,
      chatId: chat,
      userId: ann.id,
    });
    a.socket.disconnect();
    b.socket.disconnect();
  });
});

describe("calls and files", () => {
  test("[SIO-12] a call rings, is answered, exchanges signals and ends", async () => {
    const chat = await stage.chat([ann, bob]);
    const a = await stage.connect(ann);
    const b = await stage.connect(bob);
    const { callId } = await a.ask("call:start", { chatId: chat, media: "video" });
    expect(await b.until("call:started")).toEqual({
      callId,
      chatId: chat,
      media: "video",
      caller: { id: ann.id, username: "Ann" },
      callees: [bob.id],
    });
    const call = { callId, chatId: chat };
    expect(await b.ask("call:answer", call)).toEqual({ ok: true, ...call });
    expect(await a.until("call:answered")).toEqual({ ...call, userId: bob.id, username: "Bob" });
    const offer = { type: "offer", sdp: "v=0" };
    expect((await a.ask("call:offer", { ...call, to: bob.id, offer }))["ok"]).toBe(true);
    await a.ask("call:candidate", { ...call, to: bob.id, candidate: { candidate: "c" } });
    await b.ask("call:signal", { ...call, to: ann.id, signal: { answer: { sdp: "w" } } });
    await a.until("call:signal");
    expect(b.all("call:signal")).toEqual([
      { ...call, from: ann.id, signal: { offer } },
      { ...call, from: ann.id, signal: { candidate: { candidate: "c" } } },
    ]);
    expect(a.all("call:signal")).toEqual([
      { ...call, from: bob.id, signal: { answer: { sdp: "w" } } },
    ]);
    await a.ask("call:end", call);
    expect(await b.until("call:ended")).toEqual({
      ...call,
      reason: "hung_up",
      durationMs: expect.any(Number),
    });
    a.socket.disconnect();
    b.socket.disconnect();
  });

  test.each(ways)(
    "[SIO-11] bytes arrive as they were, in pieces and in one event, $name",
    async (way) => {
      const chat = await stage.chat([ann, bob]);
      const a = await stage.connect(ann, way);
      const b = await stage.connect(bob, way);
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
      const begun = await a.ask("file:begin", {
        chatId: chat,
        name: "photo.png",
        bytes: bytes.length,
        mediaType: "image/png",
      });
      expect(begun).toMatchObject({ ok: true, pieceBytes: expect.any(Number) });
      const { fileId, pieceBytes } = begun as { fileId: string; pieceBytes: number };
      for (let index = 0; index * pieceBytes < bytes.length; index += 1) {
        const content = bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes);
        // Text is as good as bytes.
        const sent = index === 0 ? content : content.toString("base64");
        const piece = await a.ask("file:piece", { fileId, index, content: sent });
        expect(piece).toMatchObject({ ok: true, fileId });
      }
      const finished = await a.ask("file:finish", { fileId });
      const shared = await b.until("file:shared");
      expect(finished).toMatchObject({ ok: true, file: { fileId, chatId: chat } });
      expect(shared).toMatchObject({
        fileId,
        chatId: chat,
        name: "photo.png",
        bytes: bytes.length,
        mediaType: "image/png",
        sender: { id: ann.id, username: "Ann" },
      });
      const response = await fetch(`${stage.url}/api/v1/files/${fileId}`, {
        headers: { authorization: `Bearer ${bob.token}` },
      });
      expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes)).toBe(0);

      const small = { chatId: chat, name: "note.txt", content: Buffer.from("hi") };
      const uploaded = await a.ask("file:upload", small);
      expect(uploaded).toMatchObject({ ok: true, file: { name: "note.txt", bytes: 2 } });
      const large = { ...small, content: Buffer.alloc(65_537) };
      expect(await a.ask("file:upload", large)).toMatchObject({ error: { code: "too_large" } });
      await a.ask("file:delete", { chatId: chat, fileId });
      expect(await b.until("file:deleted")).toEqual({ fileId, chatId: chat, userId: ann.id });
      a.socket.disconnect();
      b.socket.disconnect();
    },
  );
});

describe("what is not understood", () => {
  let client: ChatClient;
  let chat: string;
  beforeAll(async () => {
    chat = await stage.chat([ann]);
  });

  test.each([
    ["nobody:knows", { chatId: "general" }, "event"],
    ["__proto__", {}, "event"],
    ["constructor", {}, "event"],
    ["message:send", undefined, "payload"],
    ["message:send", null, "payload"],
    ["message:send", [], "payload"],
    ["message:send", "text", "payload"],
    ["message:send", {}, "chatId"],
    ["message:send", { chatId: { $ne: null }, content: "x" }, "chatId"],
    ["message:send", { chatId: "general" }, "content"],
    ["message:send", { chatId: "general", content: Buffer.from("x") }, "content"],
    ["message:send", { chatId: "general", content: "x", messageType: "a b" }, "messageType"],
    ["message:send", { chatId: "general", content: "x", clientMessageId: "" }, "clientMessageId"],
    ["message:read", { chatId: "general", messageId: {} }, "messageId"],
    ["message:react", { chatId: "general", messageId: "1", emoji: "x", on: "yes" }, "on"],
  ])("[J8] %s %j is answered with the field at fault", async (name, payload, field) => {
    client = await stage.connect(ann);
    const answer = await client.ask(name, payload);
    expect(answer).toMatchObject({ ok: false, error: { code: "bad_request", details: { field } } });
    client.socket.emit(name, payload);
    expect(await client.until("error")).toMatchObject({
      code: "bad_request",
      message: errors.bad_request.text,
      details: { field },
    });
    expect((await client.ask("message:send", { chatId: chat, content: "fine" }))["ok"]).toBe(true);
    client.socket.disconnect();
  });

  test("[J7] [J12] too deep and too long are refused with the limit", async () => {
    client = await stage.connect(ann);
    let deep: unknown = 1;
    for (let level = 0; level < 40; level += 1) deep = [deep];
    expect(await client.ask("message:send", { chatId: chat, content: deep })).toMatchObject({
      error: { code: "bad_request", details: { limit: 32 } },
    });
    const long = { chatId: chat, content: "x".repeat(16_385) };
    expect(await client.ask("message:send", long)).toMatchObject({
      error: { code: "too_large", details: { field: "content", limit: 16_384 } },
    });
    client.socket.disconnect();
  });

  test("[J10] twenty in a row end the connection, and the client stays away", async () => {
    client = await stage.connect(ann);
    for (let turn = 0; turn < 19; turn += 1) client.socket.emit("what", turn);
    await client.ask("typing:stop", { chatId: chat });
    expect(client.disconnects).toEqual([]);
    for (let turn = 0; turn < 20; turn += 1) client.socket.emit("what", turn);
    expect(await eventually(() => client.disconnects[0])).toBe("io server disconnect");
    expect(client.all("error").at(-1)).toMatchObject({ code: "too_many_bad_frames" });
    await sleep(200);
    expect(client.socket.connected).toBe(false);
  });
});
