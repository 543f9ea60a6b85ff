/** What the operator of MMB had beside the frames: arguments, variables, switches, a proxy, installs side by side. */

import { generateToken } from "@parlance/publisher";
import { freePort } from "@parlance/testkit/server-process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Speaker } from "../bad-input/scene.ts";
import { connect, Install, seen, send } from "./install.ts";

const secret = "an-install-of-these-tests-5c1d7e9f3a2b4806";

/** Comes in with a token, as the pages do. */
async function signedIn(at: Promise<Speaker>, user: number, key = secret): Promise<Speaker> {
  const speaker = await at;
  send(speaker, { type: "auth", token: generateToken(user, 600, { secret: key }) });
  await seen(speaker, { type: "authenticated", user_id: user });
  return speaker;
}

async function join(speaker: Speaker, room: string): Promise<void> {
  send(speaker, { type: "join", room });
  await seen(speaker, { type: "room_joined", room });
}

/** Long enough for what must not come. */
const silenceMs = 400;
const silence = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, silenceMs));

describe("MMB's server, started as its documents say", () => {
  let install: Install;
  let port: number;

  beforeAll(async () => {
    install = await Install.make({ PARLANCE_SECRET: secret, PARLANCE_PORT: "1" });
    port = install.port;
    await install.start(["127.0.0.1", String(port), "--verbose"]);
  }, 90_000);
  afterAll(() => install?.remove());

  test("[MMB-01] parlance start [host] [port]: no service is needed, and connections are kept", async () => {
    expect(install.out).toContain(`http://127.0.0.1:${port}`);
    const page = await signedIn(connect(port, "/mmb"), 1);
    send(page, { type: "ping" });
    await seen(page, { type: "pong" });
    page.socket.terminate();
  });

  test("[MMB-02] a room's messages go to that room, a user's to that user, and events by their type", async () => {
    const ann = await signedIn(connect(port, "/mmb"), 11);
    const bob = await signedIn(connect(port, "/mmb"), 12);
    for (const page of [ann, bob]) await join(page, "chat_general");
    await join(ann, "chat_other");
    await join(bob, "notifications_12");
    send(ann, { type: "message", room: "chat_other", message: "not for Bob" });
    send(ann, { type: "message", room: "chat_general", message: "for all" });
    await seen(ann, { type: "message", message: "not for Bob" });
    await seen(bob, { type: "message", message: "for all", user_id: 11 });
    const key = await install.key("publish");
    const message = { type: "file_downloaded", file_id: 1 };
    const answer = await install.post(
      "/broadcast",
      { type: "message", room: "notifications_12", message },
      key,
    );
    expect(answer.status).toBe(201);
    await seen(bob, { type: "message", message });
    await silence();
    expect(JSON.stringify(bob.frames)).not.toContain("not for Bob");
    expect(JSON.stringify(ann.frames)).not.toContain("file_downloaded");
    for (const page of [ann, bob]) page.socket.terminate();
  });

  test("[MMB-24] what chat_messages and active_connections held can be asked for", async () => {
    const key = await install.key("admin", "read");
    const page = await signedIn(connect(port, "/mmb"), 21);
    await join(page, "chat_rows");
    send(page, { type: "message", room: "chat_rows", message: "a row" });
    await seen(page, { type: "message", message: "a row" });
    const log = await install.get("/api/v1/rooms/chat_rows/messages", key);
    const { events } = log as { events: readonly Record<string, unknown>[] };
    expect(events.find(({ type }) => type === "message.created")).toMatchObject({
      room: "chat_rows",
      author: "21",
      data: expect.objectContaining({ text: "a row" }) as object,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    });
    const live = (await install.get("/api/v1/admin/connections", key)) as {
      connections: readonly Record<string, unknown>[];
    };
    expect(live.connections.find(({ user }) => user === "21")).toMatchObject({
      connection_id: expect.any(String) as string,
      dialect: "mmb",
      connected_ms: expect.any(Number) as number,
    });
    page.socket.terminate();
  });

  test("[MMB-33] one room for pages, a preview that follows, and a stranger's plain WebSocket", async () => {
    const room = "codexpro_project_9";
    const editor = await signedIn(connect(port, "/mmb"), 31);
    const preview = await signedIn(connect(port, "/mmb"), 32);
    for (const page of [editor, preview]) await join(page, room);
    const third = await connect(port, "/ws");
    await third.ask({ type: "sign_in", token: generateToken(33, 600, { secret }) });
    expect(await third.ask({ type: "subscribe", room })).toMatchObject({ type: "reply" });

    const changes = { from: { line: 0, ch: 0 }, to: { line: 0, ch: 0 }, text: ["<h1>"] };
    send(editor, { type: "edit", room, changes });
    await seen(preview, { type: "edit", user_id: 31, changes });
    send(editor, { type: "message", room, message: { type: "preview", html: "<h1>Hi</h1>" } });
    await seen(preview, { type: "message", message: { type: "preview", html: "<h1>Hi</h1>" } });
    await third.until(
      () => third.frames.find((frame) => JSON.stringify(frame).includes('"preview"')),
      "the preview",
    );
    await third.ask({
      type: "publish",
      room,
      client_message_id: "third-1",
      text: "from a third party",
    });
    await seen(editor, { type: "message", message: "from a third party" });
    for (const page of [editor, preview, third]) page.socket.terminate();
  });
});

