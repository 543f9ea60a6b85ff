import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@parlance/client";
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

describe("what is not sent yet in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-scheduled-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
    const client = createClient({
      url: `${server.url.replace("http", "ws")}/ws`,
      guest: { name: "Host" },
    });
    await client.connect();
    for (const room of ["drafting", "planning", "plug", "closing", "asking", "voting"]) {
      await client.createRoom({ kind: "public", title: room, room });
    }
    client.close();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const enter = (room: string, options = desktop): Promise<Window> =>
    comeIn(browser, `${server.url}/room/${room}`, "Ann", options);

  /** A second device of the same person, in the same room. */
  async function secondDevice(window: Window, options = desktop): Promise<Window> {
    const storageState = await window.context.storageState();
    // What is kept in the first browser only must not help.
    for (const origin of storageState.origins) {
      origin.localStorage = origin.localStorage.filter(({ name }) => !name.includes("drafts"));
    }
    const context = await browser.newContext({ ...options, storageState });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(window.page.url());
    await page.getByTestId("composer").waitFor();
    return { context, page, errors };
  }
  const composer = (page: Page): Locator => page.getByTestId("composer");
  const item = (page: Page, text: string): Locator =>
    page.getByTestId("scheduled").filter({ hasText: text });
  const holds = (page: Page, text: string): Promise<unknown> =>
    page.waitForFunction(
      (wanted) =>
        document.querySelector<HTMLTextAreaElement>('[data-testid="composer"]')?.value === wanted,
      text,
    );
  /** Chooses a time in the menu beside the button that sends. */
  const later = async (page: Page, text: string, label: RegExp): Promise<void> => {
    await composer(page).fill(text);
    await page.getByRole("button", { name: "Send later" }).click();
    await page.getByRole("menuitem", { name: label }).click();
  };
  const openScheduled = (page: Page): Promise<void> => page.getByTestId("view-scheduled").click();
  const closeAll = async (...windows: readonly Window[]): Promise<void> => {
    for (const { context, errors } of windows) {
      expect(errors).toEqual([]);
      await context.close();
    }
  };

  test("a draft goes on on another device, is listed, and is gone everywhere once sent", async () => {
    const ann = await enter("drafting");
    await composer(ann.page).fill("I was about to say");
    await ann.page.getByTestId("view-drafts").waitFor();
    const other = await secondDevice(ann, phone);
    await holds(other.page, "I was about to say");
    await composer(other.page).fill("I was about to say that");
    await holds(ann.page, "I was about to say that");
    // From another room it is one click away.
    await ann.page.locator('[data-room="general"]').click();
    await ann.page
      .locator('[data-room="drafting"]')
      .getByText("Draft", { exact: true })
      .waitFor({ state: "attached" });
    await ann.page.getByTestId("view-drafts").click();
    const draft = ann.page.getByTestId("draft").filter({ hasText: "I was about to say that" });
    await draft.waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await draft.getByRole("button").first().click();
    await holds(ann.page, "I was about to say that");
    await composer(ann.page).press("Enter");
    await holds(other.page, "");
    await other.page.getByTestId("message").filter({ hasText: "about to say that" }).waitFor();
    await ann.page.getByTestId("view-drafts").waitFor({ state: "detached" });
    // What it answers comes along, and goes along.
    await ann.page.getByTestId("message").filter({ hasText: "about to say that" }).press("r");
    await composer(ann.page).fill("Go on");
    await holds(other.page, "Go on");
    await other.page.getByTestId("answer-bar").getByText("about to say that").waitFor();
    await ann.page.getByTestId("answer-bar").getByRole("button").last().click();
    await other.page.getByTestId("answer-bar").waitFor({ state: "detached" });
    await holds(other.page, "Go on");
    await composer(ann.page).fill("");
    await holds(other.page, "");
    // What one discards in the list is gone from the field of the other device too.
    await composer(other.page).fill("Never mind");
    await ann.page.getByTestId("view-drafts").click();
    await ann.page.getByRole("button", { name: "Discard the draft in drafting" }).click();
    await ann.page.getByText("No drafts").waitFor();
    await holds(other.page, "");
    await closeAll(ann, other);
  }, 60_000);

  test("a message waits for its time, can be changed, taken back, or sent at once", async () => {
    const ann = await enter("planning");
    const { page } = ann;
    await later(page, "See you tomorrow", /^Tomorrow/);
    await page.getByTestId("later-told").getByText("Will be sent").waitFor();
    expect(await composer(page).inputValue()).toBe("");
    await later(page, "Not this one", /^In an hour/);
    // Any other time, by keyboard.
    await later(page, "Much later", /^Day and time/);
    await page.getByTestId("later-time").fill("2020-01-01T09:00");
    await page.getByTestId("later-time").press("Enter");
    await page.getByText("That time is over already.").waitFor();
    await page
      .getByTestId("later-time")
      .fill(new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 16));
    await page.getByTestId("later-time").press("Enter");
    await page.getByTestId("later-told").getByText("Will be sent").waitFor();
    expect(await composer(page).inputValue()).toBe("");
    await openScheduled(page);
    await item(page, "Much later").getByRole("button", { name: "Do not send" }).click();
    await item(page, "Much later").waitFor({ state: "detached" });
    await item(page, "See you tomorrow").waitFor();
    expect(await accessProblems(page)).toEqual([]);
    await item(page, "Not this one").getByRole("button", { name: "Do not send" }).click();
    await item(page, "Not this one").waitFor({ state: "detached" });
    const tomorrow = item(page, "See you tomorrow");
    await tomorrow.getByRole("button", { name: "Change" }).click();
    const form = page.getByTestId("scheduled");
    await form.getByRole("textbox", { name: "Message" }).fill("See you on the day after");
    await form.getByLabel("Day and time").fill("2020-01-01T09:00");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("That time is over already.").waitFor();
    const at = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 16);
    await form.getByLabel("Day and time").fill(at);
    await form.getByRole("button", { name: "Save" }).click();
    await item(page, "See you on the day after").getByRole("button", { name: "Send now" }).click();
    await page.getByText("Nothing is waiting").waitFor();
    await page.keyboard.press("Escape");
    const sent = page.getByTestId("message").filter({ hasText: "See you on the day after" });
    await sent.waitFor();
    expect(await sent.count()).toBe(1);
    expect(await page.getByTestId("message").filter({ hasText: "Not this one" }).count()).toBe(0);
    await closeAll(ann);
  }, 60_000);

  test("one that cannot be sent at its time says why, and can be discarded", async () => {
    const ann = await enter("closing", phone);
    const { page } = ann;
    const host = createClient({
      url: `${server.url.replace("http", "ws")}/ws`,
      guest: { name: "Keeper" },
    });
    await host.connect();
    const mine = await host.createRoom({ kind: "private", title: "Back office" });
    const session = await page.evaluate(() => localStorage.getItem("parlance.session") ?? "{}");
    const { token, user } = JSON.parse(session) as { token: string; user: { id: string } };
    await host.room(mine.room).addMember(user.id);
    // Its writer's own, and due before somebody could choose it by hand.
    const writer = createClient({ url: `${server.url.replace("http", "ws")}/ws`, token });
    await writer.connect();
    const at = new Date(Date.now() + 2_000).toISOString();
    await writer.room(mine.room).schedule("Too late", at);
    await host.room(mine.room).removeMember(user.id);
    writer.close();
    await page.getByRole("button", { name: "Back to rooms" }).click();
    await openScheduled(page);
    await page.locator('[data-testid="scheduled"][data-state="refused"]').waitFor();
    await item(page, "Too late").getByText("Not sent.").waitFor();
    await item(page, "Too late").getByRole("button", { name: "Send now" }).click();
    await item(page, "Too late").getByText("That did not work.").waitFor();
    expect(await accessProblems(page)).toEqual([]);
    await item(page, "Too late").getByRole("button", { name: "Discard" }).click();
    await page.getByText("Nothing is waiting").waitFor();
    host.close();
    await closeAll(ann);
  }, 60_000);

  test("a poll waits for its time, by keyboard; it is shown, changed and sent with what one may choose", async () => {
    const ann = await enter("asking");
    const { page } = ann;
    await composer(page).fill("/poll");
    await composer(page).press("Enter");
    const dialog = page.getByRole("dialog", { name: "New poll" });
    const later = dialog.getByRole("button", { name: "Send later" });
    await dialog.getByLabel("Question").fill("Lunch?");
    await dialog.getByRole("textbox", { name: "Choice 1" }).fill("soup");
    // There is nothing to choose from yet.
    expect(await later.isDisabled()).toBe(true);
    await dialog.getByRole("textbox", { name: "Choice 2" }).fill("salad");
    await dialog.getByLabel("Several choices allowed").check();
    // One that ends before it is asked is none.
    const soon = new Date(Date.now() + 600_000);
    const local = new Date(soon.getTime() - soon.getTimezoneOffset() * 60_000);
    await dialog.getByLabel("Ends at (optional)").fill(local.toISOString().slice(0, 16));
    await later.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: /^In an hour/ }).waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByText("It would end before it is asked.").waitFor();
    await dialog.getByLabel("Ends at (optional)").fill("");
    expect(await accessProblems(page)).toEqual([]);
    await later.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: /^In an hour/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await dialog.getByTestId("poll-later-told").getByText("Will be sent").waitFor();
    expect(await accessProblems(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await page.getByTestId("poll").count()).toBe(0);
    await openScheduled(page);
    await item(page, "Lunch?").getByRole("listitem").filter({ hasText: "salad" }).waitFor();
    await item(page, "Lunch?").getByText("several choices").waitFor();
    await item(page, "Lunch?").getByRole("button", { name: "Change" }).click();
    const form = page.getByTestId("scheduled");
    await form.getByLabel("Question").fill("Lunch on the day after?");
    await form.getByRole("button", { name: "Add a choice" }).click();
    await page.keyboard.type("soup");
    await page.keyboard.press("Enter");
    await form.getByRole("alert").filter({ hasText: "two different choices" }).waitFor();
    await form.getByRole("textbox", { name: "Choice 3" }).fill("bread");
    expect(await accessProblems(page)).toEqual([]);
    await page.keyboard.press("Enter");
    const changed = item(page, "Lunch on the day after?");
    await changed.getByRole("listitem").filter({ hasText: "bread" }).waitFor();
    // Another device has it too.
    const other = await secondDevice(ann, phone);
    await other.page.getByRole("button", { name: "Back to rooms" }).click();
    await openScheduled(other.page);
    await item(other.page, "Lunch on").getByRole("button", { name: "Change" }).click();
    expect(await accessProblems(other.page)).toEqual([]);
    await other.page.getByTestId("scheduled").getByRole("button", { name: "Save" }).click();
    await item(other.page, "Lunch on").getByRole("button", { name: "Send now" }).click();
    await page.getByText("Nothing is waiting").waitFor();
    await page.keyboard.press("Escape");
    for (const name of ["soup 0 votes", "salad 0 votes", "bread 0 votes"]) {
      await page.getByTestId("poll").getByRole("button", { name }).click();
    }
    await page.getByText("1 has voted").waitFor();
    expect(await page.getByTestId("poll").count()).toBe(1);
    await closeAll(ann, other);
  }, 90_000);

  test("a poll for later is asked on a phone, and can be taken back", async () => {
    const ann = await enter("voting", phone);
    const { page } = ann;
    await page.getByRole("button", { name: "New poll" }).tap();
    const dialog = page.getByRole("dialog", { name: "New poll" });
    await dialog.getByLabel("Question").fill("Never?");
    await dialog.getByRole("textbox", { name: "Choice 1" }).fill("yes");
    await dialog.getByRole("textbox", { name: "Choice 2" }).fill("no");
    await dialog.getByRole("button", { name: "Send later" }).tap();
    await page.getByRole("menuitem", { name: "Day and time …" }).tap();
    await page.getByTestId("later-time").fill("2020-01-01T09:00");
    await page.getByRole("button", { name: "Schedule" }).tap();
    await page.getByText("That time is over already.").waitFor();
    const at = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 16);
    await page.getByTestId("later-time").fill(at);
    expect(await accessProblems(page)).toEqual([]);
    await page.getByRole("button", { name: "Schedule" }).tap();
    await dialog.getByTestId("poll-later-told").waitFor();
    await dialog.locator(".actions").getByRole("button", { name: "Close" }).tap();
    await page.getByRole("button", { name: "Back to rooms" }).tap();
    await openScheduled(page);
    await item(page, "Never?").getByRole("button", { name: "Do not send" }).tap();
    await page.getByText("Nothing is waiting").waitFor();
    await closeAll(ann);
  }, 60_000);

  test("[I-3] a scheduled message is sent exactly once through a kill -9 of the server", async () => {
    const ann = await enter("plug");
    const { page } = ann;
    await say(page, "Before the plug is pulled");
    await page
      .getByTestId("message")
      .filter({ hasText: "Before the plug" })
      .getByRole("img", { name: "Sent" })
      .waitFor();
    await later(page, "Sent by nobody's hand", /^In an hour/);
    await openScheduled(page);
    // Due at once: the server is killed while it is about to send.
    await item(page, "nobody's hand").getByRole("button", { name: "Send now" }).click();
    await server.kill();
    await server.start();
    const sent = page.getByTestId("message").filter({ hasText: "Sent by nobody's hand" });
    const again = item(page, "nobody's hand").getByRole("button", { name: "Send now" });
    // The click itself may have been lost with the server: then it is still listed, to be sent by another one.
    const isSent = async (): Promise<number> => {
      if (await again.isVisible()) await again.click({ timeout: 1_000 }).catch(() => {});
      return sent.count();
    };
    await expect.poll(isSent, { timeout: 90_000, interval: 1_000 }).toBe(1);
    await page.keyboard.press("Escape");
    await page.getByTestId("view-scheduled").waitFor({ state: "detached", timeout: 40_000 });
    // What was sent stands in the log once, whoever counts.
    const client = createClient({
      url: `${server.url.replace("http", "ws")}/ws`,
      guest: { name: "Counter" },
    });
    await client.connect();
    const { messages } = await client.room("plug").messages();
    expect(messages.filter(({ text }) => text === "Sent by nobody's hand").length).toBe(1);
    client.close();
    expect(await sent.count()).toBe(1);
    await closeAll(ann);
  }, 180_000);
});
