/** The scripts and the page that users of the JSON dialects load from us, in a browser, against a scripted server. */
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { getClientScript } from "@parlance/publisher";
import { type PagesOptions, servePages } from "@parlance/server/pages";
import fastify, { type FastifyInstance } from "fastify";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { requires } from "../requirements.ts";
import { openBrowser } from "./browser.ts";
import { type FakePeer, FakeServer, type Frame, OtherSite, until } from "./fake-server.ts";

const test = requires("chromium");
const pagesOptions: PagesOptions = {
  features: { chat: true, collaboration: true, notifications: true },
  mmb: { reconnect: true, reconnectDelayMs: 3_000, pingIntervalMs: 30_000 },
  isDevelopment: true,
};

let browser: Browser;
let served: FastifyInstance;
let scripts: string;
let fake: FakeServer;
let site: OtherSite;
let page: Page;
let errors: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  fake = await new FakeServer().start();
  served = fastify();
  servePages(served, { ...pagesOptions, endpoints: { chatlogger: `:${fake.port}/` } });
  scripts = await served.listen({ host: "127.0.0.1", port: 0 });
  // Another origin than the scripts', with a policy that lets nothing inline run.
  const policy = `default-src 'self'; script-src 'self' ${scripts}; connect-src ws://127.0.0.1:*`;
  site = await new OtherSite().start({ "content-security-policy": policy });
  page = await browser.newPage();
  errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (line) => {
    if (/Content.Security.Policy|TrustedScript/i.test(line.text())) errors.push(line.text());
  });
});
afterEach(async () => {
  await page.close();
  await site.stop();
  await served.close();
  await fake.stop();
});

/** Everything that the page's `log` holds. */
function told(): Promise<[string, Frame][]> {
  return page.evaluate(() => (window as unknown as { log: [string, Frame][] }).log);
}

