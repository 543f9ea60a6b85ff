/** The playground and the test page, in a browser under their own policy, against a scripted server. */
import { servePages } from "@parlance/server/pages";
import fastify, { type FastifyInstance } from "fastify";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { Server as SocketIoServer } from "socket.io";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { openBrowser } from "./browser.ts";
import { FakeServer, until } from "./fake-server.ts";
import { faintTexts } from "./page-checks.ts";

const test = requires("chromium");

let browser: Browser;
let context: BrowserContext;
let page: Page;
let fake: FakeServer;
let http: FastifyInstance;
let socketIo: SocketIoServer;
let url: string;
let errors: string[];
/** What reached REST: `method path token body`. */
let requests: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  fake = await new FakeServer().start();
  fake.onFrame = (frame, peer) => peer.send({ type: "echo", of: frame });
  http = fastify({ forceCloseConnections: true });
  const place = `:${fake.port}/`;
  servePages(http, {
    features: { chat: true, collaboration: true, notifications: true },
    mmb: { reconnect: true, reconnectDelayMs: 3_000, pingIntervalMs: 30_000 },
    isDevelopment: true,
    endpoints: {
      native: place,
      sse: "/stream",
      mmb: place,
      portico: place,
      "symfony-chat": place,
      chatlogger: place,
      socketio: "/",
    },
  });
  http.get("/favicon.svg", async (_, reply) => reply.type("image/svg+xml").send("<svg/>"));
  requests = [];
  const note = (method: string, path: string, token = "", body: unknown = ""): void => {
    requests.push(`${method} ${path} ${token} ${JSON.stringify(body)}`);
  };
  http.get("/stream", (request, reply) => {
    note("GET", request.url, request.headers.authorization);
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream" });
    reply.raw.write('event: message.created\nid: 7\ndata: {"text":"Hi"}\n\n: beat\n\ndata: a\nda');
    // An event that comes in two pieces.
    setTimeout(() => reply.raw.write("ta: b\n\n"), 50);
  });
  http.post("/api/v1/rooms/:room/messages", async (request, reply) => {
    note("POST", request.url, request.headers.authorization, request.body);
    return reply.code(201).send({ sequence: 8 });
  });
  http.post("/api/v1/guests", async () => ({ token: "pls_guest" }));
  url = await http.listen({ host: "127.0.0.1", port: 0 });
  socketIo = new SocketIoServer(http.server);
  socketIo.on("connection", (socket) => {
    socket.emit("hello", { token: socket.handshake.auth["token"] as string });
    socket.on("message:send", (body: unknown, answer?: (value: unknown) => void) => {
      socket.emit("message:new", body);
      answer?.({ ok: true });
    });
  });

  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
  page = await context.newPage();
  errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
});
afterEach(async () => {
  await context.close();
  await socketIo.close();
  await http.close();
  await fake.stop();
});

/** Kinds of all frames of the list, in order, `>` sent and `<` received. */
function kinds(): Promise<string[]> {
  return page
    .locator("#frames .frame:not(.note)")
    .evaluateAll((rows) =>
      rows.map(
        (row) =>
          `${row.classList.contains("sent") ? ">" : "<"} ${row.querySelector(".kind")?.textContent ?? ""}`,
      ),
    );
}

