/** Event streams of a server that is killed, stopped and started again, in a real browser and beside it. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventStreamReader, NoStreamError } from "@parlance/testkit/event-stream";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { EventSource } from "eventsource";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requires } from "../requirements.ts";
import { openBrowser } from "./browser.ts";

/** What a page writes down of its stream. */
interface Seen {
  readonly sequences: Record<string, number[]>;
  readonly types: string[];
  opened: number;
  readyState: number;
}

let directory: string;
let server: ServerProcess;
/** A page of another origin, which the server lists. */
let pages: Server;
let origin: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-sse-"));
  pages = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>Page</title>");
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  server = new ServerProcess(await freePort(), directory, {
    PARLANCE_COMMANDS_PER_SECOND: "0",
    PARLANCE_ORIGINS: origin,
    PARLANCE_DRAIN_MS: "1500",
    PARLANCE_LOG_LEVEL: "debug",
  });
  await server.start();
}, 120_000);
afterAll(async () => {
  await server?.kill();
  pages?.close();
  rmSync(directory, { recursive: true, force: true });
});

// oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at as they come
async function call(method: string, path: string, token?: string, body?: unknown): Promise<any> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

async function guest(name: string): Promise<string> {
  return (await call("POST", "/guests", undefined, { name })).token;
}

/** Writes until it is stored; the same message only once. */
async function say(token: string, room: string, text: string): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(`${server.url}/api/v1/rooms/${room}/messages`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "idempotency-key": text,
        },
        body: JSON.stringify({ text }),
      });
      if (response.ok) return;
    } catch {
      // It is down at the moment.
    }
    await pause(50);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(50);
  }
}

const range = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);

/** Opens a stream in the page, which writes down what comes. */
async function listen(page: Page, target: string): Promise<void> {
  await page.evaluate((url) => {
    const seen: Seen = { sequences: {}, types: [], opened: 0, readyState: 0 };
    const source = new window.EventSource(url);
    Object.assign(window, { seen, source });
    source.addEventListener("open", () => {
      seen.opened += 1;
    });
    for (const type of ["message.created", "subscribed", "reset", "unsubscribed", "goodbye"]) {
      source.addEventListener(type, ({ data }) => {
        const event = JSON.parse(data as string) as { room: string; sequence?: number };
        seen.types.push(type);
        if (event.sequence === undefined) return;
        const sequences = seen.sequences[event.room] ?? [];
        seen.sequences[event.room] = [...sequences, event.sequence];
      });
    }
  }, `${server.url}${target}`);
}

function seenBy(page: Page): Promise<Seen> {
  return page.evaluate(() => {
    const { seen, source } = window as unknown as { seen: Seen; source: { readyState: number } };
    return { ...seen, readyState: source.readyState };
  });
}

