/** Stock `y-websocket` providers in pages: two tabs of one browser, and an editor elsewhere. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@parlance/identity";
import { Editor, type Version, versions, waitMs } from "@parlance/testkit/editor";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { openBrowser } from "../browser.ts";
import { Proxy } from "../stories/proxy.ts";

const test = requires("chromium");
const timeoutMs = 120_000;
const secret = "a-secret-of-pages-with-editors-0a1b2c3d";

/** What the page offers. */
interface PageEditor {
  readonly client: number;
  readonly closes: number[];
  type(text: string): void;
  state(): { text: string; synced: boolean };
  shown(): Record<string, { user?: { name?: string; color?: string } }>;
}

let directory: string;
let server: ServerProcess;
/** A listed web server, and one that is not. */
let proxy: Proxy;
let stranger: Proxy;
let browser: Browser;
const contexts: BrowserContext[] = [];
const editors: Editor[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-yjs-"));
  const port = await freePort();
  proxy = await Proxy.start(port);
  stranger = await Proxy.start(port);
  for (const version of versions) {
    const page = await pageWithScript(version);
    for (const one of [proxy, stranger]) one.put(`/editor-${version}`, page);
  }
  server = new ServerProcess(port, directory, {
    PARLANCE_SECRET: secret,
    PARLANCE_DRAIN_MS: "0",
    PARLANCE_ORIGINS: proxy.url,
  });
  await server.start();
  browser = await openBrowser();
}, timeoutMs);
afterEach(async () => {
  for (const editor of editors.splice(0)) editor.destroy();
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await Promise.all([proxy?.stop(), stranger?.stop()]);
  await rm(directory, { recursive: true, force: true });
});

/** The page with a version of the provider as one file, as an application's build would make it. */
async function pageWithScript(version: Version): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: "warn",
    resolve: { alias: version === "2" ? { "y-websocket": "y-websocket-2" } : {} },
    build: {
      write: false,
      minify: false,
      rolldownOptions: { input: join(import.meta.dirname, "page.js") },
    },
  });
  const [output] = Array.isArray(made) ? made : [made];
  const chunk = output !== undefined && "output" in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error("no script");
  return `<!doctype html><title>Editor</title><script type="module">${chunk.code.replaceAll("</script", "<\\/script")}</script>`;
}

const token = (user: string): Promise<string> =>
  signToken(secret, { user, name: user, ttlSeconds: 3_600, now: Date.now() });

async function call<T>(who: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await token(who)}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function document(): Promise<string> {
  const { room } = await call<{ room: string }>("ann", "POST", "/rooms", {
    kind: "document",
    title: "Plan",
  });
  await call("bob", "GET", "/rooms");
  await call("ann", "PUT", `/rooms/${room}/members/bob`, { role: "member" });
  return room;
}

async function ticket(who: string, room: string): Promise<string> {
  return (await call<{ ticket: string }>(who, "POST", "/tickets", { room })).ticket;
}

async function context(): Promise<BrowserContext> {
  const made = await browser.newContext();
  contexts.push(made);
  return made;
}

async function tab(
  of: BrowserContext,
  version: Version,
  asked: Record<string, string>,
  at: Proxy = proxy,
): Promise<Page> {
  const page = await of.newPage();
  await page.goto(`${at.url}/editor-${version}#${new URLSearchParams(asked).toString()}`);
  return page;
}

const look = <T>(page: Page, read: (editor: PageEditor) => T): Promise<T> =>
  page.evaluate(
    (text) =>
      // oxlint-disable-next-line typescript/no-implied-eval -- a function of this file, run in the page
      (new Function(`return (${text})(window.editor)`) as () => T)(),
    read.toString(),
  );

const textOf = (page: Page): Promise<string> => look(page, (editor) => editor.state().text);
const clientOf = (page: Page): Promise<number> => look(page, (editor) => editor.client);
/** Names beside cursors, by client. */
const namesIn = (page: Page): Promise<Record<string, string | undefined>> =>
  look(page, (editor) =>
    Object.fromEntries(
      Object.entries(editor.shown()).map(([client, state]) => [client, state.user?.name]),
    ),
  );

