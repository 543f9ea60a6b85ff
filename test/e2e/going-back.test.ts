/** Where Back and Escape lead: out of what lies over the page, and from a room to the list of rooms. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { closeAll, comeIn, makeRoom, openBrowser, phone, say, wide } from "./browser.ts";

const test = requires("chromium");

/** What the palette opens over the page. */
const dialogs = [
  "inbox",
  "threads",
  "mentions",
  "create-room",
  "new-message",
  "find-rooms",
  "sections",
  "poll",
  "date",
  "drafts",
  "scheduled",
  "saved",
  "status",
  "profile",
  "preferences",
  "keys",
] as const;

describe("going back", { timeout: 90_000 }, () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-back-"));
    server = new ServerProcess(await freePort(), join(directory, "data"), {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    await makeRoom(server.url, "plans");
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const path = (page: Page): string => new URL(page.url()).pathname;
  const list = (page: Page): Locator =>
    page.locator(".rooms").getByRole("link", { name: /^plans/ });
  const over = (page: Page): Locator => page.locator("dialog[open], .popover:popover-open");
  const isOver = async (page: Page, count: 0 | 1): Promise<void> => {
    await expect.poll(() => over(page).count(), { timeout: 10_000 }).toBe(count);
  };
  const run = async (page: Page, command: string): Promise<void> => {
    await page.keyboard.press("Control+k");
    await page.locator(`[data-entry="command/${command}"]`).click();
    await page.locator("dialog[open]:not(.switcher)").waitFor();
  };

  /** What can be opened over the page, each with its way. */
  async function each(page: Page, check: (name: string) => Promise<void>): Promise<void> {
    const opened = async (name: string): Promise<void> => {
      await isOver(page, 1);
      await check(name);
    };
    for (const name of dialogs) {
      await run(page, name);
      await opened(name);
    }
    await page.keyboard.press("Control+k");
    await opened("palette");
    await page.locator("header .room-menu").click();
    await opened("menu");
    await page.locator("header .room-menu").click();
    await page.getByRole("menuitem", { name: "About this room" }).click();
    await opened("settings");
    await page.getByTestId("message").last().getByRole("button", { name: "Ann" }).click();
    await opened("person");
    await page.getByRole("button", { name: "Emoji" }).first().click();
    await opened("emoji");
  }

  test("on a phone Back closes what lies over the page, then leads to the rooms", async () => {
    const ann = await comeIn(browser, `${server.url}/room/plans`, "Ann", phone);
    const { page } = ann;
    page.setDefaultTimeout(7_000);
    await say(page, "Who comes?");
    await page.getByTestId("message").last().locator(".send-state").waitFor();
    // Nobody is as quick as a test: Back is for what is there.
    const isEntry = (): Promise<boolean> =>
      page.evaluate(() => (history.state as { isLayer?: true } | null)?.isLayer === true);
    await each(page, async (name) => {
      await expect.poll(isEntry).toBe(true);
      await page.goBack();
      await isOver(page, 0);
      expect([name, path(page)]).toEqual([name, "/room/plans"]);
    });
    const closes = async (): Promise<void> => {
      await isOver(page, 1);
      await expect.poll(isEntry).toBe(true);
      await page.goBack();
      await isOver(page, 0);
    };
    for (const panel of ["people", "search"]) {
      await page.locator(`.${panel}-button`).click();
      await closes();
    }
    await run(page, "files");
    await closes();
    await page.getByTestId("message").last().focus();
    await page.keyboard.press("t");
    await page.getByRole("dialog", { name: "Thread" }).waitFor();
    await closes();
    // A finger opens what can be done with a message, too.
    const said = page.getByTestId("message").last();
    await page.getByTestId("composer").focus();
    await said.tap();
    await said.getByRole("button", { name: "More" }).tap();
    await page.getByRole("menuitem", { name: "Edit" }).waitFor();
    await closes();
    // One over the other: each takes one step.
    await page.locator(".people-button").click();
    await isOver(page, 1);
    await page.locator("dialog .person-name").first().click();
    await expect.poll(() => over(page).count()).toBe(2);
    await page.goBack();
    await isOver(page, 1);
    await expect.poll(isEntry).toBe(true);
    await page.goBack();
    await isOver(page, 0);
    await page.goBack();
    await list(page).waitFor();
    expect(path(page)).toBe("/");
    expect(await accessProblems(page)).toEqual([]);
    // Who leaves a room is there too, and not in another room.
    await list(page).click();
    await page.locator("header .room-menu").click();
    await page.getByRole("menuitem", { name: "Leave room" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave room" }).click();
    await expect.poll(() => path(page)).toBe("/");
    await isOver(page, 0);
    await closeAll(ann);
  });

  test("on a phone a link into a room, and a notification, have the rooms before them", async () => {
    const ann = await comeIn(browser, `${server.url}/room/plans`, "Amy", phone);
    await say(ann.page, "From afar");
    await ann.page.getByTestId("message").last().locator(".send-state").waitFor();
    const sequence = await ann.page.getByTestId("message").last().getAttribute("data-sequence");
    const page = await ann.context.newPage();
    page.setDefaultTimeout(7_000);
    await page.goto(`${server.url}/room/plans/${sequence}`);
    await page.locator(`[data-sequence="${sequence}"]`).waitFor();
    await expect.poll(() => path(page)).toBe("/room/plans");
    await page.goBack();
    await list(page).waitFor();
    await expect.poll(() => path(page)).toBe("/");
    // From a dialog into a room: the dialog is not there to come back to.
    await list(page).click();
    await page.getByTestId("composer").waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("General");
    await page.keyboard.press("Enter");
    await expect.poll(() => path(page)).toBe("/room/general");
    await page.getByRole("heading", { name: "General" }).waitFor();
    await page.goBack();
    await expect.poll(() => path(page)).toBe("/room/plans");
    await isOver(page, 0);
    await page.getByRole("button", { name: "Back to rooms" }).click();
    await expect.poll(() => path(page)).toBe("/");
    await page.close();
    await ann.page.addInitScript(() => {
      const told: EventTarget[] = [];
      class Told extends EventTarget {
        static permission = "granted";
        constructor() {
          super();
          told.push(this);
        }
        close(): void {}
      }
      Object.assign(window, { Notification: Told, told });
      localStorage.setItem("parlance.preferences", '{"alerts":"on"}');
      // Nobody looks at it.
      document.hasFocus = () => false;
    });
    await ann.page.goto(`${server.url}/room/general`);
    await ann.page.getByRole("heading", { name: "General" }).waitFor();
    await ann.page.getByTestId("completeness").waitFor();
    const bob = await comeIn(browser, `${server.url}/room/plans`, "Bob", wide);
    await bob.page.getByRole("complementary").getByText("Amy").first().waitFor();
    await say(bob.page, "@Amy, come");
    const told = (): Promise<number> =>
      ann.page.evaluate(() => (window as unknown as { told: unknown[] }).told.length);
    await expect.poll(told, { timeout: 10_000 }).toBe(1);
    await ann.page.evaluate(() =>
      (window as unknown as { told: EventTarget[] }).told[0]?.dispatchEvent(new Event("click")),
    );
    await ann.page.getByTestId("message").filter({ hasText: "@Amy, come" }).waitFor();
    await ann.page.goBack();
    await expect.poll(() => path(ann.page)).toBe("/");
    await closeAll(ann, bob);
  });

  test("Escape closes each of them on a wide screen, and the focus is not lost", async () => {
    const ann = await comeIn(browser, `${server.url}/room/plans`, "Ann", wide);
    const { page } = ann;
    page.setDefaultTimeout(7_000);
    await say(page, "Who comes?");
    await page.getByTestId("message").last().locator(".send-state").waitFor();
    await each(page, async (name) => {
      await page.keyboard.press("Escape");
      await isOver(page, 0);
      const focus = await page.evaluate(() => document.activeElement !== document.body);
      expect([name, focus, path(page)]).toEqual([name, true, "/room/plans"]);
    });
    await closeAll(ann);
  });
});
