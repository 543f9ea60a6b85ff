/** The example of two editors on one document, as it stands, with stock providers, in windows of its own people. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Frame, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { closeAll, openBrowser, phone, type Window, wide } from "./browser.ts";

const test = requires("chromium");
const example = join(import.meta.dirname, "../../examples/editors");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};
const waitMs = 20_000;

type EditorName = "CodeMirror" | "Monaco";
const hosts: Readonly<Record<EditorName, string>> = {
  CodeMirror: "#editor .cm-editor",
  Monaco: "#editor .monaco-editor",
};
const names: Readonly<Record<EditorName, (name: string) => string>> = {
  CodeMirror: (name) => `.cm-ySelectionInfo:text-is("${name}")`,
  Monaco: () => ".yRemoteSelectionHead",
};

/** What it is made of, in whatever order. */
const lettersOf = (text: string): readonly string[] => Array.from(text).toSorted();

describe("one document in CodeMirror and Monaco", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  let site: Server;
  let address: string;
  /** Requests that the site got for what a preview may not have. */
  const stolen: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-editors-"));
    server = new ServerProcess(await freePort(), join(directory, "data"), {
      PARLANCE_DRAIN_MS: "0",
    });
    await server.start();
    const { build } = await import("vite");
    const out = join(directory, "site");
    await build({
      root: example,
      base: "./",
      logLevel: "error",
      build: { outDir: out, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 4_000 },
    });
    const { host } = new URL(server.url);
    site = createServer((request, response) => {
      const path = request.url === "/" ? "/index.html" : (request.url ?? "");
      if (path.startsWith("/stolen")) stolen.push(path);
      try {
        const content = readFileSync(join(out, path), "utf8");
        response.setHeader("content-type", types[extname(path)] ?? "text/plain");
        response.end(content.replaceAll("localhost:8080", host));
      } catch {
        response.statusCode = 404;
        response.end();
      }
    });
    await new Promise<void>((settle) => site.listen(0, "127.0.0.1", settle));
    address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
    browser = await openBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    site?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(
    url: string,
    name: string,
    editor: EditorName,
    options: BrowserContextOptions = wide,
  ): Promise<Window> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(url);
    await page.getByLabel("Your name").fill(name);
    await page.getByLabel("Your name").press("Enter");
    await page.getByText(/^Connected\./).waitFor({ timeout: waitMs });
    await page.getByRole("radio", { name: editor }).check();
    await page.locator(hosts[editor]).waitFor({ timeout: waitMs });
    return { context, page, errors };
  }

  async function link(page: Page, kind: "write" | "read"): Promise<string> {
    const before = await page.locator("#link").textContent();
    await page.getByRole("button", { name: `Link to ${kind}` }).click();
    await expect.poll(() => page.locator("#link").textContent()).not.toBe(before);
    return (await page.locator("#link").textContent()) ?? "";
  }

  /** What the editor itself shows, and what the shared text is. */
  function contents(page: Page): Promise<{ editor: string; text: string }> {
    return page.evaluate(() => {
      const { editing } = window as unknown as {
        editing: { content(): string; text(): string };
      };
      return { editor: editing.content(), text: editing.text() };
    });
  }

  async function read({ page }: Window, text: string): Promise<void> {
    await expect.poll(() => contents(page), { timeout: waitMs }).toEqual({ editor: text, text });
  }

  /** All show the same. @returns what. */
  async function converge(...windows: readonly Window[]): Promise<string> {
    let agreed = "";
    await expect
      .poll(
        async () => {
          const all = await Promise.all(windows.map(({ page }) => contents(page)));
          agreed = all[0]?.text ?? "";
          return new Set(all.flatMap(({ editor, text }) => [editor, text])).size;
        },
        { timeout: waitMs },
      )
      .toBe(1);
    return agreed;
  }

  /** Puts the cursor to the start or the end. */
  async function goTo(page: Page, editor: EditorName, place: "Home" | "End"): Promise<void> {
    await page.locator(hosts[editor]).click();
    await page.keyboard.press(`Control+${place}`);
  }

  /** A stock provider of who is in that window, and what it reads. */
  async function outside({ page }: Window): Promise<{ doc: Y.Doc; provider: WebsocketProvider }> {
    const token = await page.evaluate(() => localStorage.getItem("token"));
    const room = new URLSearchParams(new URL(page.url()).hash.slice(1)).get("room") ?? "";
    const answer = await fetch(`${server.url}/api/v1/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ rooms: [room] }),
    });
    const { ticket } = (await answer.json()) as { ticket: string };
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`${server.url.replace("http", "ws")}/yjs`, room, doc, {
      params: { ticket },
      disableBc: true,
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    await expect.poll(() => provider.synced, { timeout: waitMs }).toBe(true);
    return { doc, provider };
  }

  async function stored(window: Window): Promise<string> {
    const { doc, provider } = await outside(window);
    provider.destroy();
    return doc.getText("page").toJSON();
  }

  const preview = (page: Page): Frame => {
    const frame = page.frames().find((one) => one !== page.mainFrame());
    if (frame === undefined) throw new Error("no preview");
    return frame;
  };

  test("[MMB-11] [MMB-12] two people type at one place at once: both editors are the same byte for byte, cursors have names", async () => {
    const ann = await open(address, "Ann", "CodeMirror");
    const bob = await open(await link(ann.page, "write"), "Bob", "Monaco");
    await goTo(ann.page, "CodeMirror", "Home");
    await ann.page.keyboard.type("ab\ncd\n");
    await read(bob, "ab\ncd\n");
    await goTo(bob.page, "Monaco", "Home");
    await goTo(ann.page, "CodeMirror", "Home");
    // No Enter in CodeMirror, which indents; no markup, which it closes.
    const one = "öne \u{1f600} word ".repeat(5);
    const two = "two lines\n".repeat(5);
    await Promise.all([ann.page.keyboard.type(one), bob.page.keyboard.type(two)]);
    const text = await converge(ann, bob);
    expect(text).toHaveLength(`ab\ncd\n${one}${two}`.length);
    expect(lettersOf(text)).toEqual(lettersOf(`ab\ncd\n${one}${two}`));
    expect(await stored(ann)).toBe(text);
    await ann.page.locator(names.CodeMirror("Bob")).waitFor();
    await goTo(ann.page, "CodeMirror", "End");
    const head = bob.page.locator(names.Monaco("Ann")).first();
    await expect
      .poll(() => head.evaluate((one) => getComputedStyle(one, "::after").content))
      .toBe('"Ann"');
    expect(await ann.page.getByLabel("Here now").locator("li").allTextContents()).toEqual(
      expect.arrayContaining(["Ann", "Bob"]),
    );
    // Undoing takes back one's own and nobody else's.
    await goTo(bob.page, "Monaco", "End");
    await bob.page.keyboard.type("mine");
    await read(ann, `${text}mine`);
    await goTo(ann.page, "CodeMirror", "Home");
    await ann.page.keyboard.type("hers");
    await read(bob, `hers${text}mine`);
    await ann.page.keyboard.press("Control+z");
    await expect.poll(async () => (await contents(bob.page)).editor).toContain("mine");
    expect((await converge(ann, bob)).startsWith("hers")).toBe(false);
    await closeAll(ann, bob);
  }, 90_000);

  test("[MMB-33] the preview follows both editors, and what runs in it reaches nothing", async () => {
    const ann = await open(address, "Ann", "CodeMirror");
    const bob = await open(await link(ann.page, "write"), "Bob", "Monaco");
    await goTo(ann.page, "CodeMirror", "Home");
    await ann.page.keyboard.insertText(
      `<style>h2 { color: rgb(1, 2, 3) }</style><h2>Hello</h2><script>
document.querySelector("h2").dataset.ran = "yes";
const tries = { parent: () => parent.document, kept: () => localStorage, cookie: () => document.cookie };
for (const [name, attempt] of Object.entries(tries)) {
  try { attempt(); document.body.dataset[name] = "reached"; } catch { document.body.dataset[name] = "refused"; }
}
fetch("${address}stolen-fetch").catch(() => { document.body.dataset.fetched = "refused"; });
new Image().src = "${address}stolen-picture";
</script>`,
    );
    for (const { page } of [ann, bob]) {
      const heading = page.frameLocator("#preview").locator("h2[data-ran=yes]");
      await heading.waitFor({ timeout: waitMs });
      expect(await heading.evaluate((one) => getComputedStyle(one).color)).toBe("rgb(1, 2, 3)");
      await page.frameLocator("#preview").locator("body[data-fetched=refused]").waitFor();
      const found = await preview(page).evaluate(() => Object.assign({}, document.body.dataset));
      expect(found).toEqual({
        parent: "refused",
        kept: "refused",
        cookie: "refused",
        fetched: "refused",
      });
    }
    await goTo(bob.page, "Monaco", "End");
    await bob.page.keyboard.insertText("<p>from Monaco</p>");
    await ann.page.frameLocator("#preview").getByText("from Monaco").waitFor();
    // Neither does it go anywhere else: the browser says so in its place.
    await bob.page.keyboard.insertText(
      `<script>location.href = "${address}stolen-page"</script><p>stays</p>`,
    );
    for (const { page } of [ann, bob]) {
      await expect
        .poll(() => page.frames().some((frame) => frame.url().startsWith("chrome-error:")))
        .toBe(true);
    }
    expect(stolen).toEqual([]);
    await closeAll(ann, bob);
  }, 90_000);

  test("[I-1] [MMB-06] the server is killed while both write, and started again: nothing is lost", async () => {
    const ann = await open(address, "Ann", "CodeMirror");
    const bob = await open(await link(ann.page, "write"), "Bob", "Monaco");
    await goTo(ann.page, "CodeMirror", "End");
    await ann.page.keyboard.type("before ");
    await read(bob, "before ");
    await goTo(bob.page, "Monaco", "End");
    const typing = Promise.all([
      ann.page.keyboard.type("a".repeat(60), { delay: 10 }),
      bob.page.keyboard.type("b".repeat(60), { delay: 10 }),
    ]);
    await expect.poll(async () => (await contents(ann.page)).text.length).toBeGreaterThan(20);
    await server.kill();
    await typing;
    await ann.page.getByText("Not connected.").waitFor();
    await server.start();
    await expect
      .poll(async () => (await contents(ann.page)).text.length, { timeout: waitMs })
      .toBe("before ".length + 120);
    const text = await converge(ann, bob);
    expect(text.match(/a/g)).toHaveLength(60);
    // One of them is of the word before.
    expect(text.match(/b/g)).toHaveLength(61);
    await expect.poll(() => stored(ann), { timeout: waitMs }).toBe(text);
    await closeAll(ann, bob);
  }, 90_000);

  test("[MMB-11] whoever may only read sees everything live, and changes nothing, also past the page", async () => {
    const ann = await open(address, "Ann", "CodeMirror");
    const rita = await open(await link(ann.page, "read"), "Rita", "CodeMirror");
    await rita.page.getByText("You may read here, and not write.").waitFor();
    await goTo(ann.page, "CodeMirror", "End");
    await ann.page.keyboard.type("only mine");
    await read(rita, "only mine");
    for (const editor of ["CodeMirror", "Monaco"] as const) {
      await rita.page.getByRole("radio", { name: editor }).check();
      await rita.page.locator(hosts[editor]).waitFor();
      await goTo(rita.page, editor, "End");
      await rita.page.keyboard.type("x");
      await read(rita, "only mine");
    }
    const { doc, provider } = await outside(rita);
    doc.getText("page").insert(0, "forged");
    await goTo(ann.page, "CodeMirror", "End");
    await ann.page.keyboard.type(", still");
    await read(rita, "only mine, still");
    await read(ann, "only mine, still");
    expect(await stored(ann)).toBe("only mine, still");
    provider.destroy();
    await closeAll(ann, rita);
  }, 90_000);

  test("on a phone and by keyboard alone: Tab leaves the editors, everything has its label, axe finds nothing", async () => {
    const ann = await open(address, "Ann", "CodeMirror", phone);
    const { page } = ann;
    const width = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
    for (const editor of ["CodeMirror", "Monaco"] as const) {
      await page.getByRole("radio", { name: editor }).focus();
      await page.getByRole("radio", { name: editor }).check();
      const area = page.getByRole("textbox", { name: `The page, in ${editor}` });
      await area.focus();
      await page.keyboard.type("<p>x</p>");
      await expect.poll(async () => (await contents(page)).editor).toContain("<p>x</p>");
      await page.keyboard.press("Tab");
      await expect.poll(() => area.evaluate((one) => one === document.activeElement)).toBe(false);
      expect((await contents(page)).text).not.toContain("\t");
      expect(await width()).toBe(phone.viewport.width);
      expect(await accessProblems(page)).toEqual([]);
    }
    await closeAll(ann);
  }, 60_000);
});
