/** The libraries as they are published for browsers, in a page that the server's own origin serves. */
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Page } from "playwright-core";
import Server from "pusher";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { openBrowser } from "../browser.ts";
import { oneRoom, pusherApp } from "./speaker.ts";

const test = requires("chromium");
const file = (path: string): string =>
  readFileSync(join(import.meta.dirname, "../../../node_modules", path), "utf8");

let directory: string;
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-pusher-page-"));
  server = new ServerProcess(await freePort(), directory, oneRoom);
  await server.start();
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Heard {
  readonly heard: unknown[];
  readonly present: unknown[];
}

/** A page with the libraries; its application signs beside it. */
async function opened(library: string): Promise<Page> {
  // A page of the server's own, without its policy: scripts are put into it.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.exposeFunction("signs", (text: string) => {
    return `${pusherApp.key}:${createHmac("sha256", pusherApp.secret).update(text).digest("hex")}`;
  });
  await page.goto(`${server.url}/health`);
  await page.addScriptTag({ content: file(`${library}/dist/web/pusher.js`) });
  return page;
}

/** One in which Laravel Echo joins a presence channel. */
async function open(broadcaster: string, user: string): Promise<Page> {
  const page = await opened("pusher-js");
  await page.addScriptTag({ content: file("laravel-echo/dist/echo.iife.js") });
  await page.evaluate(
    ([kind, id, key, port]) => {
      const scope = window as unknown as Record<string, unknown>;
      const { signs } = scope as { signs: (text: string) => Promise<string> };
      const customHandler = (
        { channelName, socketId }: { channelName: string; socketId: string },
        done: (error: null, data: object) => void,
      ): void => {
        const data = JSON.stringify({ user_id: id, user_info: { name: id } });
        const more = channelName.startsWith("presence-") ? { channel_data: data } : {};
        const parts = [socketId, channelName, ...Object.values(more)];
        void signs(parts.join(":")).then((auth) => done(null, { auth, ...more }));
      };
      type Library = new (
        options: object,
      ) => {
        join(name: string): {
          here(run: (users: unknown[]) => void): void;
          listen(name: string, run: (data: unknown) => void): void;
        };
      };
      const { default: Echo } = scope["Echo"] as { readonly default: Library };
      const echo = new Echo({
        broadcaster: kind,
        key,
        cluster: "here",
        wsHost: location.hostname,
        wsPort: port,
        forceTLS: false,
        enabledTransports: ["ws"],
        channelAuthorization: { customHandler },
      });
      const heard: unknown[] = [];
      const found = { heard, present: [] as unknown[] };
      scope["found"] = found;
      const channel = echo.join(`page-${kind}`);
      channel.here((users) => found.present.push(...users));
      channel.listen(".sold", (data) => heard.push(data));
    },
    [broadcaster, user, pusherApp.key, server.port] as const,
  );
  return page;
}

/** One that signs in and has subscribed a private channel meanwhile. */
async function openSignedIn(library: string, user: string, channel: string): Promise<Page> {
  const page = await opened(library);
  await page.evaluate(
    ([id, name, key, port]) => {
      const scope = window as unknown as Record<string, unknown>;
      const { signs } = scope as { signs: (text: string) => Promise<string> };
      type Done = (error: null, data: object) => void;
      interface Asked {
        readonly socketId: string;
        readonly channelName: string;
      }
      interface Connected {
        subscribe(name: string): { bind(name: string, run: (data: unknown) => void): void };
        signin(): void;
      }
      const Library = scope["Pusher"] as new (key: string, options: object) => Connected;
      const userData = JSON.stringify({ id });
      const pusher = new Library(key, {
        cluster: "here",
        wsHost: location.hostname,
        wsPort: port,
        forceTLS: false,
        enabledTransports: ["ws"],
        channelAuthorization: {
          customHandler: ({ socketId, channelName }: Asked, done: Done): void => {
            void signs(`${socketId}:${channelName}`).then((auth) => done(null, { auth }));
          },
        },
        userAuthentication: {
          customHandler: ({ socketId }: Asked, done: Done): void => {
            void signs(`${socketId}::user::${userData}`).then((auth) =>
              done(null, { auth, user_data: userData }),
            );
          },
        },
      });
      const found: { heard: unknown[]; present: unknown[] } = { heard: [], present: [] };
      scope["found"] = found;
      const subscribed = pusher.subscribe(name);
      subscribed.bind("sold", (data) => found.heard.push(data));
      subscribed.bind("pusher:subscription_succeeded", () => found.present.push(id));
      pusher.signin();
    },
    [user, channel, pusherApp.key, server.port] as const,
  );
  return page;
}

const foundIn = (page: Page): Promise<Heard> =>
  page.evaluate(() => (window as unknown as { found: Heard }).found);

describe.each(["pusher", "reverb"])("Laravel Echo in Chromium, broadcaster %s", (broadcaster) => {
  test("a page joins, hears, loses its network and gets what it missed, in order", async () => {
    const page = await open(broadcaster, `ann-${broadcaster}`);
    await expect
      .poll(async () => (await foundIn(page)).present, { timeout: 20_000 })
      .toEqual([{ name: `ann-${broadcaster}` }]);
    const shop = new Server({ ...pusherApp, host: "127.0.0.1", port: String(server.port) });
    await shop.trigger(`presence-page-${broadcaster}`, "sold", { n: 1 });
    await expect.poll(async () => (await foundIn(page)).heard).toEqual([{ n: 1 }]);
    await server.kill();
    await server.start();
    for (let n = 2; n <= 6; n += 1)
      await shop.trigger(`presence-page-${broadcaster}`, "sold", { n });
    const last = async (): Promise<unknown[]> => (await foundIn(page)).heard.slice(-5);
    await expect.poll(last, { timeout: 40_000 }).toEqual([2, 3, 4, 5, 6].map((n) => ({ n })));
    await page.context().close();
  }, 90_000);
});

describe.each(["pusher-js", "pusher-js-7"])("%s in Chromium", (library) => {
  test("a page that signs in while it subscribes loses its server and gets what it missed, once and in order", async () => {
    const channel = `private-page-${library}`;
    const page = await openSignedIn(library, `ann-${library}`, channel);
    await expect
      .poll(async () => (await foundIn(page)).present.length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    const shop = new Server({ ...pusherApp, host: "127.0.0.1", port: String(server.port) });
    await shop.trigger(channel, "sold", { n: 1 });
    await expect.poll(async () => (await foundIn(page)).heard).toEqual([{ n: 1 }]);
    await server.kill();
    await server.start();
    for (let n = 2; n <= 30; n += 1) await shop.trigger(channel, "sold", { n });
    const all = Array.from({ length: 29 }, (_, index) => ({ n: index + 2 }));
    await expect
      .poll(async () => (await foundIn(page)).heard.slice(-29), { timeout: 40_000 })
      .toEqual(all);
    // What was not confirmed before the server was killed may come again, before all else.
    expect((await foundIn(page)).heard.slice(0, -29)).toBeOneOf([[{ n: 1 }], [{ n: 1 }, { n: 1 }]]);
    await page.context().close();
  }, 90_000);
});
