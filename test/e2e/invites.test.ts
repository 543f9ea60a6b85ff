/** Links that let people in: made, copied, followed by who has an account and who has none, taken back. */
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
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describe("invites", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  let ann: Window;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-invites-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
    ann = await comeIn(browser, server.url, "Ann Okafor", wide);
    const { page } = ann;
    await page.getByRole("button", { name: "New room" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("Kitchen");
    await page.getByRole("radio", { name: "Invited people" }).check();
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.waitForURL("**/room/r_*");
    await say(page, "Soup is on");
    await page.locator("main .room-menu").click();
    await page.getByRole("menuitem", { name: "Invite by a link" }).click();
    await page.getByRole("button", { name: "Make a link" }).waitFor();
  }, 90_000);

  afterAll(async () => {
    expect(ann.errors).toEqual([]);
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A further link, in the dialog that is open on Ann's screen. */
  async function makeLink(uses = "any", role = "Member"): Promise<string> {
    const dialog = ann.page.getByRole("dialog");
    const link = dialog.getByTestId("invite-link");
    const before = (await link.isVisible()) ? await link.inputValue() : "";
    await dialog.getByRole("radio", { name: role }).check();
    await dialog.getByLabel("How many people may use it").selectOption(uses);
    await dialog.getByRole("button", { name: "Make a link" }).click();
    await link.waitFor();
    await expect.poll(() => link.inputValue()).not.toBe(before);
    const now = await link.inputValue();
    expect(now).toContain("/invite/");
    return now;
  }

  async function follow(link: string, options: BrowserContextOptions = wide): Promise<Page> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(link);
    await page.getByText("You are invited to a room").waitFor();
    return page;
  }

  const accept = (page: Page): Promise<void> =>
    page.getByRole("button", { name: "Join", exact: true }).click();

  test("a link leads a guest to its room, as often as it says", async () => {
    const link = await makeLink("1", "Guest");
    expect(new URL(link).pathname).toMatch(/^\/invite\/[A-Za-z0-9]{20,}$/);
    expect(await accessProblems(ann.page)).toEqual([]);
    const bob = await follow(link);
    expect(await accessProblems(bob)).toEqual([]);
    await bob.getByTestId("guest-name").fill("Bob Larsen");
    await bob.getByTestId("guest-name").press("Enter");
    await bob.getByRole("heading", { name: /You are invited to .*Kitchen/ }).waitFor();
    await bob.getByText("Members: 1").waitFor();
    expect(await bob.locator("body").innerText()).not.toContain("Soup is on");
    expect(await accessProblems(bob)).toEqual([]);
    await accept(bob);
    await bob.getByText("Soup is on").waitFor();
    expect(new URL(bob.url()).pathname).toMatch(/^\/room\/r_/);
    await bob.goBack();
    expect(bob.url()).not.toContain("/invite/");

    const cat = await follow(link);
    await cat.getByTestId("guest-name").fill("Cat");
    await cat.getByTestId("guest-name").press("Enter");
    await cat.getByText("This link leads nowhere").waitFor();
    expect(await accessProblems(cat)).toEqual([]);
    // Used up, it is not among the good ones any more.
    await ann.page.getByText("There is no open link.").waitFor();
    await bob.context().close();
    await cat.context().close();
  });

  test("somebody makes an account on the way, and comes in by keyboard alone", async () => {
    const link = await makeLink("5");
    const dee = await follow(link);
    await dee.getByRole("button", { name: "Create an account" }).click();
    await dee.getByLabel("User name").fill("dee");
    await dee.getByLabel("Password").fill("a good long sentence");
    await dee.getByLabel("Password").press("Enter");
    await dee.locator("button:focus", { hasText: "Join" }).waitFor();
    await dee.keyboard.press("Enter");
    await dee.getByText("Soup is on").waitFor();
    await ann.page.getByRole("dialog").waitFor();
    await dee.context().close();
  });

  test("links that are taken back, and that were never made, are told alike; on a phone too", async () => {
    const link = await makeLink("25");
    const dialog = ann.page.getByRole("dialog");
    const row = dialog.getByTestId("invite").filter({ hasText: "left: 25" });
    await row.getByRole("button").click();
    await row.waitFor({ state: "detached" });
    const texts: string[] = [];
    for (const address of [link, `${server.url}/invite/${"x".repeat(32)}`]) {
      const page = await follow(address, phone);
      await page.getByTestId("guest-name").fill("Eve");
      await page.getByTestId("guest-name").press("Enter");
      await page.getByText("This link leads nowhere").waitFor();
      texts.push(await page.locator("main").innerText());
      expect(await accessProblems(page)).toEqual([]);
      await page.getByRole("button", { name: "Go to general" }).click();
      await page.locator("main h1", { hasText: "General" }).waitFor();
      await page.context().close();
    }
    expect(texts[0]).toBe(texts[1]);
  });
}, 120_000);