describe.each(versions)("y-websocket %s", (version) => {
  test(
    "[YJS-4] [YJS-7] [MMB-11] [MMB-12] two tabs and an editor elsewhere write and see each other, through a kill",
    async () => {
      const room = await document();
      const mine = await context();
      const first = await tab(mine, version, {
        room,
        ticket: await ticket("ann", room),
        color: "red",
      });
      // The tabs of one browser hear of each other without the server as well.
      const second = await tab(mine, version, {
        room,
        ticket: await ticket("ann", room),
        color: "blue",
      });
      const url = server.url.replace("http", "ws");
      const other = new Editor("3", `${url}/yjs`, room, { ticket: await ticket("bob", room) });
      editors.push(other);
      // Providers show nobody who has said nothing yet but that they are there, until they say so again 15 s later.
      other.provider.awareness.setLocalStateField("user", { color: "green" });
      await other.synced();
      const polled = { timeout: waitMs };
      await expect.poll(() => look(second, (editor) => editor.state().synced), polled).toBe(true);
      const [one, two] = await Promise.all([clientOf(first), clientOf(second)]);
      const shown = (): Record<string, unknown> =>
        Object.fromEntries(
          [...other.provider.awareness.getStates()].filter(([id]) => id !== other.doc.clientID),
        );
      await expect.poll(shown, polled).toEqual({
        [one]: { user: { color: "red", id: "ann", name: "ann" } },
        [two]: { user: { color: "blue", id: "ann", name: "ann" } },
      });
      await expect
        .poll(() => namesIn(first), polled)
        .toMatchObject({ [other.doc.clientID]: "bob" });
      await expect
        .poll(async () => Object.keys(await namesIn(first)), polled)
        .toContain(String(two));

      await look(first, (editor) => editor.type("a"));
      await other.reads("a");
      await server.kill();
      await look(first, (editor) => editor.type("b"));
      other.type("c");
      await server.start();
      const done = async (): Promise<string[]> => [
        await textOf(first),
        await textOf(second),
        other.text,
      ];
      await expect.poll(async () => new Set(await done()).size, polled).toBe(1);
      expect(Array.from(other.text).sort().join("")).toBe("abc");

      // The tab's page says that it goes; a browser that is killed does not.
      await second.close();
      // A provider that came back takes what others show when they say it again, within 15 s.
      await expect.poll(() => Object.keys(shown()), { timeout: 30_000 }).toEqual([String(one)]);
    },
    timeoutMs,
  );

  test(
    "[YJS-2] [A14] a cookie is enough for a page whose Origin is listed, and for no other",
    async () => {
      const room = await document();
      const mine = await context();
      const value = await token("ann");
      await mine.addCookies(
        [proxy, stranger].map(({ url }) => ({ name: "parlance_session", value, url })),
      );
      const listed = await tab(mine, version, { room });
      await expect
        .poll(() => look(listed, (editor) => editor.state().synced), { timeout: waitMs })
        .toBe(true);
      const unlisted = await tab(mine, version, { room }, stranger);
      const closes = (): Promise<number[]> => look(unlisted, (editor) => editor.closes);
      // Version 2 comes back whatever it was told, and is told the same again.
      const want = version === "3" ? [4401] : [4401, 4401];
      await expect
        .poll(async () => (await closes()).slice(0, 2), { timeout: waitMs })
        .toEqual(want);
      expect(await look(unlisted, (editor) => editor.state().synced)).toBe(false);
    },
    timeoutMs,
  );
});

test(
  "[YJS-4] [YJS-7] the playground speaks it: what one writes there is in editors, and what they write is shown",
  async () => {
    const page = await (await context()).newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(`${server.url}/playground?dialect=yjs`);
    const room = "doc_playground";
    expect(new URL(await page.inputValue("#address")).pathname).toBe(`/yjs/${room}`);
    const say = async (example: string): Promise<void> => {
      await page.locator("#examples").getByRole("button", { name: example, exact: true }).click();
      await page.getByRole("button", { name: "Send", exact: true }).click();
    };
    // Without a token there is no way in.
    await page.click("#connect");
    await page.locator("#frames .note", { hasText: "4401" }).waitFor();
    await page.fill("#token", await token("ann"));
    await page.click("#connect");
    await page.locator("#state[data-state=open]").waitFor();
    await say("Ask for all");
    // What it has, and what it asks in turn.
    for (const kind of ["answer", "ask"]) {
      await page.locator(".frame.received .kind", { hasText: kind }).first().waitFor();
    }
    await say("Write");
    const url = `${server.url.replace("http", "ws")}/yjs`;
    const editor = new Editor("3", url, room, { ticket: await ticket("ann", room) });
    editors.push(editor);
    await editor.synced();
    const text = (): string => editor.doc.getText("page").toJSON();
    await expect.poll(text, { timeout: waitMs }).toBe("Hello ");
    await say("Write");
    await expect.poll(text, { timeout: waitMs }).toBe("Hello Hello ");
    await say("Cursor");
    await expect
      .poll(() => editor.others(), { timeout: waitMs })
      .toEqual({ ann: { cursor: 3, user: { id: "ann", name: "ann" } } });
    editor.doc.getText("page").insert(0, "Oh. ");
    await page.locator(".frame.received .kind", { hasText: "update" }).first().waitFor();
    expect(problems).toEqual([]);
  },
  timeoutMs,
);