describe("a browser's EventSource", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  async function openPage(): Promise<void> {
    page = await browser.newPage();
    await page.goto(origin);
  }

  requires("chromium")(
    "[F-N1] [I-10] [I-11] [A8] on a page of another origin, with a ticket: through kill -9 of the server nothing is missed or doubled",
    async () => {
      const token = await guest("Ann");
      const { ticket } = await call("POST", "/tickets", token, { rooms: ["e2e-a", "e2e-b"] });
      await openPage();
      await listen(page, `/events?room=e2e-a&room=e2e-b&ticket=${ticket}`);
      await until("the stream", async () => (await seenBy(page)).types.includes("subscribed"));
      const count = 60;
      const writing = (async () => {
        for (const index of range(count)) {
          await say(token, "e2e-a", `a${index}`);
          await say(token, "e2e-b", `b${index}`);
          await pause(100);
        }
      })();
      for (let kill = 0; kill < 3; kill += 1) {
        const { opened } = await seenBy(page);
        await pause(800);
        await server.kill();
        await server.start();
        await until("it to come back", async () => (await seenBy(page)).opened > opened);
      }
      await writing;
      await until("all messages", async () => {
        const { sequences } = await seenBy(page);
        return [sequences["e2e-a"], sequences["e2e-b"]].every((got) => got?.at(-1) === count);
      });
      const seen = await seenBy(page);
      expect(seen.sequences).toEqual({ "e2e-a": range(count), "e2e-b": range(count) });
      expect(seen.types).not.toContain("reset");
      expect(seen.opened).toBeGreaterThanOrEqual(4);
      expect(server.output).not.toContain(ticket.slice(4, 40));
      await page.close();
    },
    120_000,
  );

  requires("chromium")(
    "[I-24] a stop in good order sends it away for as long as it lasts, and it comes back by itself",
    async () => {
      const token = await guest("Ann");
      const room = "e2e-stop";
      const { ticket } = await call("POST", "/tickets", token, { room });
      await openPage();
      await listen(page, `/rooms/${room}/events?ticket=${ticket}`);
      await until("the stream", async () => (await seenBy(page)).types.includes("subscribed"));
      await say(token, room, "before");
      await until("a message", async () => (await seenBy(page)).sequences[room]?.length === 1);
      expect(await server.stop()).toBe(0);
      await server.start();
      await say(token, room, "after");
      await until("what follows", async () => (await seenBy(page)).sequences[room]?.length === 2);
      const seen = await seenBy(page);
      expect(seen.sequences[room]).toEqual([1, 2]);
      expect(seen.types).toEqual([
        "subscribed",
        "message.created",
        "goodbye",
        "subscribed",
        "message.created",
      ]);
      await page.close();
    },
    120_000,
  );

  requires("chromium")(
    "[I-14] stays away once it was put out, and a page of an origin that is not listed gets nothing",
    async () => {
      const [ann, bob] = [await guest("Ann"), await guest("Bob")];
      const { user } = await call("GET", "/me", bob);
      const { room } = await call("POST", "/rooms", ann, { kind: "private", title: "Plans" });
      await call("PUT", `/rooms/${room}/members/${user.id}`, ann, {});
      const { ticket } = await call("POST", "/tickets", bob, { room });
      const target = `/rooms/${room}/events?ticket=${ticket}`;
      await openPage();
      await listen(page, target);
      await until("the stream", async () => (await seenBy(page)).types.includes("subscribed"));
      await call("DELETE", `/rooms/${room}/members/${user.id}`, ann);
      await until("the end", async () => (await seenBy(page)).readyState === 2);
      expect((await seenBy(page)).types).toEqual(["subscribed", "unsubscribed"]);

      await call("PUT", `/rooms/${room}/members/${user.id}`, ann, {});
      await page.goto(origin.replace("127.0.0.1", "localhost"));
      await listen(page, target);
      await until("a refusal", async () => (await seenBy(page)).readyState === 2);
      expect((await seenBy(page)).opened).toBe(0);
      await page.close();
    },
    120_000,
  );
});

describe("other clients", () => {
  test("[F-N1] [I-12] the `eventsource` package, with one room: through kill -9 nothing is missed or doubled", async () => {
    const token = await guest("Ann");
    const room = "e2e-package";
    const source = new EventSource(`${server.url}/rooms/${room}/events`, {
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          headers: { ...init.headers, Authorization: `Bearer ${token}` },
        }),
    });
    const got: number[] = [];
    let begun = 0;
    source.addEventListener("subscribed", () => void (begun += 1));
    source.addEventListener("message.created", ({ data }) => {
      got.push((JSON.parse(data as string) as { sequence: number }).sequence);
    });
    await until("the stream", () => begun === 1);
    for (let round = 0; round < 3; round += 1) {
      await say(token, room, `before-${round}`);
      await server.kill();
      await server.start();
      await say(token, room, `after-${round}`);
      await until("it to come back", () => begun === round + 2);
    }
    await until("all messages", () => got.length >= 6);
    source.close();
    expect(got).toEqual(range(6));
  }, 120_000);

  test("[I-24] a stop: `goodbye` and a time to come back behind it, an end, and 503 for those who come meanwhile", async () => {
    const token = await guest("Ann");
    const headers = { authorization: `Bearer ${token}` };
    const open = (): Promise<EventStreamReader> =>
      EventStreamReader.open(`${server.url}/rooms/e2e-drain/events`, headers);
    const readers = await Promise.all(Array.from({ length: 5 }, open));
    await Promise.all(
      readers.map((reader) => reader.until("its begin", () => reader.events.length > 0)),
    );
    const stopped = server.stop();
    const [first] = readers;
    await first?.until("goodbye", () => first.find("goodbye") !== undefined);
    const refused = await open().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NoStreamError);
    expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    await Promise.all(readers.map((reader) => reader.until("its end", () => reader.isEnded)));
    for (const reader of readers) {
      expect(reader.types()).toEqual(["subscribed", "goodbye"]);
      expect(reader.retry).toBeGreaterThan(1_500);
    }
    expect(await stopped).toBe(0);
    await server.start();
  }, 60_000);
});
