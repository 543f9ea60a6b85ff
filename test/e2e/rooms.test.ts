/** Rooms as people deal with them: settings, menus, sections, people, bans, requests, direct messages. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { comeIn, openBrowser, say, type Window } from "./browser.ts";

const test = requires("chromium");
const wide = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** A name as it stands in sentences. */
const isolated = (name: string): string => `\u2068${name}\u2069`;

describe("rooms", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  let ann: Window;
  let bob: Window;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-rooms-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
    ann = await comeIn(browser, server.url, "Ann Okafor", wide);
    bob = await comeIn(browser, server.url, "Bob Larsen", wide);
  }, 90_000);

  afterAll(async () => {
    expect([...ann.errors, ...bob.errors]).toEqual([]);
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A room of Ann's on her screen; gives its id. */
  async function makeRoom(kind: string, title: string): Promise<string> {
    const { page } = ann;
    await page.getByRole("button", { name: "New room" }).first().click();
    const dialog = page.getByRole("dialog", { name: "New room" });
    await dialog.getByLabel("Name", { exact: true }).fill(title);
    await dialog.getByRole("radio", { name: kind, exact: true }).check();
    await dialog.getByRole("button", { name: "Create", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator("main h1", { hasText: title }).waitFor();
    await page.getByTestId("composer").waitFor();
    return decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
  }

  /** From the menu above the conversation. */
  async function choose(page: Page, item: string): Promise<void> {
    await page.locator("main .room-menu").click();
    await page.getByRole("menuitem", { name: item, exact: true }).click();
  }

  const side = (page: Page): Locator => page.getByRole("complementary", { name: "People" });
  const item = (page: Page, room: string): Locator =>
    page.locator(`[data-testid="room-item"][data-room="${room}"]`);
  const part = (page: Page, name: string): Locator =>
    page.getByRole("navigation").getByRole("region", { name, exact: true });

  async function choosePerson(page: Page, name: string, act: string): Promise<void> {
    await side(page)
      .getByRole("button", { name: `What can be done with ${isolated(name)}` })
      .click();
    await page.getByRole("menuitem", { name: act, exact: true }).click();
  }

  /** Ann brings somebody into the room on her screen. */
  async function add(name: string): Promise<void> {
    const { page } = ann;
    await side(page).getByRole("button", { name: "Add people" }).click();
    const dialog = page.getByRole("dialog", { name: "Add people" });
    await dialog.getByRole("button", { name: `Add ${name}` }).click();
    await dialog.getByText("Added", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
  }

  test("settings are set by the staff, and everybody sees them at once", async () => {
    const room = await makeRoom("Everyone", "Tea and biscuits");
    await bob.page.goto(`${server.url}/room/${room}`);
    await bob.page.getByRole("button", { name: "Join", exact: true }).click();
    await bob.page.getByTestId("composer").waitFor();

    await choose(ann.page, "Room settings");
    const dialog = ann.page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("Tea");
    await dialog.getByLabel("Topic").fill("Which biscuit survives a dunk?");
    await dialog.getByLabel("What the room is for").fill("Questions of taste.");
    await dialog.getByLabel("Picture").selectOption("sign");
    await dialog.getByRole("radio", { name: "Colour 3" }).check();
    await dialog.getByLabel("Slow mode").selectOption("30");
    expect(await accessProblems(ann.page)).toEqual([]);
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Saved.").waitFor();
    await ann.page.keyboard.press("Escape");

    await bob.page.locator("main h1", { hasText: /^Tea$/ }).waitFor();
    await bob.page.getByText("Which biscuit survives a dunk?").waitFor();
    await bob.page.locator("main h1 .room-mark").waitFor();
    await item(bob.page, room).locator(".room-mark").waitFor();
    await choose(bob.page, "About this room");
    const about = bob.page.getByRole("dialog", { name: `About ${isolated("Tea")}` });
    await about.getByText("Questions of taste.").waitFor();
    expect(await about.getByLabel("Topic").count()).toBe(0);
    await about.getByText("Who may do what").click();
    await about.getByText("Members: read and write.").waitFor();
    await bob.page.keyboard.press("Escape");
  });

  test("an archived room is read, and opens again", async () => {
    const room = await makeRoom("Everyone", "Old times");
    await bob.page.goto(`${server.url}/room/${room}`);
    await bob.page.getByRole("button", { name: "Join", exact: true }).click();
    await bob.page.getByTestId("composer").waitFor();
    await choose(ann.page, "Archive");
    await ann.page.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
    await bob.page.getByTestId("closed-bar").waitFor();
    await choose(ann.page, "Open again");
    await ann.page.getByRole("dialog").getByRole("button", { name: "Open again" }).click();
    await bob.page.getByTestId("composer").waitFor();
  });

  test("a direct message begins by typing a name, and shows at once on the other side, with presence", async () => {
    await bob.page.goto(`${server.url}/room/general`);
    await ann.page.goto(`${server.url}/room/general`);
    await ann.page.getByTestId("composer").waitFor();
    await bob.page.getByTestId("composer").waitFor();
    await ann.page.keyboard.press("Alt+w");
    const dialog = ann.page.getByRole("dialog", { name: "New message" });
    await dialog.getByRole("button", { name: /Bob Larsen/ }).waitFor();
    await ann.page.keyboard.type("bob");
    await ann.page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: `Remove ${isolated("Bob Larsen")}` }).waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await ann.page.keyboard.press("Enter");
    await ann.page.waitForURL("**/room/r_*");
    await ann.page.locator("main h1", { hasText: "Bob Larsen" }).waitFor();
    await say(ann.page, "Just between us");

    const theirs = part(bob.page, "Direct messages").getByTestId("room-item");
    await theirs.filter({ hasText: "Ann Okafor" }).waitFor();
    await theirs.locator(".count").waitFor();
    await theirs.locator('[data-here="true"]').waitFor();
    await part(ann.page, "Direct messages").locator('[data-here="true"]').waitFor();
    await theirs.click();
    await bob.page.getByText("Just between us").waitFor();
    // What they say they are at stands beside their name, and how they are here.
    const hers = part(ann.page, "Direct messages").getByTestId("room-item");
    await say(bob.page, "/status 🚲 On my way");
    await hers.getByRole("img", { name: "On my way" }).waitFor();
    await say(bob.page, "/dnd");
    await hers.locator('[data-state="dnd"]').waitFor();
    await hers.getByRole("img", { name: "Do not disturb" }).waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await say(bob.page, "/away");
    await hers.locator('[data-state="away"]').waitFor();
    expect(await hers.textContent()).toContain("Away");
    await say(bob.page, "/away off");
    await say(bob.page, "/status");
    await hers.locator('[data-state="active"]').waitFor();
    await hers.getByRole("img").waitFor({ state: "detached" });
    const away = bob.page.url();
    await bob.page.goto("about:blank");
    await part(ann.page, "Direct messages").locator('[data-here="false"]').waitFor();
    await bob.page.goto(away);
    // Who comes later learns it too.
    await theirs.locator('[data-here="true"]').waitFor();
    await part(ann.page, "Direct messages").locator('[data-here="true"]').waitFor();
  });

  test("favourites, sections, mute and folds are the same on another device at once", async () => {
    const room = await makeRoom("Everyone", "Allotment");
    const session = await ann.page.evaluate(() => localStorage["parlance.session"] as string);
    const context = await browser.newContext({
      ...wide,
      storageState: {
        cookies: [],
        origins: [
          { origin: server.url, localStorage: [{ name: "parlance.session", value: session }] },
        ],
      },
    });
    const other = await context.newPage();
    await other.goto(`${server.url}/room/general`);
    await item(other, room).waitFor();

    await choose(ann.page, "Add to favourites");
    await part(other, "Favourites").locator(`[data-room="${room}"]`).waitFor();
    await choose(ann.page, "Remove from favourites");
    await part(other, "Favourites").waitFor({ state: "detached" });

    await choose(ann.page, "Notifications and section");
    const dialog = ann.page.getByRole("dialog");
    expect(await dialog.getByRole("radio", { name: "Mentions" }).isChecked()).toBe(true);
    await dialog.getByRole("radio", { name: "Every message" }).check();
    await dialog.getByLabel("Section").selectOption({ label: "New section …" });
    await dialog.getByLabel("Name of the section").fill("Garden");
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await part(other, "Garden").locator(`[data-room="${room}"]`).waitFor();
    await dialog.getByLabel("Mute").selectOption("forever");
    await item(other, room).getByText("muted").waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await ann.page.keyboard.press("Escape");

    await part(ann.page, "Garden").getByRole("button", { name: "Sections of the list" }).click();
    const sections = ann.page.getByRole("dialog", { name: "Sections of the list" });
    await sections.getByLabel("New section").fill("Work");
    await ann.page.keyboard.press("Enter");
    const names = sections.getByLabel("Name of the section");
    await expect.poll(() => names.count()).toBe(2);
    await names.nth(1).press("Alt+ArrowUp");
    await expect.poll(() => names.nth(0).inputValue()).toBe("Work");
    await names.nth(0).fill("Job");
    await names.nth(0).press("Enter");
    const order = async (): Promise<readonly string[]> =>
      (await other.locator(".rooms .part h2").allInnerTexts()).slice(0, 2);
    await expect.poll(order).toEqual(["Job", "Garden"]);
    expect(await accessProblems(ann.page)).toEqual([]);
    await ann.page.keyboard.press("Escape");

    await part(ann.page, "Garden").getByRole("button", { name: "Garden", exact: true }).click();
    await item(ann.page, room).waitFor();
    await expect.poll(() => part(other, "Garden").locator(`[data-room="${room}"]`).count()).toBe(0);
    await context.close();
  });

  test("owners give roles, and put out for good; the one concerned keeps nothing of the room", async () => {
    const room = await makeRoom("Invited people", "Kitchen");
    await say(ann.page, "The soup is a secret");
    await add("Bob Larsen");
    await item(bob.page, room).waitFor();
    await item(bob.page, room).click();
    await bob.page.getByText("The soup is a secret").waitFor();
    await bob.page.getByTestId("composer").fill("Half a thought");

    await choosePerson(ann.page, "Bob Larsen", "Make moderator");
    const moderator = side(bob.page).getByTestId("person").filter({ hasText: "moderator" });
    await moderator.filter({ hasText: "Bob" }).waitFor();
    await side(bob.page).getByRole("button", { name: "Invite by a link" }).waitFor();
    await choosePerson(ann.page, "Bob Larsen", "Make member");
    await side(bob.page)
      .getByRole("button", { name: "Invite by a link" })
      .waitFor({ state: "detached" });
    await choosePerson(ann.page, "Ann Okafor", "Make member");
    await side(ann.page).getByText("A room needs an owner.").waitFor();

    await choosePerson(ann.page, "Bob Larsen", "Ban");
    const question = ann.page.getByRole("dialog", { name: `Ban ${isolated("Bob Larsen")}?` });
    await question.getByLabel("Reason (optional)").fill("Salted it twice");
    expect(await accessProblems(ann.page)).toEqual([]);
    await question.getByRole("button", { name: "Ban", exact: true }).click();
    await bob.page.getByText("You are banned from").waitFor();
    await bob.page.getByText("Salted it twice").waitFor();
    await item(bob.page, room).waitFor({ state: "detached" });
    expect(await bob.page.locator("body").innerText()).not.toMatch(/soup|Half a thought/);
    const kept = (): Promise<string> =>
      bob.page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
      );
    expect(await kept()).not.toMatch(/soup|Half a thought/);
    await bob.page.reload();
    await bob.page.getByText("There is no such room").waitFor();
    expect(await bob.page.locator("body").innerText()).not.toContain("Kitchen");

    await side(ann.page).getByRole("button", { name: "Banned people" }).click();
    const bans = ann.page.getByRole("dialog", { name: "Banned people" });
    await bans.getByTestId("ban").filter({ hasText: "Salted it twice" }).waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await bans.getByRole("button", { name: `Lift the ban: ${isolated("Bob Larsen")}` }).click();
    await bans.getByText("Nobody is banned here.").waitFor();
    await ann.page.keyboard.press("Escape");
    await add("Bob Larsen");
    await bob.page.getByText("The soup is a secret").waitFor();
  });

  test("a listed room is found, asked for, and its staff lets in", async () => {
    const room = await makeRoom("Invited people", "Orchard");
    await say(ann.page, "Before you came");
    await choose(ann.page, "Room settings");
    const dialog = ann.page.getByRole("dialog");
    await dialog.getByLabel("In the directory").selectOption("on");
    await dialog.getByLabel("What members read").selectOption("since_joined");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Saved.").waitFor();
    await ann.page.keyboard.press("Escape");

    await bob.page.getByRole("button", { name: "Find rooms" }).click();
    const found = bob.page.getByRole("dialog", { name: "Find rooms" });
    await found.getByLabel("Words of the name or topic").fill("orch");
    await expect.poll(() => found.getByTestId("directory-entry").count()).toBe(1);
    expect(await accessProblems(bob.page)).toEqual([]);
    await found.getByRole("button", { name: "Ask to come in" }).click();
    await found.getByText("Asked", { exact: true }).waitFor();
    await bob.page.keyboard.press("Escape");

    const requests = side(ann.page).getByTestId("requests");
    await requests.getByText("Bob Larsen").waitFor();
    await ann.page.setViewportSize({ width: 1000, height: 800 });
    await ann.page.getByTestId("requests-count").waitFor();
    await ann.page.setViewportSize(wide.viewport);
    expect(await accessProblems(ann.page)).toEqual([]);
    await requests.getByRole("button", { name: `Let in: ${isolated("Bob Larsen")}` }).click();
    await requests.waitFor({ state: "detached" });
    await item(bob.page, room).click();
    await bob.page.getByTestId("composer").waitFor();
    expect(await bob.page.locator("main").innerText()).not.toContain("Before you came");
  });

  test("on a phone a room's menu, its settings and new messages fit the screen", async () => {
    const dan = await comeIn(browser, `${server.url}/room/general`, "Dan", phone);
    const { page } = dan;
    const isTooWide = (): Promise<boolean> =>
      page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    await choose(page, "About this room");
    await page.getByRole("dialog").getByText("Who may do what").click();
    expect(await accessProblems(page)).toEqual([]);
    expect(await isTooWide()).toBe(false);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Back to rooms" }).click();
    await page.getByRole("button", { name: "New message" }).first().click();
    await page.getByRole("dialog", { name: "New message" }).getByText("Ann Okafor").waitFor();
    expect(await accessProblems(page)).toEqual([]);
    expect(await isTooWide()).toBe(false);
    expect(dan.errors).toEqual([]);
    await dan.context.close();
  });
}, 120_000);