describe("the playground", () => {
  const send = (): Promise<void> => page.getByRole("button", { name: "Send", exact: true }).click();

  async function open(dialect: string, token = ""): Promise<void> {
    await page.goto(`${url}/playground`);
    await page.selectOption("#dialect", dialect);
    if (token !== "") await page.fill("#token", token);
    await page.click("#connect");
    await page.locator("#state[data-state=open]").waitFor();
  }

  async function example(name: string): Promise<void> {
    await page.locator("#examples").getByRole("button", { name, exact: true }).click();
  }

  test.each([
    ["native", "Publish", { type: "publish", room: "general", text: "Hello" }],
    ["mmb", "Authenticate", { type: "auth", token: "tok" }],
    ["mmb", "Edit", { type: "edit", room: "codexpro_project_1" }],
    ["portico", "Notification", { type: "notification", message: "New booking" }],
    ["symfony-chat", "Join room", { type: "join_room", roomId: "tech", userId: 1 }],
    ["chatlogger", "Message", { username: "Ann", message: "Hello" }],
  ])(
    "speaks %s: “%s” goes out as it is shown, and the answer is seen",
    async (dialect, name, frame) => {
      await open(dialect, "tok");
      await example(name);
      await send();
      await until(() => fake.peers[0]?.frames.length === 1, "the frame");
      expect(fake.last.frames[0]).toMatchObject(frame);
      await page.locator(".frame.received").waitFor();
      expect(await kinds()).toEqual([`> ${"type" in frame ? frame.type : "message"}`, "< echo"]);
      expect(errors).toEqual([]);
    },
  );

  test("[SIO-01] speaks Socket.IO with the real client, which is loaded only then", async () => {
    const loaded: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith(".js")) loaded.push(new URL(request.url()).pathname);
    });
    await page.goto(`${url}/playground`);
    await page.locator("#examples button").first().waitFor();
    expect(loaded.filter((path) => path.startsWith("/socket.io/"))).toEqual([]);
    await page.selectOption("#dialect", "socketio");
    await page.fill("#token", "tok");
    await page.click("#connect");
    await page.locator("#state[data-state=open]").waitFor();
    await example("Message");
    await send();
    await page.locator(".frame.received .kind", { hasText: "ack" }).waitFor();
    expect(await kinds()).toEqual(["< hello", "> message:send", "< message:new", "< ack"]);
    await page.locator(".frame.received summary").first().click();
    expect(await page.locator(".frame.received pre").first().textContent()).toContain('"tok"');
    await page.fill("#frame", '{"not":"a list"}');
    await send();
    await page.locator("#frame-problem", { hasText: "A list" }).waitFor();
    expect(errors).toEqual([]);
  });

  test("reads a stream of events with the token in a header, and publishes over REST", async () => {
    await open("sse", "tok");
    await example("Publish");
    await send();
    await page.locator(".frame.received .kind", { hasText: "HTTP 201" }).waitFor();
    expect(await kinds()).toEqual([
      "< message.created",
      "< ",
      "> POST /api/v1/rooms/general/messages",
      "< HTTP 201",
    ]);
    await page.locator(".frame.received summary").nth(1).click();
    const pre = await page.locator(".frame.received pre").first().textContent();
    expect(JSON.parse(pre ?? "")).toEqual({ data: "a\nb" });
    expect(requests).toEqual([
      'GET /stream Bearer tok ""',
      'POST /api/v1/rooms/general/messages Bearer tok {"text":"Hello"}',
    ]);
    expect(errors).toEqual([]);
  });

  test("a frame as code: for every place that has a word for it", async () => {
    await open("native", "it's");
    await example("Publish");
    await page.fill(
      "#frame",
      JSON.stringify({
        type: "publish",
        id: 1,
        room: "a b",
        client_message_id: "c",
        text: "it's $HOME",
      }),
    );
    const codes: Record<string, string> = {};
    for (const name of ["Frame", "JavaScript", "SDK", "curl", "Socket.IO", "PHP"]) {
      await page.selectOption("#language", { label: name });
      await page.click("#copy");
      await page.locator("#copied", { hasText: `${name} copied` }).waitFor();
      codes[name] = await page.evaluate(() => navigator.clipboard.readText());
    }
    expect(JSON.parse(codes["Frame"] ?? "")).toMatchObject({ type: "publish", room: "a b" });
    expect(codes["JavaScript"]).toContain(`new WebSocket("ws://127.0.0.1:${fake.port}/")`);
    expect(codes["SDK"]).toContain('client.room("a b").publish("it\'s $HOME")');
    expect(codes["SDK"]).toContain('token: "it\'s"');
    expect(codes["curl"]).toContain(`'${url}/api/v1/rooms/a%20b/messages'`);
    expect(codes["curl"]).toContain(`-d '{"text":"it'\\''s $HOME"}'`);
    expect(codes["Socket.IO"]).toContain('socket.emit("message:send", {"chatId":"a b"');
    expect(codes["PHP"]).toContain(`'{"text":"it\\'s $HOME"}'`);
    expect(codes["PHP"]).toContain("'Authorization: Bearer it\\'s'");

    // A subscription is no publication: only the dialect itself has a word for it.
    await example("Subscribe");
    const off = await page
      .locator("#language option:disabled")
      .evaluateAll((options) => options.map((one) => one.textContent));
    expect(off).toEqual(["SDK", "curl", "Socket.IO", "PHP"]);
  });

  test("works by keyboard: send, walk through the frames, unfold, take one back", async () => {
    await open("native");
    await page.focus("#frame");
    await page.keyboard.press("Control+Enter");
    // Each behind the answer to the one before, or who answers late makes another order of the list.
    await page.locator(".frame.received").first().waitFor();
    await page.keyboard.press("Control+Enter");
    await until(() => fake.peers[0]?.frames.length === 2, "both frames");
    await page.locator(".frame.received").nth(1).waitFor();
    expect((await kinds()).map((kind) => kind[0])).toEqual([">", "<", ">", "<"]);
    await page.locator("#frames summary").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const row = page.locator(".frame").filter({ has: page.locator("details[open]") });
    expect(await row.count()).toBe(1);
    expect(await row.locator("pre").textContent()).toContain('"sign_in"');
    await page.fill("#frame", "");
    await page.keyboard.press("Escape");
    await row.getByRole("button", { name: "Edit" }).focus();
    await page.keyboard.press("Enter");
    expect(await page.inputValue("#frame")).toContain('"sign_in"');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("frame");
    await page.getByRole("button", { name: "Unfold all" }).click();
    expect(await page.locator("#frames details[open]").count()).toBe(4);
    await page.getByRole("button", { name: "Clear" }).click();
    expect(await kinds()).toEqual([]);
    await page.getByText("Nothing was said yet").waitFor();
  });

  test("a lost line is told and stays lost; a guest's token goes into the examples", async () => {
    await open("native");
    fake.last.close(4503, "banned");
    await page.getByText("Closed: 4503 banned").waitFor();
    expect(await page.textContent("#state")).toBe("Not connected");
    await page.click("#guest");
    await page.waitForFunction(() =>
      document.querySelector<HTMLTextAreaElement>("#frame")?.value.includes("pls_guest"),
    );
    await send();
    await page.locator("#frame-problem", { hasText: "Connect first." }).waitFor();
    await page.waitForTimeout(300);
    expect(fake.peers.length).toBe(1);
  });

  test("[MMB-22] what comes is text, whatever it is", async () => {
    await open("native");
    const hostile = '<img src=x onerror="document.title=1">';
    fake.last.send({ type: hostile, text: hostile });
    fake.last.send(hostile);
    await page.locator(".frame.received").nth(1).waitFor();
    await page.getByRole("button", { name: "Unfold all" }).click();
    expect(await page.locator("#frames img").count()).toBe(0);
    expect(await page.locator(".frame.received pre").nth(1).textContent()).toBe(hostile);
    expect(await page.title()).toBe("Playground - Parlance");
  });

  test("keeps its last 500 frames and stays where the reader is", async () => {
    await open("native");
    for (let index = 1; index <= 600; index += 1) fake.last.send({ type: "n", index });
    await page.waitForFunction(() =>
      document.querySelector("#frames")?.lastElementChild?.textContent?.includes('"index":600'),
    );
    expect(await page.locator("#frames > *").count()).toBe(500);
    const top = await page.locator(".right").evaluate((pane) => {
      pane.scrollTop = 1_000;
      return pane.scrollTop;
    });
    expect(top).toBe(1_000);
    fake.last.send({ type: "later" });
    await page.locator(".kind", { hasText: "later" }).waitFor({ state: "attached" });
    const after = await page.locator(".right").evaluate((pane) => pane.scrollTop);
    // The oldest row went, and what is read may move by no more than that.
    expect(Math.abs(after - top)).toBeLessThanOrEqual(44);
  });
});

