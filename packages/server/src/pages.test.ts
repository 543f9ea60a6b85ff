import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PagesOptions, servePages } from "./pages.ts";

const plain: PagesOptions = {
  features: { chat: true, collaboration: true, notifications: true },
  mmb: { reconnect: true, reconnectDelayMs: 3_000, pingIntervalMs: 30_000 },
  isDevelopment: true,
};
const opened: FastifyInstance[] = [];

async function serve(options: PagesOptions): Promise<string> {
  const http = fastify();
  opened.push(http);
  servePages(http, options);
  return http.listen({ host: "127.0.0.1", port: 0 });
}

let url: string;
beforeAll(async () => {
  url = await serve(plain);
});
afterAll(async () => {
  for (const http of opened) await http.close();
});

describe("pages", () => {
  test.each([["/playground"], ["/websocket-test"], ["/chatlogger"]])(
    "%s is a page under the strict policy, and asked for anew each time",
    async (path) => {
      const answer = await fetch(`${url}${path}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("no-cache");
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toContain("unsafe");
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    },
  );

  test("[PE-18] everything that the pages load from us is there", async () => {
    const missing: string[] = [];
    const seen = new Set<string>();
    const waiting = ["/playground", "/websocket-test"];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await fetch(`${url}${path}`);
      const text = await answer.text();
      // The web app's, which is not served here.
      if (answer.status !== 200 && path !== "/favicon.svg") missing.push(path);
      const names = text.matchAll(
        /(?:<script[^>]* src|<link[^>]* href|^import .* from)[= ]"([^"]+)"/gm,
      );
      for (const [, name = ""] of names) waiting.push(new URL(name, `${url}${path}`).pathname);
    }
    expect(missing).toEqual([]);
    expect(seen.size).toBeGreaterThanOrEqual(12);
  });

  test("[CL-16] the ChatLogger page is the file that is opened from disk, and runs by its hash alone", async () => {
    const answer = await fetch(`${url}/chatlogger`);
    const page = await answer.text();
    const onDisk = join(import.meta.dirname, "../../pages/static/chatlogger/index.html");
    expect(page).toBe(await readFile(onDisk, "utf8"));
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(script).digest("base64");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`);
    expect(policy).toMatch(/style-src 'self' 'sha256-[^']+';/);
  });

  test("an unchanged file is not sent again", async () => {
    const first = await fetch(`${url}/playground`);
    const etag = first.headers.get("etag") ?? "";
    const second = await fetch(`${url}/playground`, { headers: { "if-none-match": etag } });
    expect(second.status).toBe(304);
    expect(await second.text()).toBe("");
    const other = await fetch(`${url}/playground`, { headers: { "if-none-match": '"x"' } });
    expect(other.status).toBe(200);
  });

  test("the colours are those of the web app", async () => {
    const webApp = join(import.meta.dirname, "../../pages/static/pages/tokens.css");
    const answer = await fetch(`${url}/pages/tokens.css`);
    expect(answer.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(await answer.text()).toBe(await readFile(webApp, "utf8"));
  });

  test("the settings tell where each dialect is spoken", async () => {
    const elsewhere = await serve({
      ...plain,
      isDevelopment: false,
      endpoints: { native: "/ws", mmb: ":9000/" },
    });
    const settings: unknown = await (await fetch(`${elsewhere}/pages/settings.json`)).json();
    expect(settings).toEqual({
      endpoints: { native: "/ws", mmb: ":9000/" },
      isDevelopment: false,
    });
  });
});

describe("scripts for other people's pages", () => {
  test.each([
    ["/mmb/client.js"],
    ["/portico/client.js"],
    ["/src/WebSocket/client.js"],
    ["/socket.io/socket.io.js"],
    ["/socket.io/socket.io.min.js"],
  ])("%s may be loaded from every origin", async (path) => {
    const answer = await fetch(`${url}${path}`, { headers: { origin: "https://app.example" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
  });

  test("without Socket.IO's client the playground does not offer it", async () => {
    const without = await serve({ ...plain, socketIoClient: "/nowhere" });
    expect((await fetch(`${without}/socket.io/socket.io.min.js`)).status).toBe(404);
    const settings = (await (await fetch(`${without}/pages/settings.json`)).json()) as {
      endpoints: Record<string, string>;
    };
    expect(Object.keys(settings.endpoints)).toContain("native");
    expect(Object.keys(settings.endpoints)).not.toContain("socketio");
  });

  test("[MMB-18] the MMB script has the install's settings", async () => {
    const elsewhere = await serve({
      ...plain,
      mmb: {
        url: "wss://chat.example/ws/",
        reconnect: false,
        reconnectDelayMs: 1_234,
        pingIntervalMs: 5_678,
      },
    });
    const script = await (await fetch(`${elsewhere}/mmb/client.js`)).text();
    const served = /const served = (\{.*\});/.exec(script)?.[1] ?? "";
    expect(JSON.parse(served)).toMatchObject({
      url: "wss://chat.example/ws/",
      reconnect: false,
      reconnectDelay: 1_234,
      pingInterval: 5_678,
    });
  });

  /** Names of wsManager's methods when the script runs in a page without a token. */
  async function methods(features: PagesOptions["features"]): Promise<string[]> {
    const at = await serve({ ...plain, features });
    const script = await (await fetch(`${at}/mmb/client.js`)).text();
    const window: { wsManager?: object } = {};
    runInNewContext(script, {
      window,
      document: { currentScript: null },
      location: { href: "http://localhost/" },
      URL,
    });
    return Object.keys(window.wsManager ?? {});
  }

  test("[MMB-10] [MMB-19] methods of features that are off are not there", async () => {
    const on = { chat: true, collaboration: true, notifications: true };
    const chat = ["sendMessage", "sendTyping", "markRead"];
    const collaboration = ["sendEdit", "sendCursor"];
    const notifications = ["showNotification"];
    const base = ["on", "off", "connect", "disconnect", "joinRoom", "leaveRoom"];
    const others = [...collaboration, ...notifications];
    expect(await methods(on)).toEqual([...base, ...chat, ...others]);
    expect(await methods({ ...on, chat: false })).toEqual([...base, ...others]);
    const alone = { ...on, collaboration: false };
    expect(await methods(alone)).toEqual([...base, ...chat, ...notifications]);
    const silent = { ...on, notifications: false };
    expect(await methods(silent)).toEqual([...base, ...chat, ...collaboration]);
    const none = { chat: false, collaboration: false, notifications: false };
    expect(await methods(none)).toEqual(base);
    const at = await serve({ ...plain, features: none });
    expect(await (await fetch(`${at}/mmb/client.js`)).text()).not.toMatch(
      /sendMessage\(room|sendEdit\(room/,
    );
  });
});
