/** Rooms in other people's pages: the examples as they stand, on a port of their own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { closeAll, comeIn, openBrowser, say } from "./browser.ts";

const test = requires("chromium");
const examples = join(import.meta.dirname, "../../examples");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

const pixel = {
  name: "pixel.png",
  mimeType: "image/png",
  buffer: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
};

describe("rooms in other people's pages", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  const sites: Server[] = [];
  /** Files of one name each, in the room of all tests. */
  let files = 0;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-embedding-"));
    server = new ServerProcess(await freePort(), join(directory, "data"), {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    for (const site of sites) site.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A folder on a port of its own, with the server's address where the example has one. */
  async function serve(folder: string): Promise<string> {
    const host = new URL(server.url).host;
    const site = createServer((request, response) => {
      const path = request.url === "/" ? "/index.html" : (request.url ?? "");
      try {
        const content = readFileSync(join(folder, path), "utf8");
        response.setHeader("content-type", types[extname(path)] ?? "text/plain");
        response.end(content.replaceAll("localhost:8080", host));
      } catch {
        response.statusCode = 404;
        response.end();
      }
    });
    sites.push(site);
    await new Promise<void>((settle) => site.listen(0, "127.0.0.1", settle));
    return `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  }

  async function open(url: string): Promise<{ page: Page; errors: string[] }> {
    const context = await browser.newContext({ viewport: { width: 900, height: 700 } });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (line) => {
      // The page has no icon of its own.
      if (line.type() === "error" && !line.location().url.endsWith("favicon.ico")) {
        errors.push(line.text());
      }
    });
    await page.goto(url);
    return { page, errors };
  }

  /** Both talk; the visitor edits by keyboard, and a pop-up of the room works there too. */
  async function talk(page: Page, name: string): Promise<void> {
    const ann = await comeIn(browser, `${server.url}/room/general`, `Ann ${name}`);
    await page.getByTestId("composer").waitFor();
    await say(ann.page, `May I **help** you, ${name}?`);
    const asked = page.getByTestId("message").filter({ hasText: `help you, ${name}?` });
    await asked.locator(".markdown strong", { hasText: "help" }).waitFor();
    await say(page, `Yes please, ${name}.`);
    await ann.page.getByText(`Yes please, ${name}.`).waitFor();
    await page.getByTestId("composer").press("ArrowUp");
    const own = page.getByTestId("message").filter({ hasText: `Yes please, ${name}.` });
    await own.getByRole("toolbar").waitFor();
    await page.keyboard.press("+");
    await page.getByRole("dialog", { name: "React" }).waitFor();
    await page.keyboard.press("Enter");
    await ann.page.getByTestId("reactions").getByText("👍").last().waitFor();
    await own.getByRole("button", { name: "More" }).click();
    await page.getByRole("menu").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    await ann.context.close();
  }

  /** Somebody with a picture of their own and the visitor give each other pictures and files. */
  async function exchange(page: Page): Promise<void> {
    const ann = await comeIn(browser, `${server.url}/room/general`, "Ann of the shop");
    await ann.page.getByTestId("own-menu").click();
    await ann.page.getByRole("menuitem", { name: "Edit profile" }).click();
    const dialog = ann.page.getByRole("dialog", { name: "Your profile" });
    await dialog.getByTestId("picture-file").setInputFiles({ ...pixel, name: "ann.png" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const content = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
    await ann.page
      .getByTestId("attach")
      .setInputFiles([
        pixel,
        { name: "terms.bin", mimeType: "application/octet-stream", buffer: content },
      ]);
    const picture = page.getByRole("img", { name: "pixel.png" }).last();
    await picture.waitFor();
    const isDrawn = (image: Locator): Promise<boolean> =>
      image.evaluate((drawn) => (drawn as HTMLImageElement).naturalWidth > 0);
    await expect.poll(() => isDrawn(picture)).toBe(true);
    const own = page.getByTestId("message").locator(".avatar img").last();
    await expect.poll(() => isDrawn(own)).toBe(true);
    const card = page.getByTestId("file").filter({ hasText: "terms.bin" }).last();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      card.getByRole("button", { name: "Save terms.bin" }).click(),
    ]);
    expect(readFileSync(await download.path()).equals(content)).toBe(true);
    await page.getByTestId("attach").setInputFiles([{ ...pixel, name: "broken.png" }]);
    await ann.page.getByRole("img", { name: "broken.png" }).waitFor();
    await page.getByRole("img", { name: "broken.png" }).waitFor();
    await follow(page);
    await closeAll(ann);
  }

  /** Whoever sends files sees them, whether they were at the end of the list or looked at what was said before. */
  async function follow(page: Page): Promise<void> {
    const history = page.locator(".history");
    const fromEnd = (): Promise<number> =>
      history.evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
    const attach = async (): Promise<void> => {
      files += 1;
      const name = `own ${files}.png`;
      await page.getByTestId("attach").setInputFiles([{ ...pixel, name }]);
      await page.getByRole("img", { name, exact: true }).waitFor();
      await page.getByTestId("upload").waitFor({ state: "detached" });
      await expect.poll(fromEnd).toBeLessThan(2);
      expect(await page.locator("button.pill").count()).toBe(0);
    };
    for (let sent = 0; sent < 4; sent += 1) await attach();
    await history.evaluate((list) => list.scrollTo({ top: 0 }));
    await page.locator("button.pill").waitFor();
    await attach();
  }

  test("one script element under a strict policy shows a room, in looks of its own", async () => {
    const { page, errors } = await open(await serve(join(examples, "room-widget")));
    await talk(page, "widget");
    await exchange(page);
    // The page's own button is as the browser makes it.
    const border = (): Promise<string> =>
      page.locator("body > button").evaluate((button) => getComputedStyle(button).borderTopStyle);
    expect(await border()).toBe("outset");
    expect(await accessProblems(page, "parlance-room")).toEqual([]);
    // The same guest comes back.
    await page.reload();
    await page.getByTestId("composer").waitFor();
    await page.locator('[data-testid="message"][data-state="sent"]').first().waitFor();
    expect(await page.evaluate(() => document.querySelectorAll("parlance-room").length)).toBe(1);
    // Taken out of the page it leaves the room.
    await page.evaluate(() => document.querySelector("parlance-room")?.remove());
    expect(errors).toEqual([]);
    await page.context().close();
  }, 60_000);

  test("ten lines of React show a room, and leave the page's own looks alone", async () => {
    const { build } = await import("vite");
    const out = join(directory, "react-room");
    await build({
      root: join(examples, "react-room"),
      base: "./",
      configFile: false,
      logLevel: "error",
      build: { outDir: out, modulePreload: { polyfill: false } },
    });
    const { page, errors } = await open(await serve(out));
    await talk(page, "React");
    await exchange(page);
    const looks = await page
      .locator("body > .button")
      .evaluate((button) => [
        getComputedStyle(button).paddingTop,
        getComputedStyle(document.body).fontFamily,
      ]);
    expect(looks).toEqual(["1px", "serif"]);
    expect(errors).toEqual([]);
    // A file that cannot be fetched says so, in the place of the picture.
    await page.route("**/api/v1/files/*", (route) => route.abort());
    await page.reload();
    await page.locator(".file-picture").getByText("could not be loaded").last().waitFor();
    await page.context().close();
  }, 90_000);
});
