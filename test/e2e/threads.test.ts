import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import {
  closeAll,
  comeIn,
  makeRoom,
  openBrowser,
  phone,
  say,
  type Window,
  wide,
} from "./browser.ts";

const test = requires("chromium");

describe("threads and answers in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-threads-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const enter = (
    room: string,
    name: string,
    options: BrowserContextOptions = wide,
  ): Promise<Window> => comeIn(browser, `${server.url}/room/${room}`, name, options);
  /** In the main line. */
  const message = (page: Page, text: string): Locator =>
    page.locator(".history").getByTestId("message").filter({ hasText: text });
  const thread = (page: Page): Locator => page.getByTestId("thread");
  const reply = (page: Page, text: string): Locator =>
    thread(page).getByTestId("message").filter({ hasText: text });
  async function write(page: Page, text: string): Promise<void> {
    await page.getByTestId("thread-composer").fill(text);
    await page.getByTestId("thread-composer").press("Enter");
  }

  test("a thread is opened by keyboard, written in, read live and stays out of the main line", async () => {
    await makeRoom(server.url, "threads");
    const ann = await enter("threads", "Ann");
    const bob = await enter("threads", "Bob");
    await say(ann.page, "Who brings cake?");
    await message(bob.page, "Who brings cake?").waitFor();
    await message(bob.page, "Who brings cake?").press("t");
    await reply(bob.page, "Who brings cake?").waitFor();
    await write(bob.page, "I do");
    await reply(bob.page, "I do").waitFor();
    // Ann wrote the root, so she follows: its line has a dot until she has read.
    const line = message(ann.page, "Who brings cake?").getByTestId("thread-line");
    await line.getByText("1 reply").waitFor();
    await line.getByRole("img", { name: "Something in this thread is unread" }).waitFor();
    await ann.page.getByTestId("view-threads").getByText("1", { exact: true }).waitFor();
    expect(await message(ann.page, "I do").count()).toBe(0);
    await line.click();
    await reply(ann.page, "I do").waitFor();
    await ann.page.getByTestId("view-threads").getByText("1", { exact: true }).waitFor({
      state: "detached",
    });
    // Who writes in the thread is seen to write there, and not in the room.
    // Who has just been told of in the room is told of here two seconds later.
    await ann.page
      .getByTestId("thread-composer")
      .pressSequentially("With cherries", { delay: 250 });
    await thread(bob.page).getByTestId("typing").getByText("\u2068Ann\u2069 is writing").waitFor();
    expect(await bob.page.locator("main").getByTestId("typing").innerText()).toBe("");
    await write(ann.page, "With cherries?");
    await reply(bob.page, "With cherries?").waitFor();
    await expect.poll(() => thread(bob.page).getByTestId("typing").innerText()).toBe("");
    await message(bob.page, "Who brings cake?").getByText("2 replies").waitFor();
    await reply(ann.page, "2 replies").or(thread(ann.page).getByText("2 replies")).waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    // What is said in the room counts there, what is said in the thread does not.
    expect(await message(bob.page, "With cherries?").count()).toBe(0);
    await closeAll(ann, bob);
  }, 60_000);

  test("an own message of a thread is edited and deleted there, and reactions are live", async () => {
    await makeRoom(server.url, "thread-acts");
    const ann = await enter("thread-acts", "Ann");
    const bob = await enter("thread-acts", "Bob");
    await say(ann.page, "Root");
    for (const { page } of [ann, bob]) {
      await message(page, "Root").hover();
      await message(page, "Root").getByRole("button", { name: "Reply in thread" }).click();
      await reply(page, "Root").waitFor();
    }
    await write(ann.page, "First try");
    await reply(bob.page, "First try").waitFor();
    await reply(ann.page, "First try").and(ann.page.locator("[data-sequence]")).press("e");
    await ann.page.getByRole("textbox", { name: "Edit" }).fill("Second try");
    await ann.page.getByRole("textbox", { name: "Edit" }).press("Enter");
    await reply(bob.page, "Second try").getByText("edited").waitFor();
    await reply(bob.page, "Second try").press("+");
    await bob.page.keyboard.press("Enter");
    await reply(ann.page, "Second try").getByTestId("reactions").waitFor();
    await reply(ann.page, "Second try").focus();
    await ann.page.keyboard.press("Delete");
    await thread(bob.page).getByText("This message was removed.").waitFor({ timeout: 15_000 });
    // It stays counted, as its place stays visible; and it does not fall into the main line.
    await bob.page.reload();
    await message(bob.page, "Root").getByText("1 reply").waitFor();
    expect(await bob.page.locator(".history").getByText("This message was removed.").count()).toBe(
      0,
    );
    await closeAll(ann, bob);
  }, 60_000);

  test("threads that one follows are listed, lead to their place, and can be given up", async () => {
    await makeRoom(server.url, "follow");
    const ann = await enter("follow", "Ann");
    const bob = await enter("follow", "Bob");
    await say(ann.page, "Release notes");
    await message(bob.page, "Release notes").press("t");
    await write(bob.page, "Draft is up");
    await ann.page.getByTestId("view-threads").getByText("1", { exact: true }).waitFor();
    await ann.page.goto(`${server.url}/room/general`);
    await ann.page.getByTestId("view-threads").getByText("1", { exact: true }).waitFor();
    await ann.page.keyboard.press("Alt+t");
    const listed = ann.page.getByTestId("listed-message");
    await listed.filter({ hasText: "Release notes" }).waitFor();
    expect(await listed.getAttribute("data-new")).toBe("true");
    expect(await accessProblems(ann.page)).toEqual([]);
    await listed.click();
    await reply(ann.page, "Draft is up").waitFor();
    await ann.page.waitForURL(/\/room\/follow$/);
    await thread(ann.page).getByTestId("follow-thread").click();
    await thread(ann.page).getByText("Follow", { exact: true }).waitFor();
    await write(bob.page, "Final is up");
    await reply(ann.page, "Final is up").waitFor();
    await ann.page.keyboard.press("Alt+t");
    await ann.page.getByText("No threads yet").waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("a message is quoted by keyboard, kept with the draft, and a click leads to it", async () => {
    await makeRoom(server.url, "quotes");
    const ann = await enter("quotes", "Ann");
    const bob = await enter("quotes", "Bob");
    await say(ann.page, "Shall we ship on **Friday**?");
    await message(bob.page, "Friday").press("r");
    await bob.page.getByTestId("answer-bar").getByText("Shall we ship").waitFor();
    await bob.page.locator("[data-testid=composer]:focus").waitFor();
    await bob.page.keyboard.press("Escape");
    await bob.page.getByTestId("answer-bar").waitFor({ state: "detached" });
    await message(bob.page, "Friday").press("r");
    await bob.page.getByTestId("composer").fill("Rather on Monday");
    await bob.page.reload();
    await bob.page.getByTestId("answer-bar").getByText("Shall we ship").waitFor();
    await bob.page.getByTestId("composer").press("Enter");
    const quote = message(ann.page, "Rather on Monday").getByTestId("quote");
    await quote.getByText("Shall we ship").waitFor();
    expect(await bob.page.getByTestId("answer-bar").count()).toBe(0);
    expect(await accessProblems(ann.page)).toEqual([]);
    await quote.click();
    await ann.page.locator('[data-testid="message"].target', { hasText: "Friday" }).waitFor();
    // The original goes, and its quote with it, also for who comes later.
    await message(ann.page, "Friday").first().focus();
    await ann.page.keyboard.press("Delete");
    await message(bob.page, "Rather on Monday")
      .getByText("The message was removed.")
      .waitFor({ timeout: 15_000 });
    await ann.page.reload();
    await message(ann.page, "Rather on Monday").getByText("The message was removed.").waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("on a phone a thread lies over the conversation, and its address leads into it", async () => {
    await makeRoom(server.url, "small");
    const ann = await enter("small", "Ann");
    await say(ann.page, "On the road");
    await ann.page
      .locator('.history [data-state="sent"][data-sequence]', { hasText: "On the road" })
      .press("t");
    await write(ann.page, "Me too");
    await reply(ann.page, "Me too").waitFor();
    const sequence = await message(ann.page, "On the road").getAttribute("data-sequence");
    const bob = await enter("small", "Bob", phone);
    await message(bob.page, "On the road").getByTestId("thread-line").tap();
    await reply(bob.page, "Me too").waitFor();
    await write(bob.page, "Me three");
    await reply(ann.page, "Me three").waitFor();
    expect(await accessProblems(bob.page)).toEqual([]);
    await bob.page.getByRole("button", { name: "Close" }).tap();
    await thread(bob.page).waitFor({ state: "detached" });
    const width = await bob.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    await bob.page.goto(`${server.url}/room/small/${sequence}/thread`);
    await reply(bob.page, "Me three").waitFor();
    await closeAll(ann, bob);
  }, 60_000);
});
