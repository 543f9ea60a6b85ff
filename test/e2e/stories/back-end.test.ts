/**
 * Questions of clients to the application: the served PorticoEstate library in a browser, the SDK, REST and Socket.IO, to the example back
 * ends and their data and back; also while the back end is gone.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClient } from "@parlance/client";
import { generateToken } from "@parlance/publisher";
import { freePort } from "@parlance/testkit/server-process";
import type { Page } from "playwright-core";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, vi } from "vitest";
import { WebSocket } from "ws";
import { programPaths, requires } from "../../requirements.ts";
import { logOf, Story } from "./story.ts";

const test = requires("chromium", "php");
const folder = join(import.meta.dirname, "../../../examples/back-end");
const secret = "a-key-of-the-story-0f1e2d3c4b5a69788796";
const hookSecret = "what-server-and-application-share-7f3a9c";

const rows = [
  { id: 7, user_id: "123", name: "Main hall", status: "partial" },
  { id: 8, user_id: "123", name: "Gymnasium", status: "partial" },
  { id: 9, user_id: "124", name: "Of somebody else", status: "partial" },
];
const own = [
  { id: 7, name: "Main hall", status: "partial" },
  { id: 8, name: "Gymnasium", status: "partial" },
];

/** One of the two examples, as its README starts it. */
class BackEnd {
  readonly port: number;
  readonly #program: readonly string[];
  readonly #directory: string;
  #child: ChildProcess | undefined;

  constructor(port: number, program: readonly string[], directory: string) {
    this.port = port;
    this.#program = program;
    this.#directory = directory;
  }

