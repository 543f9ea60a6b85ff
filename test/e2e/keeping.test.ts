import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { comeIn, openBrowser, say, type Window } from "./browser.ts";

const test = requires("chromium");

const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

describe("keeping messages at hand in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-keeping-"));
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

  /** Somebody's window in a room that they make, and look after, if it is not there. */
  const open = (name: string, room: string, options = desktop): Promise<Window> =>
    comeIn(browser, `${server.url}/room/${room}`, name, options);

  /** A second device of the same person, in the same room. */
  async function secondDevice(window: Window, options = desktop): Promise<Window> {
    const state = await window.context.storageState();
    const context = await browser.newContext({ ...options, storageState: state });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(window.page.url());
    await page.getByTestId("composer").waitFor();
    return { context, page, errors };
  }

  /** Ann in a room that she has made. */
  async function makeRoom(room: string): Promise<Window> {
    const window = await comeIn(browser, server.url, "Ann", desktop);
    const { page } = window;
    await page.locator('[data-room="general"]:not(.other)').waitFor();
    await page.goto(`${server.url}/room/${room}`);
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByTestId("composer").waitFor();
    return window;
  }
  const closeAll = async (...windows: readonly Window[]): Promise<void> => {
    for (const { context, errors } of windows) {
      expect(errors).toEqual([]);
      await context.close();
    }
  };
  const message = (page: Page, text: string): Locator =>
    page.getByTestId("message").filter({ hasText: text });
  const excerpt = (page: Page, text: string): Locator =>
    page.getByTestId("excerpt").filter({ hasText: text });
  const act = async (page: Page, text: string, label: string): Promise<void> => {
    await message(page, text).hover();
    await message(page, text).getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: label }).click();
  };
  /** From the palette. */
  const run = async (page: Page, command: string): Promise<void> => {
    await page.keyboard.press("Control+k");
    await page.locator(`[data-entry="command/${command}"]`).click();
  };

  test("a pinned message is marked and counted for everybody, and its panel leads to it", async () => {
    const ann = await makeRoom("pinning");
    await say(ann.page, "The plan is on the wall");
    await message(ann.page, "The plan").locator(".send-state").waitFor();
    for (let line = 0; line < 40; line += 1) await say(ann.page, `line ${line}`);
    const bob = await open("Bob", "pinning");
    await ann.page
      .getByRole("log", { name: /^Conversation/ })
      .evaluate((log) => log.scrollTo(0, 0));
    await act(ann.page, "The plan", "Pin to the room");
    await message(ann.page, "The plan").getByRole("img", { name: "Pinned" }).waitFor();
    // Told live to everybody, with how many there are.
    await bob.page.getByRole("button", { name: "Pinned, 1" }).click();
    await excerpt(bob.page, "The plan is on the wall")
      .getByText(/Pinned by .Ann/)
      .waitFor();
    expect(await accessProblems(bob.page)).toEqual([]);
    await excerpt(bob.page, "The plan").getByRole("button").first().click();
    await bob.page.locator('[data-testid="message"]:focus', { hasText: "The plan" }).waitFor();
    // Bob does not look after the room.
    await message(bob.page, "The plan").hover();
    await message(bob.page, "The plan").getByRole("button", { name: "More" }).click();
    await bob.page.getByRole("menuitem", { name: "Forward" }).waitFor();
    expect(await bob.page.getByRole("menuitem", { name: "Unpin" }).count()).toBe(0);
    await bob.page.keyboard.press("Escape");
    // Taken off, it is gone from the panel that is open, and nothing is left to count.
    await act(ann.page, "The plan", "Unpin");
    await bob.page.getByText("Nothing is pinned here").waitFor();
    await bob.page.getByRole("button", { name: /^Pinned/ }).waitFor({ state: "detached" });
    expect(await message(bob.page, "The plan").getByRole("img", { name: "Pinned" }).count()).toBe(
      0,
    );
    await closeAll(ann, bob);
  }, 60_000);

  test("what one saves is on all of one's devices, and on nobody else's", async () => {
    const ann = await makeRoom("saving");
    await say(ann.page, "Read this again on Friday");
    const bob = await open("Bob", "saving");
    const phoneOfBob = await secondDevice(bob, phone);
    const row = message(bob.page, "Read this again");
    await row.focus();
    await bob.page.keyboard.press("s");
    await row.getByRole("img", { name: "Saved" }).waitFor();
    await message(phoneOfBob.page, "Read this again").getByRole("img", { name: "Saved" }).waitFor();
    expect(await message(ann.page, "Read this").getByRole("img", { name: "Saved" }).count()).toBe(
      0,
    );
    await run(bob.page, "saved");
    await excerpt(bob.page, "Read this again on Friday")
      .getByText(/Ann. in .saving/)
      .waitFor();
    expect(await accessProblems(bob.page)).toEqual([]);
    await bob.page.goto(`${server.url}/room/general`);
    await bob.page.locator('[data-room="saving"]').waitFor();
    await run(bob.page, "saved");
    await excerpt(bob.page, "Read this again").getByRole("button").first().click();
    await bob.page.locator('[data-testid="message"]:focus', { hasText: "Read this" }).waitFor();
    expect(bob.page.url()).toBe(`${server.url}/room/saving`);
    // Not kept any more, on the other device.
    await run(phoneOfBob.page, "saved");
    expect(await accessProblems(phoneOfBob.page)).toEqual([]);
    await phoneOfBob.page.getByRole("button", { name: "Do not keep any more" }).click();
    await phoneOfBob.page.getByText("Nothing saved yet").waitFor();
    await row.getByRole("img", { name: "Saved" }).waitFor({ state: "detached" });
    await closeAll(ann, bob, phoneOfBob);
  }, 60_000);

  test("a message is forwarded to a room and a person, with a comment, and says where it is from", async () => {
    const ann = await makeRoom("source");
    await say(ann.page, "The door code is 2718");
    const bob = await open("Bob", "source");
    await ann.page.getByTestId("person").filter({ hasText: "Bob" }).waitFor();
    const row = message(ann.page, "The door code");
    await row.locator(".send-state").waitFor();
    await row.focus();
    await ann.page.keyboard.press("f");
    const dialog = ann.page.getByRole("dialog", { name: "Forward this message" });
    const field = dialog.getByRole("combobox", { name: "To" });
    await dialog.getByText("The door code is 2718").waitFor();
    await field.fill("gener");
    await dialog.getByRole("option", { name: "general" }).waitFor();
    await field.press("Enter");
    await field.fill("Bob");
    await dialog.getByRole("option", { name: "Bob" }).first().waitFor();
    await field.press("Enter");
    expect(await accessProblems(ann.page)).toEqual([]);
    await dialog.getByRole("textbox", { name: "Comment (optional)" }).fill("For tonight");
    await dialog.getByRole("button", { name: "Forward", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await bob.page.locator('[data-room="general"]').click();
    const copy = message(bob.page, "The door code is 2718");
    await copy.getByText(/Forwarded: .Ann. in .source/).waitFor();
    await message(bob.page, "For tonight").waitFor();
    // What one may read there, one may go to.
    await copy.getByRole("button", { name: "Forwarded" }).click();
    await bob.page.locator('[data-testid="message"]:focus', { hasText: "door code" }).waitFor();
    expect(bob.page.url()).toBe(`${server.url}/room/source`);
    await closeAll(ann, bob);
  }, 60_000);

  test("the files of a room are listed, lead to their place, and one's own can be removed", async () => {
    const ann = await makeRoom("filing");
    const bob = await open("Bob", "filing");
    await ann.page
      .getByTestId("attach")
      .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("notes") });
    await ann.page.getByTestId("file").getByText("notes.txt").waitFor();
    await run(bob.page, "files");
    const item = (page: Page): Locator =>
      page.getByTestId("file-item").filter({ hasText: "notes" });
    await item(bob.page).waitFor();
    expect(await accessProblems(bob.page)).toEqual([]);
    // Somebody else's cannot be removed by who does not look after the room.
    expect(await item(bob.page).getByRole("button", { name: "Delete notes.txt" }).count()).toBe(0);
    await run(ann.page, "files");
    await item(ann.page).getByRole("button", { name: "Delete notes.txt" }).click();
    await item(ann.page).getByRole("button", { name: "Undo" }).click();
    await item(ann.page).getByRole("button", { name: "Delete notes.txt" }).click();
    await bob.page.getByText("No files here yet").waitFor({ timeout: 20_000 });
    await closeAll(ann, bob);
  }, 60_000);
});
