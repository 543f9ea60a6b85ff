/**
 * `docs/extending.md` is so: every block of code on it is taken from the page and run as it stands there, on a server as `npm start` runs it, in a
 * page in a browser, and with curl. Only the server's address is another one.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@parlance/client";
import { generateToken } from "@parlance/publisher";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { requires } from "../requirements.ts";
import { openBrowser } from "./browser.ts";
import { OtherSite } from "./fake-server.ts";

const test = requires("chromium", "curl");
const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const secret = "a-key-of-the-test-0f1e2d3c4b5a69788796";
const page = readFileSync(join(root, "docs/extending.md"), "utf8");

/** Blocks of the page, by language. */
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, language = "", text = ""]) => ({ language, text }),
);
const shell = blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
/** Files, by the name in their first line. */
const files = new Map(
  blocks.flatMap(({ text }) => {
    const [, name] = /^\/\/ ([\w-]+\.[a-z]+)\n/.exec(text) ?? [];
    return name === undefined ? [] : [[name, text] as const];
  }),
);
const text = (name: string): string => files.get(name) ?? "";

describe("the guide to extending the server", () => {
  let directory: string;
  let server: ServerProcess;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-extending-"));
    const plugins = [...files.keys()].filter((name) => name.endsWith(".ts"));
    for (const name of plugins) writeFileSync(join(directory, name), text(name));
    server = new ServerProcess(await freePort(), join(directory, "data"), {
      PARLANCE_SECRET: secret,
      PARLANCE_DRAIN_MS: "0",
      PARLANCE_TRUSTED_NETWORK: "none",
      PARLANCE_PLUGINS: plugins.map((name) => join(directory, name)).join(","),
    });
    await server.start();
  }, 90_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const tokenOf = (user: number | string, name: string): string =>
    generateToken(user, 3_600, { secret, name });
  async function clientOf(user: number | string, name: string) {
    const client = createClient({ url: server.socketUrl, token: tokenOf(user, name), WebSocket });
    await client.connect();
    return client;
  }

  test("[SC-13] prints nothing that this test does not run", () => {
    expect([...files.keys()]).toEqual(["poll.ts", "page.js", "greeter.ts", "office.ts"]);
    // Two shells: how it is started, which the server above was, and curl. One frame.
    expect(shell).toHaveLength(2);
    expect(shell[0]).toBe("PARLANCE_PLUGINS=./poll.ts npm start\n");
    expect(blocks.filter(({ language }) => language === "json")).toHaveLength(1);
    expect(blocks).toHaveLength(files.size + 3);
  });

  test("[SC-13] its plug-ins are of the types that it names", async () => {
    // Where the types can be found.
    const folder = mkdtempSync(join(root, "node_modules/.extending-"));
    try {
      mkdirSync(join(folder, "src"));
      for (const name of files.keys()) {
        if (name.endsWith(".ts")) cpSync(join(directory, name), join(folder, "src", name));
      }
      const config = { extends: join(root, "tsconfig.base.json"), include: ["src"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
      const compiler = join(root, "node_modules/@typescript/native/bin/tsc");
      await run(process.execPath, [compiler, "-p", folder, "--pretty", "false"]).catch(
        (error: unknown) => {
          throw new Error((error as { stdout: string }).stdout);
        },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);

  test("[SC-13] a message type: its command, its frame, its route and its method in a page all make the same message", async () => {
    const ann = await clientOf("ann", "Ann");
    const room = ann.room("general");
    const heard: { text?: string; data?: { type?: string } }[] = [];
    room.on("event", (event) => {
      if (event.type === "message.created" && "data" in event) heard.push(event.data as never);
    });
    await room.subscribe();

    // In a page of somebody else's site, with the SDK that the server serves.
    const site = await new OtherSite().start();
    const browser = await openBrowser();
    try {
      const module = text("page.js").replace("http://localhost:8080", server.url);
      site.put("/page.js", module);
      const url = site.put("/poll", "<!doctype html><title>Poll</title>");
      const shown = await browser.newPage();
      await shown.goto(url);
      const outcome = await shown.evaluate(
        async ([sdk, own, socket, token]) => {
          const load = (path: string): Promise<Record<string, (...given: never[]) => unknown>> =>
            window.eval(`import(${JSON.stringify(path)})`) as never;
          const { createClient: create } = await load(sdk ?? "");
          const { lunch } = await load(own ?? "");
          const client = create?.({ url: socket, token } as never) as { connect(): Promise<void> };
          await client.connect();
          return lunch?.(client as never);
        },
        [`${server.url}/client/parlance.js`, "/page.js", server.socketUrl, tokenOf("bob", "Bob")],
      );
      expect(outcome).toEqual({ poll: expect.stringMatching(/./) as unknown, option: "Soup" });
    } finally {
      await browser.close();
      await site.stop();
    }
    await expect
      .poll(() => heard)
      .toMatchObject([
        {
          text: "Where do we eat?",
          author_name: "Bob",
          data: { type: "poll.asked", options: ["Pizza", "Soup"] },
        },
        { text: "Bob votes for Soup", data: { type: "poll.voted", option: 1 } },
      ]);

    // By curl.
    const script = shell[1] ?? "";
    const environment = {
      PATH: process.env["PATH"],
      URL: server.url,
      TOKEN: tokenOf("ann", "Ann"),
    };
    const { stdout } = await run("/bin/sh", ["-c", script], { env: environment });
    const { poll } = JSON.parse(stdout) as { poll: string };
    expect(poll).toMatch(/./);

    // By the frame, as it is printed.
    const frame = blocks.find(({ language }) => language === "json")?.text ?? "";
    const socket = new WebSocket(server.socketUrl);
    const frames: unknown[] = [];
    socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString())));
    await new Promise((opened) => socket.once("open", opened));
    socket.send(JSON.stringify({ type: "sign_in", id: 1, token: tokenOf("cem", "Cem") }));
    socket.send(frame);
    await expect
      .poll(() => frames)
      .toContainEqual({
        type: "reply",
        id: 7,
        result: { data: { poll: expect.stringMatching(/./) as unknown } },
      });
    socket.close();
    await expect.poll(() => heard.length).toBe(4);

    // What it promises: a vote each, options that are there, the room's rules, and data that fits.
    const vote = (option: number): Promise<unknown> => ann.rpc("poll.vote", { poll, option });
    expect(await vote(0)).toEqual({ option: "Pizza" });
    expect(await vote(0)).toEqual({ option: "Pizza" });
    await expect(vote(1)).rejects.toMatchObject({ code: "conflict" });
    await expect(vote(7)).rejects.toMatchObject({
      code: "rpc_failed",
      message: "There is no such option.",
      details: { application_code: "no_option" },
    });
    const ask = (where: string, options: string[]): Promise<unknown> =>
      ann.rpc("poll.ask", { room: where, question: "?", options });
    await expect(ask("user:bob", ["a", "b"])).rejects.toMatchObject({ code: "not_found" });
    await expect(ask("general", ["a"])).rejects.toMatchObject({ code: "bad_request" });
    const forged = ann.request<"publish">({
      type: "publish",
      room: "general" as never,
      client_message_id: "forged-1" as never,
      text: "A poll without options",
      data: { type: "poll.asked", options: [] },
    });
    await expect(forged).rejects.toMatchObject({ code: "bad_request" });
    await expect.poll(() => heard.length).toBe(5);
    ann.close();
  }, 120_000);

  test("[SC-13] the API describes the route, and takes no other method, body or caller", async () => {
    const description = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
      paths: Record<string, { post: { summary: string; requestBody: unknown } }>;
    };
    const { post } = description.paths["/api/v1/x/poll/ask"] ?? {};
    expect(post?.summary).toBe("Ask a room something");
    expect(JSON.stringify(post?.requestBody)).toContain('"options":{"minItems":2,"maxItems":10');
    const url = `${server.url}/api/v1/x/poll/ask`;
    const json = { "content-type": "application/json" };
    expect((await fetch(url, { method: "POST", headers: json, body: "{}" })).status).toBe(401);
    const authorization = `Bearer ${tokenOf("ann", "Ann")}`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(405);
    const post2 = (body: string, type = "application/json"): Promise<number> =>
      fetch(url, { method: "POST", headers: { authorization, "content-type": type }, body }).then(
        ({ status }) => status,
      );
    expect(await post2("{}")).toBe(400);
    expect(await post2('{"room":"general"')).toBe(400);
    expect(await post2("room=general", "application/x-www-form-urlencoded")).toBe(415);
    const other = await fetch(`${server.url}/api/v1/x/poll/nothing`, {
      method: "POST",
      headers: { authorization, ...json },
      body: "{}",
    });
    expect(other.status).toBe(404);
  });

  test("[CL-02] the four moments are heard, and what is said to them is answered in the room", async () => {
    const ann = await clientOf("ann", "Ann");
    const room = ann.room("help");
    const texts: string[] = [];
    room.on("event", (event) => {
      if (event.type === "message.created" && "data" in event) {
        texts.push((event.data as { text: string }).text);
      }
    });
    await room.subscribe();
    await room.publish("!help").done;
    await expect.poll(() => texts).toEqual(["!help", "Ask, and somebody answers."]);
    await expect(ann.room("user:bob").subscribe()).rejects.toMatchObject({ code: "not_found" });
    ann.close();
    for (const line of [
      /New connection! \(\d+\)/,
      /An error has occurred: There is no such thing, or not for you\. \(\d+\)/,
      /Connection \d+ has disconnected \(\d+\)/,
    ]) {
      await expect.poll(() => server.output).toMatch(line);
    }
  }, 60_000);

  test("[HOOK-1] [HOOK-2] [PE-10] what the server asks is answered in the process", async () => {
    const [ann, bob] = [await clientOf(123, "Ann"), await clientOf(124, "Bob")];
    expect(await ann.rpc("get_partial_applications")).toEqual({
      applications: [{ id: 7, user: "123", name: "Main hall" }],
    });
    await ann.room("hall_vip").subscribe();
    await expect(bob.room("hall_vip").subscribe()).rejects.toMatchObject({
      code: "forbidden",
      message: "By invitation only.",
      details: { application_code: "not_invited" },
    });
    const room = ann.room("hall_7");
    const { rewritten } = await room.publish("Call 555-0100").done;
    expect(rewritten).toEqual({ text: "Call ***" });
    await expect(room.publish("Buy SPAM").done).rejects.toMatchObject({ code: "rejected" });

    // Somebody who is logged in at the application, on a page of a JSON dialect.
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/wss`, {
      headers: { cookie: "PHPSESSID=of-ann", origin: server.url },
    });
    const frames: unknown[] = [];
    socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString())));
    await new Promise((opened) => socket.once("open", opened));
    socket.send(JSON.stringify({ type: "get_partial_applications" }));
    await expect
      .poll(() => frames)
      .toMatchObject([
        {
          type: "partial_applications_response",
          data: { error: false, message: "", applications: [{ id: 7 }] },
        },
      ]);
    socket.close();
    ann.close();
    bob.close();
  }, 60_000);

  test("[SC-13] a room needs nothing", async () => {
    const ann = await clientOf("ann", "Ann");
    await ann.room("never-heard-of").publish("first").done;
    ann.close();
  });
});
