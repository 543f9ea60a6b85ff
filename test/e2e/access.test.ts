import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { comeIn, openBrowser, say, type Window } from "./browser.ts";

const test = requires("chromium");

const wide = { viewport: { width: 1440, height: 900 } };

describe("access to the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-access-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
    const seed = await comeIn(browser, `${server.url}/room/general`, "Ann Okafor");
    for (const text of [
      "Did anyone get the **wireless card** working?",
      "```bash\nsudo apt install firmware # from backports\n```",
      "| Card | Works |\n|---|---|\n| AX200 | yes |",
      "> a quote\n\n- one\n- two\n\n||hidden||, and https://example.org",
    ]) {
      await say(seed.page, text);
    }
    await seed.page
      .getByTestId("attach")
      .setInputFiles([{ name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("plan") }]);
    await seed.page.getByTestId("file").waitFor();
    await toFile(seed.page);
    await seed.page.keyboard.press("ArrowUp");
    await seed.page.keyboard.press("+");
    await seed.page.getByRole("dialog").waitFor();
    await seed.page.keyboard.press("Enter");
    await seed.page.getByTestId("reactions").waitFor();
    await seed.context.close();
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const enter = (options: BrowserContextOptions = wide): Promise<Window> =>
    comeIn(browser, `${server.url}/room/general`, "Bob Larsen", options);

  /** By keyboard, from the composer to the file that was shared last. */
  async function toFile(page: Page): Promise<void> {
    await page.getByTestId("file").waitFor();
    await page.getByTestId("composer").press("ArrowUp");
    const file = page
      .locator('[data-testid="message"]:focus')
      .filter({ has: page.getByTestId("file") });
    // Behind it are the lines of those who came.
    while (!(await file.isVisible())) {
      await page.locator("[data-row]:focus").waitFor();
      await page.keyboard.press("ArrowUp");
      await page.waitForTimeout(50);
    }
  }

  /** Opens each view in turn, asks about it, and closes it again. */
  async function problemsOfViews(page: Page, keys: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    const look = async (view: string): Promise<void> => {
      for (const problem of await accessProblems(page)) found.push(`${view}: ${problem}`);
    };
    await page.getByTestId("reactions").waitFor();
    await toFile(page);
    await page.keyboard.press("ArrowUp");
    const above = page.locator('[data-testid="message"]:focus');
    await above.filter({ hasNot: page.getByTestId("file") }).waitFor();
    await page.keyboard.press("+");
    await page.getByRole("dialog").waitFor();
    await look("a room, a message with its bar, and emoji");
    await page.keyboard.press("Escape");
    await page.getByRole("toolbar").getByRole("button").last().click();
    await page.getByRole("menu").waitFor();
    await look("menu");
    await page.keyboard.press("Escape");
    for (const key of keys) {
      await page.keyboard.press("Escape");
      await page.evaluate(() => {
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      });
      await page.keyboard.press(key);
      await page.getByRole("dialog").waitFor();
      await look(key);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    return found;
  }

  /** Axe takes its time on a busy machine. */
  const long = { timeout: 240_000 };

  test("axe finds nothing wrong on any view", long, async () => {
    const { page, context } = await enter();
    expect(await problemsOfViews(page, ["Control+k", "Alt+n", "?"])).toEqual([]);
    await context.close();
  });

  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  test.each([
    ["in the dark", wide, { theme: "dark" }],
    ["in high contrast, compact", wide, { contrast: "more", density: "compact" }],
    ["in Arabic", wide, { language: "ar" }],
    ["on a phone, in the dark", phone, { theme: "dark" }],
  ])("axe finds nothing wrong %s", long, async (_, options, preferences) => {
    const localStorage = [{ name: "parlance.preferences", value: JSON.stringify(preferences) }];
    const { page, context } = await enter({
      ...options,
      storageState: { cookies: [], origins: [{ origin: server.url, localStorage }] },
    });
    expect(await problemsOfViews(page, ["Control+k"])).toEqual([]);
    await context.close();
  });

  test(
    "axe finds nothing wrong on the first page, its dialogs and the gate of administrators",
    long,
    async () => {
      const context = await browser.newContext(wide);
      const page = await context.newPage();
      await page.goto(server.url);
      await page.getByTestId("guest-name").waitFor();
      expect(await accessProblems(page)).toEqual([]);
      await page.getByRole("button", { name: "Create an account" }).click();
      await page.getByLabel("Password").waitFor();
      expect(await accessProblems(page)).toEqual([]);
      await page.goto(`${server.url}/admin`);
      await page.getByTestId("admin").waitFor();
      expect(await accessProblems(page)).toEqual([]);
      await context.close();

      const bob = await enter();
      for (const name of ["New room", "Preferences"]) {
        await bob.page.getByRole("button", { name }).first().click();
        await bob.page.getByRole("dialog", { name }).waitFor();
        expect(await accessProblems(bob.page), name).toEqual([]);
        await bob.page.keyboard.press("Escape");
      }
      await bob.page.goto(`${server.url}/room/nowhere-${Date.now()}`);
      await bob.page.getByText("There is no room of that name yet").waitFor();
      expect(await accessProblems(bob.page)).toEqual([]);
      await bob.context.close();
    },
  );

  test("what is opened by key gives the focus back to where it was", async () => {
    const { page, context } = await enter();
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const element = document.activeElement;
        return `${element?.getAttribute("data-testid") ?? ""} ${element?.getAttribute("data-row") ?? ""}`;
      });
    await toFile(page);
    await page.keyboard.press("ArrowUp");
    await page.locator('[data-testid="message"]:focus').filter({ hasText: "hidden" }).waitFor();
    const row = await focused();
    expect(row).toMatch(/^message ./);
    for (const keys of ["+", "?", "Control+k", "Alt+n"]) {
      await page.keyboard.press(keys);
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await focused(), keys).toBe(row);
    }
    await page.keyboard.press("Escape");
    expect(await focused()).toMatch(/^composer/);
    await context.close();
  }, 60_000);

  test("one live region tells of new messages, a few at a time", async () => {
    const ann = await comeIn(browser, `${server.url}/room/general`, "Ann Okafor", wide);
    const bob = await enter();
    await bob.page.getByTestId("file").waitFor();
    const said: string[] = [];
    await bob.page.exposeFunction("note", (text: string) => said.push(text));
    await bob.page.evaluate(() => {
      const note = (globalThis as unknown as { note(text: string): void }).note;
      const region = document.querySelector(".history-frame > [aria-live=polite]");
      if (region === null) throw new Error("no live region");
      new MutationObserver(() => note(region.textContent ?? "")).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await say(ann.page, "The first of many");
    await expect.poll(() => said, { timeout: 15_000 }).toEqual(["Ann Okafor: The first of many"]);
    for (let index = 0; index < 8; index += 1) await say(ann.page, `One of many ${index}`);
    await bob.page.getByText("One of many 7").waitFor();
    await expect.poll(() => said.length, { timeout: 15_000 }).toBeGreaterThan(1);
    // Eight messages in less than that many announcements.
    expect(said.length - 1).toBeLessThan(8);
    expect(said.at(-1)).toMatch(/new$/);
    await ann.context.close();
    await bob.context.close();
  }, 60_000);
});
