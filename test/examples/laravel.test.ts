/** `examples/laravel`: what Laravel does on the wire, in PHP, with the files that Laravel reads. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import Echo from "laravel-echo";
import type { Browser, Page } from "playwright-core";
import Pusher from "pusher-js";
import { afterAll, beforeAll, describe, expect, onTestFinished } from "vitest";
import { openBrowser } from "../e2e/browser.ts";
import { parlance } from "../e2e/command-line.ts";
import { programPaths, requires } from "../requirements.ts";

const example = join(import.meta.dirname, "../../examples/laravel");
const patient = { timeout: 30_000 };
const appKey = "of-the-application";
const secret = "change-me-to-16-or-more";
const drivers = ["pusher", "reverb"] as const;

let directory: string;
let server: ServerProcess;
let backEndPort: number;
let readKey: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-laravel-"));
  backEndPort = await freePort();
  server = new ServerProcess(await freePort(), join(directory, "data"), {
    PARLANCE_PUSHER_APP_ID: "shop",
    PARLANCE_PUSHER_KEY: "shop-key",
    PARLANCE_PUSHER_SECRET: secret,
    PARLANCE_PUSHER_WEBHOOK_URL: `http://127.0.0.1:${backEndPort}/webhook`,
  });
  const made = await parlance(["key", "create", "--scope", "read"], {
    PARLANCE_DATA_DIR: server.dataDir,
  });
  readKey = made.out.trim();
  await server.start();
}, 60_000);
afterAll(async () => {
  await server.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** What `.env.example` says, with this server's port. */
function environment(driver: string): Record<string, string> {
  const values: Record<string, string> = {};
  const text = readFileSync(join(example, ".env.example"), "utf8");
  for (const [, name = "", raw = ""] of text.matchAll(/^([A-Z_]+)=(.*)$/gm)) {
    const value = raw.replaceAll('"', "");
    values[name] = value.replace(/\$\{([A-Z_]+)\}/g, (_, other: string) => values[other] ?? "");
    if (name === "PUSHER_PORT") values[name] = String(server.port);
  }
  return { ...values, BROADCAST_CONNECTION: driver };
}

/** Runs until the test is over. @returns its address. */
async function startBackEnd(driver: string): Promise<string> {
  const child: ChildProcess = spawn(
    programPaths.php,
    ["-S", `127.0.0.1:${backEndPort}`, join(example, "back-end.php")],
    {
      env: {
        PATH: process.env["PATH"],
        PHP_CLI_SERVER_WORKERS: "2",
        APP_KEY: appKey,
        RECEIVED: join(directory, "received.jsonl"),
        ...environment(driver),
      },
      stdio: "ignore",
      detached: true,
    },
  );
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // With its workers.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await ended;
  });
  const url = `http://127.0.0.1:${backEndPort}`;
  await expect
    .poll(
      () =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      patient,
    )
    .toBe(405);
  return url;
}

const signedIn = (user: string): { authorization: string } => ({
  authorization: `Bearer ${user}.${createHmac("sha256", appKey).update(user).digest("hex")}`,
});

