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

describe("mentions and marks in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-mentions-"));
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
  const message = (page: Page, text: string): Locator =>
    page.locator(".history").getByTestId("message").filter({ hasText: text });
  const rooms = (page: Page, id: string): Locator =>
    page.locator(`[data-testid=room-item][data-room="${id}"]`);

  test("somebody is mentioned by keyboard; the message stands out for them, and their list of rooms counts it", async () => {
    await makeRoom(server.url, "mentions");
    const ann = await enter("mentions", "Ann Okafor");
    const bob = await enter("mentions", "Bob Larsen");
    await say(bob.page, "Hello");
    await message(ann.page, "Hello").waitFor();
    await bob.page.goto(`${server.url}/room/general`);
    await rooms(bob.page, "mentions").waitFor();
    const field = ann.page.getByTestId("composer");
    await field.pressSequentially("Ask @bob");
    await ann.page.getByRole("option", { name: "Bob Larsen" }).waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await field.press("ArrowDown");
    await field.press("ArrowUp");
    await field.press("Enter");
    expect(await field.inputValue()).toBe("Ask @Bob Larsen ");
    await field.pressSequentially("please");
    await field.press("Enter");
    await message(ann.page, "Ask").locator(".mention", { hasText: "@Bob Larsen" }).waitFor();
    await rooms(bob.page, "mentions").getByTestId("badge").getByText("1 unread mention").waitFor();
    await bob.page.getByTestId("view-mentions").getByText("1", { exact: true }).waitFor();
    // What mentions nobody makes the name bold, and no number.
    await say(ann.page, "Never mind the rest");
    await rooms(bob.page, "mentions").and(bob.page.locator(".unread")).waitFor();
    await bob.page.keyboard.press("Alt+m");
    const listed = bob.page.getByTestId("listed-message").filter({ hasText: "Ask @Bob" });
    await listed.waitFor();
    expect(await listed.getAttribute("data-new")).toBe("true");
    expect(await accessProblems(bob.page)).toEqual([]);
    await listed.click();
    await message(bob.page, "Ask").and(bob.page.locator(".for-me")).waitFor();
    await message(bob.page, "Ask").locator(".mention.to-me").waitFor();
    expect(await message(ann.page, "Ask").and(ann.page.locator(".for-me")).count()).toBe(0);
    await rooms(bob.page, "mentions").getByTestId("badge").waitFor({ state: "detached" });
    await closeAll(ann, bob);
  }, 60_000);

  test("the list closes by Esc and by what is no name; everybody in a room can be called", async () => {
    await makeRoom(server.url, "everybody");
    const ann = await enter("everybody", "Ann");
    const bob = await enter("everybody", "Bob", phone);
    const field = ann.page.getByTestId("composer");
    const list = ann.page.getByRole("listbox", { name: "People to mention" });
    await field.pressSequentially("@");
    await list.waitFor();
    await field.press("Escape");
    await list.waitFor({ state: "detached" });
    await field.pressSequentially("nobody of that name");
    expect(await list.count()).toBe(0);
    await field.fill("");
    await field.pressSequentially("Fire drill @ro");
    await ann.page.getByRole("option", { name: "@room" }).click();
    await list.waitFor({ state: "detached" });
    await field.press("Enter");
    await message(bob.page, "Fire drill").and(bob.page.locator(".for-me")).waitFor();
    await message(bob.page, "Fire drill").locator(".mention.to-me", { hasText: "@room" }).waitFor();
    // On a phone the list is there too, and a tap chooses.
    await bob.page.getByTestId("composer").pressSequentially("Here, @an");
    expect(await accessProblems(bob.page)).toEqual([]);
    await bob.page.getByRole("option", { name: "Ann" }).tap();
    expect(await bob.page.getByTestId("composer").inputValue()).toBe("Here, @Ann ");
    await closeAll(ann, bob);
  }, 60_000);

  test("a mention that is edited in is one, and one that is edited out is none", async () => {
    await makeRoom(server.url, "edited");
    const ann = await enter("edited", "Ann");
    const bob = await enter("edited", "Bob");
    await say(ann.page, "Lunch");
    const edit = async (text: string): Promise<void> => {
      const field = ann.page.getByRole("textbox", { name: "Edit" });
      // Not while it is on its way, or an earlier edit is.
      const isOpen = async (): Promise<number> => {
        await message(ann.page, "Lunch").press("e");
        return field.count();
      };
      await expect.poll(isOpen).toBe(1);
      await field.fill(text);
      await ann.page.getByRole("textbox", { name: "Edit" }).press("Enter");
    };
    await message(bob.page, "Lunch").waitFor();
    await edit("Lunch, @Bob?");
    await message(bob.page, "Lunch").locator(".mention.to-me").waitFor();
    await edit("Lunch, anybody?");
    await message(bob.page, "anybody").waitFor();
    expect(await bob.page.locator(".for-me").count()).toBe(0);
    await closeAll(ann, bob);
  }, 60_000);

  test("what an edited message said before is opened from it, by keyboard too", async () => {
    await makeRoom(server.url, "versions");
    const ann = await enter("versions", "Ann");
    const bob = await enter("versions", "Bob");
    await say(ann.page, "At **noon**");
    await ann.page
      .locator('.history [data-state="sent"][data-sequence]', { hasText: "noon" })
      .press("e");
    await ann.page.getByRole("textbox", { name: "Edit" }).fill("At one");
    await ann.page.getByRole("textbox", { name: "Edit" }).press("Enter");
    await message(bob.page, "At one").getByRole("button", { name: "edited" }).focus();
    await bob.page.keyboard.press("Enter");
    const versions = bob.page.getByTestId("versions");
    // What differs is marked, in words for those who do not see it; without the marks both are as they were written.
    await versions.locator("del", { hasText: /\[removed\] \*\*noon\*\*$/ }).waitFor();
    await versions.locator("ins", { hasText: /\[added\] one$/ }).waitFor();
    expect(await accessProblems(bob.page)).toEqual([]);
    await versions.getByRole("checkbox", { name: "Mark what changed" }).uncheck();
    await versions.getByText("At one", { exact: true }).waitFor();
    await versions.locator("strong", { hasText: "noon" }).waitFor();
    expect(await versions.getByRole("listitem").count()).toBe(2);
    expect(await accessProblems(bob.page)).toEqual([]);
    await bob.page.keyboard.press("Escape");
    await versions.waitFor({ state: "detached" });
    await message(bob.page, "At one")
      .getByRole("button", { name: "edited" })
      .and(bob.page.locator(":focus"))
      .waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("[I-21] a room is marked unread from a message on, on all devices, until one writes", async () => {
    await makeRoom(server.url, "unread");
    const ann = await enter("unread", "Ann");
    const bob = await enter("unread", "Bob");
    await say(bob.page, "Hello");
    for (const text of ["First", "Second", "Third"]) await say(ann.page, text);
    await message(bob.page, "Third").waitFor();
    const second = await bob.context.newPage();
    await second.goto(`${server.url}/room/general`);
    await rooms(second, "unread").waitFor();
    await bob.page.bringToFront();
    // All of it is read, also for the server.
    for (const page of [bob.page, second]) {
      await rooms(page, "unread").and(page.locator(".unread")).waitFor({ state: "detached" });
    }
    await message(bob.page, "Second").press("u");
    const unread = (page: Page): Locator => rooms(page, "unread").getByText("2 unread messages");
    await unread(bob.page).waitFor();
    await bob.page.getByTestId("new-since").waitFor();
    await unread(second).waitFor();
    // It stays so while it is looked at, and goes with an answer.
    await say(ann.page, "Fourth");
    await rooms(bob.page, "unread").getByText("3 unread messages").waitFor();
    await say(bob.page, "All read");
    await rooms(bob.page, "unread").and(bob.page.locator(".unread")).waitFor({ state: "detached" });
    await rooms(second, "unread").and(second.locator(".unread")).waitFor({ state: "detached" });
    await closeAll(ann, bob);
  }, 60_000);

  test("under one's newest message stands who has seen it, where the room tells, and only then", async () => {
    const ann = await enter("general", "Ann");
    await ann.page.getByRole("button", { name: "New room" }).first().click();
    await ann.page.getByLabel("Name", { exact: true }).fill("Kitchen");
    await ann.page.getByRole("radio", { name: "Invited people" }).check({ force: true });
    await ann.page.getByRole("button", { name: "Create", exact: true }).click();
    await ann.page.waitForURL(/\/room\/(?!general)/);
    const room = new URL(ann.page.url()).pathname;
    const bob = await enter("general", "Bob of the kitchen");
    await say(bob.page, "Hi");
    await ann.page.getByRole("button", { name: "Add people" }).click();
    await ann.page.getByRole("button", { name: "Add Bob of the kitchen" }).click();
    await ann.page.keyboard.press("Escape");
    await say(ann.page, "Soup is ready");
    await message(ann.page, "Soup is ready").waitFor();
    expect(await ann.page.getByTestId("seen").count()).toBe(0);
    await bob.page.goto(`${server.url}${room}`);
    await message(bob.page, "Soup is ready").waitFor();
    const seen = ann.page.getByTestId("seen");
    await seen.getByText("seen by 1").waitFor();
    await seen.click();
    await ann.page.getByRole("dialog").getByText("Bob of the kitchen").waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await closeAll(ann, bob);
  }, 60_000);

  test("the browser tells of a mention while one looks elsewhere, and a click leads to it", async () => {
    await makeRoom(server.url, "notices");
    const ann = await enter("notices", "Ann");
    const bob = await enter("notices", "Bob");
    await say(bob.page, "Hello");
    await message(ann.page, "Hello").waitFor();
    await bob.context.grantPermissions(["notifications"], { origin: server.url });
    await bob.page.addInitScript(() => {
      const told: unknown[] = [];
      class Told extends EventTarget {
        static permission = "granted";
        constructor(title: string, options: { body?: string }) {
          super();
          told.push({
            title,
            body: options.body,
            click: () => this.dispatchEvent(new Event("click")),
          });
        }
        close(): void {}
      }
      Object.assign(window, { Notification: Told, told });
      localStorage.setItem("parlance.preferences", '{"alerts":"on"}');
      // Nobody looks at it.
      document.hasFocus = () => false;
    });
    await bob.page.goto(`${server.url}/room/general`);
    await rooms(bob.page, "notices").waitFor();
    await say(ann.page, "Nothing for you");
    await say(ann.page, "@Bob, **come**");
    const told = (): Promise<{ title: string; body: string }[]> =>
      bob.page.evaluate(() =>
        (window as unknown as { told: { title: string; body: string }[] }).told.map(
          ({ title, body }) => ({ title, body }),
        ),
      );
    await expect
      .poll(told, { timeout: 10_000 })
      .toEqual([{ title: "Ann · notices", body: "@Bob, come" }]);
    await bob.page.evaluate(() =>
      (window as unknown as { told: { click(): void }[] }).told[0]?.click(),
    );
    await message(bob.page, "@Bob").waitFor();
    await closeAll(ann, bob);
  }, 60_000);
});
