import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient, type Room } from "@parlance/client";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { comeIn, openBrowser, type Window } from "./browser.ts";

const test = requires("chromium");

const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

describe("finding messages in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  let layla: Client;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-search-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
    layla = createClient({
      url: `${server.url.replace("http", "ws")}/ws`,
      guest: { name: "Layla Haddad" },
    });
    await layla.connect();
    for (const [room, title] of [
      ["harbour", "Harbour"],
      ["kitchen", "Kitchen table"],
    ] as const) {
      await layla.createRoom({ kind: "public", title, room });
    }
    const harbour = layla.room("harbour");
    await say(harbour, "The café opens at nine");
    await say(harbour, "我们明天在北京开会");
    await say(harbour, "وصلت السفينة إلى الميناء");
    await say(harbour, "Before the lighthouse comes the bridge");
    await say(harbour, "The lighthouse keeper is called Ole");
    await say(harbour, "After that, the road ends: https://example.org/road");
    for (let line = 0; line < 70; line += 1) await say(harbour, `tide table, line ${line}`);
    await say(layla.room("kitchen"), "A lighthouse of sugar");
  }, 60_000);

  afterAll(async () => {
    layla?.close();
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const say = (room: Room, text: string): Promise<unknown> => room.publish(text).done;
  /** A member of the room, so that nothing takes the focus any more. */
  const enter = async (options = desktop): Promise<Window> => {
    const window = await comeIn(browser, `${server.url}/room/harbour`, "Ole", options);
    await window.page
      .locator('[data-room="harbour"]:not(.other)')
      .waitFor({ state: "attached", timeout: 60_000 });
    return window;
  };
  const field = (page: Page): Locator => page.getByRole("combobox", { name: "Search messages" });
  const hits = (page: Page): Locator => page.getByTestId("hit");
  const press = async (page: Page, key: string): Promise<void> => {
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    });
    await page.keyboard.press(key);
  };

  test("by keyboard alone one searches, goes to what was found and comes back", async () => {
    const { page, context, errors } = await enter();
    await press(page, "/");
    await field(page).waitFor();
    // An empty field offers what one can narrow by.
    await page.getByRole("option", { name: "from:" }).waitFor();
    expect(await accessProblems(page)).toEqual([]);
    await page.keyboard.type("lighthouse keep");
    await page.getByRole("list", { name: "Results, the newest first" }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".hit").length === 1);
    const hit = hits(page).first();
    expect(await hit.locator("mark").allTextContents()).toEqual(["lighthouse", "keep"]);
    // With what stands beside it.
    await hit.getByText("comes the bridge").waitFor();
    await hit.getByText("the road ends").waitFor();
    expect(await accessProblems(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const there = page.locator('[data-testid="message"]:focus', { hasText: "keeper is called" });
    await there.waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".hit:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#search-field:focus").waitFor();
    expect(errors).toEqual([]);
    await context.close();
  }, 60_000);

  test("in all rooms, by person and kind, with operators that complete themselves", async () => {
    const { page, context, errors } = await enter();
    await press(page, "Control+Shift+F");
    await field(page).waitFor();
    await page.keyboard.type("lighthouse");
    await page.waitForFunction(() => document.querySelectorAll(".hit").length === 3);
    await hits(page)
      .first()
      .getByText(/Layla Haddad. in .Kitchen table/)
      .waitFor();
    await page.keyboard.type(" fr");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.keyboard.type("lay");
    await page.getByRole("option", { name: "Layla Haddad" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("in:kit");
    await page.keyboard.press("Enter");
    expect(await field(page).inputValue()).toBe(
      'lighthouse from:"Layla Haddad" in:"Kitchen table" ',
    );
    await page.waitForFunction(() => document.querySelectorAll(".hit").length === 1);
    // The way to another room and back: the search is still there.
    await hits(page).first().click();
    await page
      .locator('[data-testid="message"]:focus', { hasText: "A lighthouse of sugar" })
      .waitFor();
    expect(page.url()).toBe(`${server.url}/room/kitchen`);
    await hits(page).first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".hit:focus").waitFor();
    await field(page).fill("has:link road");
    await page.waitForFunction(() => document.querySelector(".hit mark")?.textContent === "road");
    await field(page).fill("nothing-like-this");
    await page.getByText("Nothing was found").waitFor();
    await field(page).fill("has:reaction");
    await page.getByText("This cannot be searched for").waitFor();
    expect(await accessProblems(page)).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
  }, 60_000);

  test("Chinese, Arabic and accents are found and marked, and further pages come by themselves", async () => {
    const { page, context, errors } = await enter();
    await press(page, "/");
    await field(page).waitFor();
    const marked = async (text: string, mark: string): Promise<void> => {
      await field(page).fill(text);
      await page.waitForFunction(
        (wanted) => document.querySelector(".hit mark")?.textContent === wanted,
        mark,
      );
    };
    await marked("北京", "北京");
    await marked("السفينه", "السفينة");
    await marked("CAFE", "café");
    await field(page).fill("tide");
    await page.waitForFunction(() => document.querySelectorAll(".hit").length === 20);
    await page.getByRole("button", { name: "Show more" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".hit").length === 40);
    expect(errors).toEqual([]);
    await context.close();
  }, 60_000);

  test("a search that cannot be made says so, and can be tried again", async () => {
    const { page, context, errors } = await enter();
    await press(page, "/");
    await field(page).waitFor();
    await server.stop();
    await page.locator('[data-testid="connection"][data-state="waiting"]').waitFor();
    await field(page).fill("bridge");
    await page.getByText("The search did not work.").waitFor({ timeout: 40_000 });
    await server.start();
    await page.locator('[data-testid="connection"][data-state="online"]').waitFor({
      state: "attached",
      timeout: 40_000,
    });
    await page.getByRole("button", { name: "Try again", exact: true }).click();
    await hits(page).first().locator("mark", { hasText: "bridge" }).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  }, 120_000);

  test("a day is jumped to from the panel and from the palette", async () => {
    const { page, context, errors } = await enter();
    const now = new Date();
    const two = (value: number): string => String(value).padStart(2, "0");
    const today = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    const first = page.locator("[data-row]:focus");
    await page.getByTestId("message").filter({ hasText: "line 69" }).waitFor();
    await press(page, "Control+k");
    await page.getByRole("combobox", { name: "Go or do" }).fill(today);
    await page.locator('[data-entry="day"]').waitFor();
    await page.keyboard.press("Enter");
    // The day began with the first message of the room.
    await first.waitFor();
    await page.getByTestId("message").filter({ hasText: "The café opens" }).waitFor();
    await press(page, "End");
    await press(page, "/");
    await page.getByTestId("date").fill(today);
    await page.getByRole("button", { name: "Go", exact: true }).click();
    await page.getByTestId("message").filter({ hasText: "The café opens" }).waitFor();
    await first.waitFor();
    expect(errors).toEqual([]);
    await context.close();
  }, 60_000);

  test("on a phone the search lies over the conversation, and keeps what was found", async () => {
    const { page, context, errors } = await enter(phone);
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await field(page).fill("keeper");
    await hits(page).first().waitFor();
    expect(await accessProblems(page)).toEqual([]);
    const isWider = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    expect(isWider).toBe(false);
    await hits(page).first().click();
    await page.locator('[data-testid="message"]:focus', { hasText: "keeper is called" }).waitFor();
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.locator('.hit:focus[aria-current="true"]').waitFor();
    expect(await field(page).inputValue()).toBe("keeper");
    expect(errors).toEqual([]);
    await context.close();
  }, 60_000);
});