/** A page with both libraries, of the origin that the back end has too. Until the test is over. */
async function openPage(backEnd: string): Promise<Page> {
  const files: Readonly<Record<string, string>> = {
    "/pusher.js": "pusher-js/dist/web/pusher.min.js",
    "/echo.js": "laravel-echo/dist/echo.iife.js",
  };
  const modules = join(import.meta.dirname, "../../node_modules");
  const site = createServer((request, response) => {
    const { url = "", method } = request;
    const file = files[url];
    if (method === "POST") {
      // The headers that a browser sets are its own; the back end looks at these two.
      const headers = {
        authorization: request.headers.authorization ?? "",
        "content-type": request.headers["content-type"] ?? "",
      };
      void readAll(request)
        .then((body) => fetch(`${backEnd}${url}`, { method, body, headers }))
        .then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
    } else if (file !== undefined) {
      response.setHeader("content-type", "text/javascript");
      response.end(readFileSync(join(modules, file)));
    } else {
      response.setHeader("content-type", "text/html");
      response.end("<script src=/pusher.js></script><script src=/echo.js></script>");
    }
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const browser: Browser = await openBrowser();
  onTestFinished(async () => {
    await browser.close();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  return page;
}

/** A page's Echo, until the test is over. */
function echoOf(broadcaster: "pusher" | "reverb", url: string, user: string): Echo<"pusher"> {
  const echo = new Echo({
    broadcaster: broadcaster as "pusher",
    Pusher: Pusher as never,
    key: "shop-key",
    cluster: "here",
    wsHost: "127.0.0.1",
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    authEndpoint: `${url}/broadcasting/auth`,
    auth: { headers: signedIn(user) },
  });
  onTestFinished(() => echo.disconnect());
  return echo;
}

const pay = (url: string, owner: string, number: number, socket?: string): Promise<Response> =>
  fetch(`${url}/orders/${owner}`, {
    method: "POST",
    body: JSON.stringify({ number }),
    headers: socket === undefined ? {} : { "x-socket-id": socket },
  });

describe.each(drivers)("with the driver %s", (driver) => {
  requires("php")("an event is triggered by PHP and stored", async () => {
    const url = await startBackEnd(driver);
    const body = JSON.stringify({ number: driver });
    const answer = await fetch(`${url}/orders/ada`, { method: "POST", body });
    expect([answer.status, await answer.json()]).toEqual([200, { sent: true }]);
    const headers = { authorization: `Bearer ${readKey}` };
    for (const room of ["private-orders.ada", "presence-desk.1"]) {
      const read = await fetch(`${server.url}/api/v1/rooms/${room}/messages?limit=1`, { headers });
      expect(await read.json()).toMatchObject({
        events: [
          {
            author: "service:pusher",
            data: { data: { pusher: { name: "App\\Events\\OrderPaid", data: body } } },
          },
        ],
      });
    }
  });

  requires("php")("Echo hears what PHP broadcasts, in order, and to the others only", async () => {
    const url = await startBackEnd(driver);
    const owner = `owner${driver}`;
    const heard = new Map<string, unknown[]>();
    const pages = ["one", "two"].map((page) => {
      const echo = echoOf(driver, url, owner);
      const events: unknown[] = [];
      heard.set(page, events);
      const ready = new Promise<void>((resolve, reject) => {
        echo
          .private(`orders.${owner}`)
          .listen("OrderPaid", (data: { number: number }) => events.push(data.number))
          .subscribed(resolve)
          .error(reject);
      });
      return { echo, ready };
    });
    await Promise.all(pages.map(({ ready }) => ready));
    for (const number of [1, 2, 3]) await pay(url, owner, number);
    await pay(url, owner, 4, pages[0]?.echo.socketId());
    await pay(url, owner, 5);
    await expect.poll(() => heard.get("two"), patient).toEqual([1, 2, 3, 4, 5]);
    await expect.poll(() => heard.get("one"), patient).toEqual([1, 2, 3, 5]);
  });

  requires("php")("Echo joins a presence channel, and PHP's webhook is told", async () => {
    const url = await startBackEnd(driver);
    const received = () => {
      const file = join(directory, "received.jsonl");
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      return text.split("\n").filter((line) => line !== "");
    };
    const [ada, bob] = [`ada${driver}`, `bob${driver}`];
    const here: unknown[] = [];
    const channel = echoOf(driver, url, ada)
      .join("desk.1")
      .here((users: unknown[]) => here.push(users))
      .joining((user: unknown) => here.push(user))
      .leaving((user: unknown) => here.push(user));
    const self = { id: ada, name: `Ada${driver}` };
    await expect.poll(() => here, patient).toEqual([[self]]);
    const other = echoOf(driver, url, bob);
    other.join("desk.1").here(() => undefined);
    const guest = { id: bob, name: `Bob${driver}` };
    await expect.poll(() => here, patient).toEqual([[self], guest]);
    const whispers: unknown[] = [];
    channel.listenForWhisper("typing", (data: unknown) => whispers.push(data));
    await expect
      .poll(() => {
        other.join("desk.1").whisper("typing", { by: bob });
        return whispers[0];
      }, patient)
      .toEqual({ by: bob });
    const member = (name: string, user: string): string =>
      JSON.stringify({ name, channel: "presence-desk.1", user_id: user });
    await expect.poll(received, patient).toContain(member("member_added", bob));
    other.disconnect();
    await expect.poll(() => here, patient).toEqual([[self], guest, guest]);
    await expect.poll(received, patient).toContain(member("member_removed", bob));
    const told = received();
    expect(told.filter((line) => line === member("member_added", ada))).toHaveLength(1);
    expect(told.filter((line) => line === member("member_added", bob))).toHaveLength(1);
    expect(told.find((line) => line.includes("client_event"))).toContain('"event":"client-typing"');
  });

  requires("php", "chromium")("Echo in Chromium hears what PHP broadcasts", async () => {
    const url = await startBackEnd(driver);
    const page = await openPage(url);
    await page.evaluate(
      ({ broadcaster, port, headers }) => {
        const scope = globalThis as unknown as {
          Echo: { readonly default: new (options: object) => Echo<"pusher"> };
          heard: unknown[];
        };
        scope.heard = [];
        const echo = new scope.Echo.default({
          broadcaster,
          key: "shop-key",
          cluster: "here",
          wsHost: "127.0.0.1",
          wsPort: port,
          forceTLS: false,
          enabledTransports: ["ws"],
          auth: { headers },
        });
        return new Promise<void>((resolve, reject) => {
          echo
            .private("orders.chromium")
            .listen("OrderPaid", (data: unknown) => scope.heard.push(data))
            .subscribed(resolve)
            .error(reject);
        });
      },
      { broadcaster: driver, port: server.port, headers: signedIn("chromium") },
    );
    for (const number of [1, 2]) await pay(url, "chromium", number);
    await expect
      .poll(
        () => page.evaluate(() => (globalThis as unknown as { heard: unknown[] }).heard),
        patient,
      )
      .toEqual([{ number: 1 }, { number: 2 }]);
  });

  requires("php")(
    "[P2] nothing is signed but a socket and a channel that may be listened to",
    async () => {
      const url = await startBackEnd(driver);
      const ask = async (socket: string, channel: string, headers = signedIn("ada")) => {
        const body = new URLSearchParams({ socket_id: socket, channel_name: channel });
        const answer = await fetch(`${url}/broadcasting/auth`, { method: "POST", body, headers });
        return [answer.status, await answer.json()];
      };
      const sign = (text: string): string =>
        `shop-key:${createHmac("sha256", secret).update(text).digest("hex")}`;
      expect(await ask("1.2", "private-orders.ada")).toEqual([
        200,
        { auth: sign("1.2:private-orders.ada") },
      ]);
      const data = '{"user_id":"ada","user_info":{"id":"ada","name":"Ada"}}';
      expect(await ask("1.2", "presence-desk.1")).toEqual([
        200,
        { auth: sign(`1.2:presence-desk.1:${data}`), channel_data: data },
      ]);
      const refused = { message: expect.any(String) as string };
      for (const [socket, channel] of [
        ["1.2:private-orders.ada", "private-orders.ada"],
        ["1.2\n", "private-orders.ada"],
        ["1", "private-orders.ada"],
        ["", "private-orders.ada"],
        ["1.2", "private-orders.ada\n"],
        ["1.2", "private-orders.ada,private-orders.bob:x"],
        ["1.2", "orders.ada"],
        ["1.2", "private-"],
      ] as const) {
        expect(await ask(socket, channel)).toEqual([400, refused]);
      }
      for (const [channel, user] of [
        ["private-orders.bob", "ada"],
        ["private-orders.ada.bob", "ada"],
        ["private-orders.ada,private-orders.bob", "ada"],
        ["private-unknown", "ada"],
        ["presence-orders.bob", "ada"],
      ] as const) {
        expect(await ask("1.2", channel, signedIn(user))).toEqual([403, refused]);
      }
      const forged = { authorization: signedIn("ada").authorization.replace("ada", "bob") };
      expect(await ask("1.2", "private-orders.bob", forged)).toEqual([403, refused]);
      expect(await ask("1.2", "private-orders.ada", { authorization: "" })).toEqual([403, refused]);
    },
  );
});