describe("MMB's variables", () => {
  let install: Install;
  afterEach(() => install?.remove());

  test("[MMB-17] [MMB-18] host, port, public address, and what the served script and tokens are made with", async () => {
    const port = await freePort();
    install = await Install.make({ PARLANCE_SECRET: secret });
    install.write(
      ".env",
      `WS_HOST=127.0.0.1\nWS_PORT=${port}\nWS_PUBLIC_URL=wss://chat.example/ws/\n` +
        "TOKEN_EXPIRY=120\nAUTO_RECONNECT=false\nRECONNECT_DELAY=1500\nPING_INTERVAL=20000\n",
    );
    await install.start();
    for (const path of ["/", "/ws/", "/any"]) {
      const page = await signedIn(connect(port, path), 7);
      page.socket.terminate();
      await page.closed();
    }
    const script = await (await fetch(`${install.url}/mmb/client.js`)).text();
    expect(JSON.parse(/const served = (\{.*\});/.exec(script)?.[1] ?? "")).toMatchObject({
      url: "wss://chat.example/ws/",
      reconnect: false,
      reconnectDelay: 1_500,
      pingInterval: 20_000,
    });
    const made = await install.run(["token", "--user", "42", "--json"]);
    expect(JSON.parse(made.out)).toMatchObject({ user: "42", ttl_seconds: 120 });
    const { token } = JSON.parse(made.out) as { token: string };
    const claims = JSON.parse(atob(token.split(".")[1] ?? "")) as { iat: number; exp: number };
    expect(claims.exp - Math.floor(Date.now() / 1_000)).toBeGreaterThan(60);
    expect(claims.exp - Math.floor(Date.now() / 1_000)).toBeLessThanOrEqual(120);
  }, 90_000);

  test("[MMB-19] what is switched off is refused on the wire, and gone from the served script", async () => {
    install = await Install.make({
      PARLANCE_SECRET: secret,
      ENABLE_CHAT: "false",
      ENABLE_COLLABORATION: "false",
      ENABLE_NOTIFICATIONS: "false",
    });
    await install.start();
    const page = await signedIn(connect(install.port, "/mmb"), 1);
    await join(page, "chat_general");
    const frames = [
      { type: "message", room: "chat_general", message: "hi" },
      { type: "edit", room: "codexpro_project_1", changes: {} },
      { type: "cursor", room: "codexpro_project_1", position: {} },
      { type: "join", room: "notifications_1" },
      { type: "join", room: "ocr_job_1" },
    ];
    for (const frame of frames) {
      const from = page.frames.length;
      send(page, frame);
      expect(await seen(page, { type: "error" }, from)).toMatchObject({ code: "feature_disabled" });
    }
    const script = await (await fetch(`${install.url}/mmb/client.js`)).text();
    expect(script).not.toMatch(/sendMessage\(room|sendEdit\(room|sendCursor\(room/);
    page.socket.terminate();
  }, 90_000);

  test("[MMB-22] [MMB-31] who sends too much is refused, is told when to come back, and harms nobody", async () => {
    install = await Install.make({
      PARLANCE_SECRET: secret,
      PARLANCE_COMMANDS_PER_SECOND: "5",
      PARLANCE_COMMAND_BURST: "10",
    });
    await install.start();
    const loud = await signedIn(connect(install.port, "/mmb"), 1);
    const calm = await signedIn(connect(install.port, "/mmb"), 2);
    for (const page of [loud, calm]) await join(page, "chat_general");
    for (let n = 0; n < 20; n += 1) {
      send(loud, { type: "message", room: "chat_general", message: `n ${n}` });
    }
    const refusal = await seen(loud, { type: "error" });
    expect(refusal).toMatchObject({
      code: "rate_limited",
      details: { retry_after_ms: expect.any(Number) as number },
    });
    send(calm, { type: "message", room: "chat_general", message: "calm" });
    await seen(loud, { type: "message", message: "calm" });
    await silence();
    const got = calm.frames.filter(({ user_id }) => user_id === 1);
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(20);
    // A room of somebody else is nobody's: per-room permission.
    const from = calm.frames.length;
    send(calm, { type: "join", room: "notifications_1" });
    expect(await seen(calm, { type: "error" }, from)).toMatchObject({ code: "not_found" });
    for (const page of [loud, calm]) page.socket.terminate();
  }, 90_000);
});

test("[MMB-20] two installs on one machine have nothing in common: data, rooms, secrets", async () => {
  const others = "another-install-of-these-tests-0918273645a";
  const code = await Install.make({ PARLANCE_SECRET: secret, PARLANCE_DATA_DIR: "codexpro-data" });
  const share = await Install.make({ PARLANCE_SECRET: others, PARLANCE_DATA_DIR: "proshare_DB" });
  try {
    await code.start();
    await share.start();
    const here = await signedIn(connect(code.port, "/mmb"), 1);
    const there = await signedIn(connect(share.port, "/mmb"), 1, others);
    for (const page of [here, there]) await join(page, "chat_general");
    send(here, { type: "message", room: "chat_general", message: "code only" });
    send(there, { type: "message", room: "chat_general", message: "share only" });
    await seen(here, { type: "message", message: "code only" });
    await seen(there, { type: "message", message: "share only" });
    await silence();
    expect(JSON.stringify(here.frames)).not.toContain("share only");
    expect(JSON.stringify(there.frames)).not.toContain("code only");
    const wrong = await connect(share.port, "/mmb");
    send(wrong, { type: "auth", token: generateToken(1, 600, { secret }) });
    expect(await seen(wrong, { type: "error" })).toMatchObject({ code: "unauthenticated" });
    for (const page of [here, there, wrong]) page.socket.terminate();
  } finally {
    await code.remove();
    await share.remove();
  }
}, 120_000);