describe("the test page", () => {
  test("[PE-18] connects, sends chat and a notification, and shows what comes", async () => {
    fake.onFrame = (frame, peer) => {
      if (frame["type"] === "update_user_info") {
        peer.send({ type: "user_info_update_confirmation", success: true });
      }
      if (frame["type"] === "get_partial_applications") {
        peer.send({ type: "partial_applications_response", data: { applications: [] } });
      }
    };
    await page.goto(`${url}/websocket-test`);
    expect(await page.inputValue("#address")).toBe(`ws://127.0.0.1:${fake.port}/`);
    expect(await page.getByRole("button", { name: "Send chat" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.locator("#state[data-state=open]").waitFor();
    await page.getByLabel("Chat message").fill("Hello");
    await page.getByRole("button", { name: "Send chat" }).click();
    await page.getByLabel("Notification", { exact: true }).fill("New booking");
    await page.getByLabel("Its data").fill("{no json");
    await page.getByRole("button", { name: "Notify all" }).click();
    await page.getByText("The data is no JSON.").waitFor();
    await page.getByLabel("Its data").fill('{"id": 123}');
    await page.getByRole("button", { name: "Notify all" }).click();
    await page.getByRole("button", { name: "Partial applications" }).click();
    await until(() => fake.last.frames.length === 4, "four frames");
    expect(fake.last.frames).toMatchObject([
      { type: "update_user_info", userId: 123 },
      { type: "chat", message: "Hello" },
      { type: "notification", message: "New booking", data: { id: 123 } },
      { type: "get_partial_applications" },
    ]);
    fake.last.send({ type: "notification", message: "<b>From the server</b>" });
    await page
      .locator(".frame .kind", { hasText: /^notification$/ })
      .nth(1)
      .waitFor();
    expect(await kinds()).toEqual([
      "< user_info_update_confirmation",
      "> chat",
      "> notification",
      "< partial_applications_response",
      "< notification",
    ]);
    await page.getByRole("button", { name: "Disconnect" }).click();
    await until(() => !fake.last.isOpen, "the end");
    expect(await page.getByRole("button", { name: "Send chat" }).isDisabled()).toBe(true);
    expect(errors).toEqual([]);
  });
});

describe.each([["/playground"], ["/websocket-test"], ["/chatlogger"]])("%s", (path) => {
  test.each(["light", "dark"] as const)("can be read in %s colours", async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${url}${path}`);
    if (path === "/chatlogger") await page.locator("#status.connected").waitFor();
    else {
      await page.click("#connect");
      await page.locator("#state[data-state=open]").waitFor();
    }
    fake.last.send({
      type: "message",
      username: "Ann",
      message: "Hi",
      timestamp: "2026-11-21 09:30:00",
      unverified: true,
    });
    fake.last.send({ type: "error", code: "x", message: "No." });
    await page.waitForTimeout(200);
    expect(await faintTexts(page)).toEqual([]);
  });

  test("fits a phone: nothing to scroll sideways, everything to press is large enough", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${url}${path}`);
    await page.waitForTimeout(300);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    const small = await page
      .locator("button:visible, input:visible, select:visible, textarea:visible")
      .evaluateAll((all) =>
        all
          .filter((one) => !(one instanceof HTMLInputElement && one.type === "checkbox"))
          .filter((one) => one.getBoundingClientRect().height < 44)
          .map((one) => one.id || one.textContent),
      );
    expect(small).toEqual([]);
  });
});