describe("wsManager", () => {
  const ownEvents = ["connected", "disconnected", "reconnecting", "error"];
  const serverEvents = [
    "authenticated",
    "room_joined",
    "user_joined",
    "user_left",
    "message",
    "cursor",
    "edit",
    "pong",
  ];
  /** Keeps all events of wsManager in `log`; `more` is the page's own script. */
  const listening = (more = ""): string => `
    window.log = [];
    for (const event of ${JSON.stringify([...ownEvents, ...serverEvents])}) {
      wsManager.on(event, (detail) => log.push([event, detail]));
    }
    ${more}`;

  interface Options {
    readonly reconnectDelay?: number;
    readonly reconnect?: boolean;
    readonly token?: string;
  }

  /** Opens a page of another site that prints the element, and after it a script of its own. */
  async function openPage(script: string, options: Options = {}, attributes = ""): Promise<void> {
    const element = getClientScript(fake.url, {
      token: "tok-1",
      reconnectDelay: 100,
      scriptUrl: `${scripts}/mmb/client.js`,
      ...options,
    });
    site.put("/page.js", listening(script));
    const head = element.replace("<script ", `<script ${attributes} `);
    const address = site.put("/", `<!doctype html>${head}<script src="/page.js"></script>`);
    await page.goto(address);
  }

  /** Lets the token in and tells rooms and messages as the dialect does. */
  function play(frame: Frame, peer: FakePeer): void {
    if (frame["type"] === "auth") peer.send({ type: "authenticated", user_id: 7 });
    if (frame["type"] === "ping") peer.send({ type: "pong" });
    const { room } = frame;
    if (frame["type"] === "join")
      peer.send({ type: "room_joined", room, members: [{ user_id: 7 }] });
    if (frame["type"] === "message") {
      peer.send({
        type: "message",
        user_id: 7,
        message: frame["message"],
        timestamp: 1_800_000_000,
      });
    }
  }

  const inChat = `
    wsManager.on("authenticated", () => {
      wsManager.joinRoom("chat_general");
    });`;

  test("[MMB-03] [MMB-05] [MMB-09] [MMB-10] a page as described talks, the token first", async () => {
    fake.onFrame = play;
    await openPage(inChat);
    await until(() => fake.last.types.includes("join"), "the join");
    await page.evaluate(() => {
      const manager = (
        window as unknown as { wsManager: Record<string, (...a: unknown[]) => void> }
      ).wsManager;
      manager["sendMessage"]?.("chat_general", "Hello <b>you</b>");
      manager["sendMessage"]?.("chat_general", { type: "file_downloaded", file_id: 3 });
      manager["sendEdit"]?.("codexpro_project_1", { text: ["a", "b"] });
      manager["sendCursor"]?.("codexpro_project_1", { line: 1, ch: 2 });
      manager["leaveRoom"]?.("chat_general");
    });
    await until(() => fake.last.frames.length === 7, "seven frames");
    expect(fake.peers.length).toBe(1);
    expect(fake.last.frames).toEqual([
      { type: "auth", token: "tok-1" },
      { type: "join", room: "chat_general" },
      { type: "message", room: "chat_general", message: "Hello <b>you</b>" },
      { type: "message", room: "chat_general", message: { type: "file_downloaded", file_id: 3 } },
      { type: "edit", room: "codexpro_project_1", changes: { text: ["a", "b"] } },
      { type: "cursor", room: "codexpro_project_1", position: { line: 1, ch: 2 } },
      { type: "leave", room: "chat_general" },
    ]);
    await page.waitForFunction(() => (window as unknown as { log: unknown[] }).log.length >= 5);
    const log = await told();
    expect(log.map(([event]) => event)).toEqual([
      "connected",
      "authenticated",
      "room_joined",
      "message",
      "message",
    ]);
    expect(log[1]?.[1]).toMatchObject({ user_id: 7 });
    expect(log[3]?.[1]).toMatchObject({ user_id: 7, message: "Hello <b>you</b>" });
    expect(errors).toEqual([]);
  });

  test("[MMB-05] what is called before the server let the page in waits, in order", async () => {
    await openPage(`
      wsManager.sendCursor("r", 1);
      wsManager.sendMessage("r", "one");
      wsManager.sendCursor("r", 2);
      wsManager.sendMessage("r", "two");
      wsManager.joinRoom("r");`);
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    await page.waitForTimeout(300);
    expect(fake.last.types).toEqual(["auth"]);
    fake.last.send({ type: "authenticated", user_id: 7 });
    await until(() => fake.last.frames.length === 5, "the rest");
    expect(fake.last.frames.slice(1)).toEqual([
      { type: "join", room: "r" },
      { type: "message", room: "r", message: "one" },
      { type: "message", room: "r", message: "two" },
      { type: "cursor", room: "r", position: 2 },
    ]);
  });

  test("a listener that comes late is told that the page is in", async () => {
    fake.onFrame = play;
    await openPage("");
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    await page.waitForFunction(() => (window as unknown as { log: unknown[] }).log.length === 2);
    const late = await page.evaluate(
      () =>
        new Promise((resolve) => {
          (
            window as unknown as { wsManager: { on(e: string, f: (d: unknown) => void): void } }
          ).wsManager.on("authenticated", resolve);
        }),
    );
    expect(late).toMatchObject({ user_id: 7 });
  });

  test("[MMB-06] after a lost line it comes back, joins each room once, and sends what waited", async () => {
    fake.onFrame = play;
    await openPage(`${inChat}
      wsManager.joinRoom("notifications_7");
      wsManager.joinRoom("left");
      wsManager.leaveRoom("left");
      wsManager.on("disconnected", () => wsManager.sendMessage("chat_general", "meanwhile"));`);
    await until(() => fake.peers[0]?.frames.length === 3, "both rooms");
    fake.last.cut();
    await until(() => fake.peers[1]?.frames.length === 4, "the return");
    await page.waitForTimeout(200);
    expect(fake.last.frames).toEqual([
      { type: "auth", token: "tok-1" },
      { type: "join", room: "notifications_7" },
      { type: "join", room: "chat_general" },
      { type: "message", room: "chat_general", message: "meanwhile" },
    ]);
    const lost = (await told()).find(([event]) => event === "disconnected");
    expect(lost?.[1]).toMatchObject({ code: 1006, willReconnect: true });
  });

  test("[MMB-06] [MMB-18] waits grow from reconnectDelay and are random; no storm while the server is down", async () => {
    fake.onFrame = play;
    await openPage("");
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    await fake.stop();
    await page.waitForFunction(
      () =>
        (window as unknown as { log: [string, unknown][] }).log.filter(
          ([e]) => e === "reconnecting",
        ).length >= 4,
    );
    await fake.start();
    await until(() => fake.peers.length === 2, "the return");
    const log = await told();
    const delays = log.flatMap(([event, { delay }]) =>
      event === "reconnecting" ? [Number(delay)] : [],
    );
    for (const [index, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual(50 * 2 ** index - 1);
      expect(delay).toBeLessThanOrEqual(150 * 2 ** index + 1);
    }
    // A random part: exact doubling four times over would be a wonder.
    expect(delays.slice(0, 4)).not.toEqual([100, 200, 400, 800]);
    expect(log.filter(([event]) => event === "disconnected").length).toBe(1);
  });

  test("[MMB-06] a server that lets in and drops at once is met with growing waits too", async () => {
    fake.onFrame = (frame, peer) => {
      play(frame, peer);
      if (frame["type"] === "auth") peer.close(1011);
    };
    await openPage("");
    await page.waitForTimeout(1_500);
    // 100 ms each time would be some fifteen.
    expect(fake.peers.length).toBeGreaterThanOrEqual(3);
    expect(fake.peers.length).toBeLessThanOrEqual(6);
  });

  test("[MMB-06] [MMB-18] pings at the interval, answers pings, and gives up a line that is silent", async () => {
    fake.onFrame = play;
    await openPage("wsManager.joinRoom('r');", {}, 'data-ping-interval="200"');
    await until(() => fake.peers[0]?.types.filter((type) => type === "ping").length === 3, "pings");
    fake.last.send({ type: "ping" });
    await until(() => fake.last.types.includes("pong"), "the pong");
    expect(fake.peers.length).toBe(1);
    // From now on the server hears and says nothing: the line is dead, and no one told the browser.
    fake.onFrame = (frame, peer) => {
      if (peer !== fake.peers[0]) play(frame, peer);
    };
    await until(() => fake.peers[1]?.types.includes("join") === true, "the return");
    const lost = (await told()).find(([event]) => event === "disconnected");
    expect(lost?.[1]).toMatchObject({ reason: "silent", willReconnect: true });
  });

  test.each(["unauthenticated", "token_expired"])(
    "[MMB-21] a token refused as %s is not tried again; connect with another goes on",
    async (code) => {
      fake.onFrame = (frame, peer) => {
        if (frame["token"] === "tok-2") play(frame, peer);
        else peer.send({ type: "error", code, message: "No." });
      };
      await openPage("");
      await page.waitForFunction(() =>
        (window as unknown as { log: [string, unknown][] }).log.some(([e]) => e === "error"),
      );
      await page.waitForTimeout(500);
      expect(fake.peers.length).toBe(1);
      expect((await told()).at(-1)).toEqual(["error", { type: "error", code, message: "No." }]);
      await page.evaluate(() =>
        (window as unknown as { wsManager: { connect(o: object): void } }).wsManager.connect({
          token: "tok-2",
        }),
      );
      await until(() => fake.peers.length === 2, "the new connection");
      await page.waitForFunction(() =>
        (window as unknown as { log: [string, unknown][] }).log.some(
          ([e]) => e === "authenticated",
        ),
      );
    },
  );

  test("close codes from 4500 mean away, those below mean back; disconnect means away", async () => {
    fake.onFrame = play;
    await openPage("");
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    fake.last.close(4401, "unauthenticated");
    await until(() => fake.peers[1]?.frames.length === 1, "the return");
    await page.evaluate(() =>
      (window as unknown as { wsManager: { disconnect(): void } }).wsManager.disconnect(),
    );
    await page.waitForTimeout(500);
    expect(fake.peers.length).toBe(2);
    await page.evaluate(() =>
      (window as unknown as { wsManager: { connect(): void } }).wsManager.connect(),
    );
    await until(() => fake.peers[2]?.frames.length === 1, "the connection");
    fake.last.close(4503, "banned");
    await page.waitForTimeout(500);
    expect(fake.peers.length).toBe(3);
    expect((await told()).at(-1)).toEqual([
      "disconnected",
      { code: 4503, reason: "banned", willReconnect: false },
    ]);
  });

  test("[MMB-09] reconnect: false stays away", async () => {
    fake.onFrame = play;
    await openPage("", { reconnect: false });
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    fake.last.cut();
    await page.waitForTimeout(600);
    expect(fake.peers.length).toBe(1);
  });

  test("a listener's error and a frame that is no JSON stop nothing; off is off", async () => {
    fake.onFrame = play;
    await openPage(`
      const never = () => log.push(["never", {}]);
      wsManager.on("message", never);
      wsManager.off("message", never);
      wsManager.on("authenticated", () => { throw new Error("the page's own"); });
      wsManager.joinRoom("r");`);
    await until(() => fake.peers[0]?.types.includes("join") === true, "the join");
    for (const text of ["not json", "null", "[]", "7", '{"type":7}']) fake.last.send(text);
    fake.last.send({ type: "message", user_id: 1, message: "x", timestamp: 1 });
    await page.waitForFunction(() =>
      (window as unknown as { log: [string, unknown][] }).log.some(([e]) => e === "message"),
    );
    expect((await told()).map(([event]) => event)).not.toContain("never");
    expect(errors).toEqual(["Error: the page's own"]);
  });

  test("a hostile token runs nothing, and arrives as it is", async () => {
    const token = `'"></script><script>log.push(["hacked", {}])</script><!--\u2028`;
    fake.onFrame = play;
    await openPage("", { token });
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    expect(fake.last.frames[0]?.["token"]).toBe(token);
    expect((await told()).map(([event]) => event)).not.toContain("hacked");
  });

  test("options before the element and attributes do as well, without a token nothing connects", async () => {
    site.put("/before.js", `window.wsManagerOptions = { url: ${JSON.stringify(fake.url)} };`);
    site.put("/page.js", listening());
    await page.goto(
      site.put(
        "/",
        `<!doctype html><script src="/before.js"></script><script src="${scripts}/mmb/client.js"></script><script src="/page.js"></script>`,
      ),
    );
    await page.waitForTimeout(300);
    expect(fake.peers.length).toBe(0);
    await page.evaluate(() =>
      (window as unknown as { wsManager: { connect(o: object): void } }).wsManager.connect({
        token: "t",
      }),
    );
    await until(() => fake.peers[0]?.frames.length === 1, "the token");
    expect(fake.last.frames[0]).toEqual({ type: "auth", token: "t" });
  });
});

describe("createWebSocketClient", () => {
  const events = [
    "connected",
    "disconnected",
    "notification",
    "chat",
    "partial_applications",
    "error",
  ];
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

  async function openPage(options: object, path = "/portico/client.js"): Promise<void> {
    site.put(
      "/page.js",
      `window.log = [];
      for (const event of ${JSON.stringify(events)}) {
        window.addEventListener("portico:" + event, ({ detail }) => log.push([event, detail]));
      }
      window.client = createWebSocketClient(${JSON.stringify(options)});`,
    );
    await page.goto(
      site.put(
        "/",
        `<!doctype html><script src="${scripts}${path}"></script><script src="/page.js"></script>`,
      ),
    );
  }

  /** Calls a method of the page's client; a rejection becomes `{ rejected }`. */
  function call(method: string, ...args: unknown[]): Promise<unknown> {
    return page.evaluate(
      async ([name, values]) => {
        const { client } = window as unknown as {
          client: Record<string, (...a: unknown[]) => unknown>;
        };
        try {
          return await client[name]?.(...values);
        } catch (error) {
          return { rejected: error instanceof Error ? error.message : "no error" };
        }
      },
      [method, args] as const,
    );
  }

  function answer(frame: Frame, peer: FakePeer): void {
    if (frame["type"] === "update_user_info") {
      peer.send({ type: "user_info_update_confirmation", success: true });
    }
    if (frame["type"] === "get_partial_applications") {
      peer.send({ type: "partial_applications_response", data: { applications: [{ id: 5 }] } });
    }
  }

  test.each(["/portico/client.js", "/src/WebSocket/client.js"])(
    "[PE-05] [PE-06] [PE-07] the library of %s tells and asks as described",
    async (path) => {
      fake.onFrame = answer;
      await openPage({ url: fake.url }, path);
      await until(() => fake.peers.length === 1, "the connection");
      expect(await call("updateUserInfo", 123)).toBe(true);
      expect(await call("getPartialApplications")).toEqual({
        error: false,
        message: "",
        applications: [{ id: 5 }],
      });
      expect(await call("sendMessage", "chat", "Hello, world!", { room_hint: 3 })).toBe(true);
      fake.last.send("not json");
      fake.last.send("[1");
      fake.last.send({ type: "notification", message: "New booking", data: { id: 1 } });
      fake.last.send({ type: "chat", message: "Hi" });
      await until(() => fake.last.frames.length === 3, "three frames");
      expect(fake.last.frames).toEqual([
        { type: "update_user_info", userId: 123, timestamp: expect.stringMatching(iso) },
        { type: "get_partial_applications", timestamp: expect.stringMatching(iso) },
        {
          type: "chat",
          message: "Hello, world!",
          room_hint: 3,
          timestamp: expect.stringMatching(iso),
        },
      ]);
      await page.waitForFunction(() => (window as unknown as { log: unknown[] }).log.length >= 4);
      expect(await told()).toEqual([
        ["connected", { url: fake.url }],
        ["partial_applications", { error: false, message: "", applications: [{ id: 5 }] }],
        ["notification", { type: "notification", message: "New booking", data: { id: 1 } }],
        ["chat", { type: "chat", message: "Hi" }],
      ]);
      expect(errors).toEqual([]);
    },
  );

  test("[PE-04] without an address it is /wss at the page's host", async () => {
    const sockets = new WebSocketServer({ server: site.server });
    const opened = once(sockets, "connection") as Promise<[WebSocket, { url?: string }]>;
    await openPage({});
    const [, request] = await opened;
    expect(request.url).toBe("/wss");
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  });

  test("[PE-07] refuses to send and to ask when it is not open", async () => {
    const said: string[] = [];
    page.on("console", (line) => line.type() === "error" && said.push(line.text()));
    await openPage({ url: fake.url, reconnect: false });
    await until(() => fake.peers.length === 1, "the connection");
    fake.last.cut();
    await page.waitForFunction(() =>
      (window as unknown as { log: [string, unknown][] }).log.some(([e]) => e === "disconnected"),
    );
    expect(await call("sendMessage", "chat", "lost")).toBe(false);
    expect(said).toContain("WebSocket is not connected");
    expect(await call("getPartialApplications")).toEqual({
      rejected: "WebSocket is not connected",
    });
  });

  test("[PE-06] an answer that does not come rejects: after a while, and when the line is lost", async () => {
    await openPage({ url: fake.url, requestTimeout: 300 });
    await until(() => fake.peers.length === 1, "the connection");
    expect(await call("getPartialApplications")).toEqual({
      rejected: "The server did not answer in time.",
    });
    const asked = call("getPartialApplications");
    await until(() => fake.last.frames.length === 2, "the question");
    fake.last.cut();
    expect(await asked).toEqual({ rejected: "The connection was lost." });
  });

  test("[PE-15] comes back after growing, random waits and says again who it is", async () => {
    fake.onFrame = answer;
    await openPage({ url: fake.url, reconnectDelay: 100, token: "tok" });
    await until(() => fake.peers.length === 1, "the connection");
    await call("updateUserInfo", 123);
    await fake.stop();
    await page.waitForTimeout(800);
    await fake.start();
    await until(() => fake.peers[1]?.frames.length === 1, "the return");
    expect(fake.last.frames).toMatchObject([
      { type: "update_user_info", userId: 123, token: "tok" },
    ]);
    fake.onOpen = (peer) => peer.close(1011);
    fake.last.cut();
    await until(() => fake.peers.length >= 4, "two tries");
    await page.waitForTimeout(1_000);
    // 100 ms each time would be some ten more.
    expect(fake.peers.length).toBeLessThanOrEqual(6);
  });

  test("close ends it, and so does a close code from 4500", async () => {
    await openPage({ url: fake.url, reconnectDelay: 100 });
    await until(() => fake.peers.length === 1, "the connection");
    await call("close");
    await page.waitForTimeout(500);
    expect(fake.peers.length).toBe(1);
    await openPage({ url: fake.url, reconnectDelay: 100 });
    await until(() => fake.peers.length === 2, "the connection");
    fake.last.close(4503);
    await page.waitForTimeout(500);
    expect(fake.peers.length).toBe(2);
  });
});

describe("the ChatLogger page", () => {
  const onDisk = pathToFileURL(
    join(import.meta.dirname, "../../packages/pages/static/chatlogger/index.html"),
  ).href;
  const say = (username: string, message: string, more: object = {}): Frame => ({
    type: "message",
    username,
    message,
    timestamp: "2026-11-21 09:30:00",
    ...more,
  });

  function lines(): Promise<string[]> {
    return page.locator("#log article p").allTextContents();
  }
  function showed(text: string): Promise<void> {
    return page.locator("#log article p", { hasText: text }).first().waitFor();
  }

  test("[CL-16] opened from disk, it asks for the server and comes with the Origin null", async () => {
    await page.goto(onDisk);
    expect(await page.inputValue("#address")).toBe("ws://localhost:8081");
    await page.fill("#address", fake.url);
    await page.click("#server button");
    await until(() => fake.peers.length === 1, "the connection");
    expect(fake.last.origin).toBe("null");
    await page.locator("#status", { hasText: "Connected" }).waitFor();
    await page.fill("#username", "Ann");
    await page.fill("#message", "Hello");
    await page.press("#message", "Enter");
    await until(() => fake.last.frames.length === 1, "the message");
    expect(fake.last.frames).toEqual([{ username: "Ann", message: "Hello" }]);
    expect(await page.inputValue("#message")).toBe("");
    expect(errors).toEqual([]);
  });

  test("[CL-06] without a name no name is sent, and an empty message not at all", async () => {
    await page.goto(`${onDisk}?server=${encodeURIComponent(fake.url)}`);
    await page.locator("#status.connected").waitFor();
    await page.press("#message", "Enter");
    await page.fill("#message", "x");
    await page.press("#message", "Enter");
    await until(() => fake.last.frames.length === 1, "the message");
    expect(fake.last.frames).toEqual([{ message: "x" }]);
  });

  test("[CL-17] [CL-18] [CL-19] [CL-20] as served: history, its author's lines, and it stays away until asked", async () => {
    const history = [say("Ann", "one"), say("Bob", "two")];
    fake.onOpen = (peer) => {
      for (const frame of history) peer.send(frame);
    };
    await page.goto(`${scripts}/chatlogger`);
    await showed("two");
    expect(await lines()).toEqual(["Connection established. Welcome!", "one", "two"]);
    expect(await page.locator("#server").isHidden()).toBe(true);
    history.push(say("Ann", "three"));
    fake.last.send(say("Ann", "three"));
    await showed("three");

    fake.last.cut();
    await page.getByRole("button", { name: "Reconnect" }).waitFor();
    expect(await page.textContent("#status")).toBe("Disconnected");
    expect((await lines()).at(-1)).toBe(
      "Connection to server has been lost. Please refresh the page to reconnect.",
    );
    await page.waitForTimeout(5_000);
    expect(fake.peers.length).toBe(1);

    history.push(say("Bob", "missed"));
    await page.getByRole("button", { name: "Reconnect" }).click();
    await showed("missed");
    const conversation = page.locator("#log article.message p");
    expect(await conversation.allTextContents()).toEqual(["one", "two", "three", "missed"]);
    expect(await page.locator("#lost").isHidden()).toBe(true);
    expect(errors).toEqual([]);
  });

  test("[CL-18] [CL-20] a server that is not there: its author's line, and the button", async () => {
    await fake.stop();
    await page.goto(`${scripts}/chatlogger`);
    await page.getByRole("button", { name: "Reconnect" }).waitFor();
    expect(await lines()).toEqual([
      "A connection error occurred.",
      "Connection to server has been lost. Please refresh the page to reconnect.",
    ]);
  });

  test("[CL-20] with the option it comes back by itself, says so once, and does not flap", async () => {
    await page.goto(`${scripts}/chatlogger?reconnect=1`);
    await page.locator("#status.connected").waitFor();
    await fake.stop();
    await page.getByText(/next try in \d+ s/).waitFor();
    // Two tries in vain at most.
    await page.waitForTimeout(6_000);
    const lost = (await lines()).filter((text) => text.startsWith("Connection to server"));
    expect(lost.length).toBe(1);
    expect(await page.locator("#lost").isVisible()).toBe(true);
    await fake.start();
    await until(() => fake.peers.length === 2, "the return", 25_000);
    await page.locator("#status.connected").waitFor();
  }, 60_000);

  test("[MMB-22] names and texts are texts; a name that nobody checked is marked", async () => {
    await page.goto(`${scripts}/chatlogger`);
    await page.locator("#status.connected").waitFor();
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    fake.last.send(say(hostile, hostile, { verified: true }));
    fake.last.send(say("Ann", "guest"));
    fake.last.send(say("Root", "other", { name_of_account: true }));
    fake.last.send({ type: "error", code: "rate_limited", message: "Slower, please." });
    fake.last.send("no json");
    await showed("Slower, please.");
    expect(await page.locator("#log img, #log script").count()).toBe(0);
    expect(await page.locator(".name").first().textContent()).toBe(hostile);
    expect(await page.title()).toBe("ChatLogger");
    expect(await page.locator(".mark").allTextContents()).toEqual([
      "unverified",
      "unverified, not the account of that name",
    ]);
    expect(errors).toEqual([]);
  });
});