  async start(): Promise<void> {
    const [command = "", ...args] = this.#program;
    this.#child = spawn(command, args, {
      env: {
        PATH: process.env["PATH"],
        HOOK_SECRET: hookSecret,
        PORT: String(this.port),
        DATABASE: join(this.#directory, "applications.db"),
        APPLICATIONS: join(this.#directory, "applications.json"),
      },
      stdio: "ignore",
    });
    await vi.waitFor(
      async () => {
        // Whoever does not sign gets nothing.
        expect((await fetch(`http://127.0.0.1:${this.port}/`)).status).toBe(401);
      },
      { timeout: 15_000 },
    );
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

describe.each(["node", "php"] as const)("the back end for %s", (language) => {
  let story: Story;
  let backEnd: BackEnd;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-back-end-"));
    writeFileSync(join(directory, "applications.json"), JSON.stringify(rows));
    const port = await freePort();
    const program =
      language === "node"
        ? [process.execPath, join(folder, "back-end.js")]
        : [programPaths.php, "-S", `127.0.0.1:${port}`, join(folder, "back-end.php")];
    backEnd = new BackEnd(port, program, directory);
    await backEnd.start();
    if (language === "node") {
      const database = new DatabaseSync(join(directory, "applications.db"));
      database.exec("INSERT INTO applications VALUES (9, '124', 'Of somebody else', 'partial')");
      database.close();
    }
    const url = `http://127.0.0.1:${port}/`;
    story = await Story.begin([], {
      PARLANCE_SECRET: secret,
      PARLANCE_RPC_HOOK_URL: url,
      PARLANCE_RPC_HOOK_SECRET: hookSecret,
      PARLANCE_PUBLISH_HOOK_URL: url,
      PARLANCE_PUBLISH_HOOK_SECRET: hookSecret,
      PARLANCE_PUBLISH_HOOK_ROOMS: "public_*,portico_chat",
    });
  }, 90_000);
  afterAll(async () => {
    await story?.end();
    await backEnd?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const token = (): string => generateToken(123, 3_600, { secret, name: "Ann" });

  async function asks(page: Page): Promise<unknown> {
    return page.evaluate(() => window.eval("client.getPartialApplications()") as Promise<unknown>);
  }

  test("[PE-06] [PE-08] [PE-09] [PE-10] the served page asks, and gets what the database has of its user; also after the back end was gone", async () => {
    const text = readFileSync(join(import.meta.dirname, "pages/portico-library.html"), "utf8")
      .replace("/src/WebSocket/", `${story.server.url}/portico/`)
      .replace("{ reconnectDelay: 200 }", `{ url: "ws://127.0.0.1:${story.server.port}/wss" }`);
    const { page, context, errors } = await story.open(story.site.put("/office", text));
    await page.waitForFunction(() =>
      (window as unknown as { log: unknown[][] }).log.some(([kind]) => kind === "user"),
    );
    const whole = { error: false, message: "", applications: own };
    expect(await asks(page)).toEqual(whole);
    expect(await logOf(page)).toContainEqual(["partial_applications", whole]);

    await backEnd.stop();
    const failed = {
      error: true,
      message: expect.stringMatching(/\w/) as unknown,
      applications: [],
    };
    expect(await asks(page)).toEqual(failed);
    // The page is well, and so is everybody else.
    const chat = (said: string): Promise<unknown> =>
      page.evaluate(
        (message) => window.eval(`client.sendMessage("notification", "${message}")`),
        said,
      );
    expect(await chat("still here")).toBe(true);
    await expect.poll(async () => JSON.stringify(await logOf(page))).toContain("still here");
    expect(story.server.output).toContain('"event":"hook_failed"');
    expect(story.server.output).toContain('"reason":"unreachable"');

    await backEnd.start();
    expect(await asks(page)).toEqual(whole);
    expect(errors).toEqual([]);
    await context.close();
  }, 90_000);

  test("[RPC-1] [RPC-2] the SDK, REST and Socket.IO ask the same, and read why something is refused", async () => {
    const client = createClient({ url: story.server.socketUrl, token: token(), WebSocket });
    await client.connect();
    expect(await client.rpc("get_partial_applications")).toMatchObject({ applications: own });
    const refusal = { code: "rpc_failed", text: "That cannot be asked here." };
    await expect(client.rpc("no_such_thing", { x: 1 })).rejects.toMatchObject({
      code: "rpc_failed",
      message: refusal.text,
    });
    client.close();

    const rest = async (method: string, body: unknown): Promise<readonly [number, unknown]> => {
      const answer = await fetch(`${story.server.url}/api/v1/rpc/${method}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token()}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return [answer.status, await answer.json()];
    };
    expect(await rest("get_partial_applications", {})).toMatchObject([
      200,
      { data: { applications: own } },
    ]);
    const details = { application_code: "unknown_method" };
    expect(await rest("no_such_thing", {})).toMatchObject([
      422,
      { error: { ...refusal, details } },
    ]);
    expect((await rest("x", { data: "x".repeat(40_000) }))[0]).toBe(400);
    expect((await rest("a%2Fb", {}))[0]).toBe(404);

    const socket = io(story.server.url, { auth: { token: token() }, transports: ["websocket"] });
    try {
      const emit = (name: string, fields: object): Promise<unknown> =>
        socket.timeout(10_000).emitWithAck(name, fields) as Promise<unknown>;
      expect(await emit("rpc", { method: "get_partial_applications" })).toMatchObject({
        ok: true,
        data: { applications: own },
      });
      expect(await emit("rpc", { method: "no_such_thing" })).toMatchObject({
        ok: false,
        error: refusal,
      });
    } finally {
      socket.disconnect();
    }
  }, 60_000);

  test("[HOOK-2] what the back end makes of a message is what everybody reads", async () => {
    const client = createClient({ url: story.server.socketUrl, token: token(), WebSocket });
    await client.connect();
    const room = client.room(`public_${language}`);
    const heard: unknown[] = [];
    room.on("event", (event) => heard.push("data" in event ? event.data : undefined));
    await room.subscribe();
    const { rewritten } = await room.publish("Call 555 0100 99!").done;
    expect(rewritten).toEqual({ text: "Call ***!" });
    await expect.poll(() => heard).toMatchObject([{ text: "Call ***!", author_name: "Ann" }]);
    client.close();
  }, 60_000);
});
