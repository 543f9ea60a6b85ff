/** Documents in the web app: made, written together, through a kill, read by who may only read, with what they said before. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { closeAll, comeIn, openBrowser, phone, type Window, wide } from "./browser.ts";

const test = requires("chromium");
const waitMs = 20_000;

describe("documents in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-documents-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_DRAIN_MS: "0",
      PARLANCE_COMMANDS_PER_SECOND: "0",
    });
    await server.start();
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const field = (page: Page): Locator =>
    page.getByRole("textbox", { name: "Text of the document" });

  async function reads(text: string, ...windows: readonly Window[]): Promise<void> {
    for (const { page } of windows) {
      await expect.poll(() => field(page).inputValue(), { timeout: waitMs }).toBe(text);
    }
  }

  /** Somebody who made a document by the dialog. */
  async function maker(name: string, title: string): Promise<Window> {
    const ann = await comeIn(browser, `${server.url}/room/general`, name, wide);
    await ann.page.getByRole("button", { name: "New room" }).first().click();
    await ann.page.getByLabel("Name").first().fill(title);
    await ann.page.getByRole("radio", { name: "Document" }).check();
    await ann.page.getByRole("button", { name: "Create" }).click();
    await ann.page.locator('[data-testid="document"][data-state="ready"]').waitFor();
    return ann;
  }

  /** A link of the one who made it, and who came by it. */
  async function guest(
    { page }: Window,
    role: "member" | "guest",
    name: string,
    options: BrowserContextOptions = wide,
  ): Promise<Window> {
    const room = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    const token = await page.evaluate(() =>
      Object.values(localStorage)
        .map((kept) => /"token":"([^"]+)"/.exec(kept)?.[1])
        .find((found) => found !== undefined),
    );
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const path = `${server.url}/api/v1/rooms/${encodeURIComponent(room)}/invites`;
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify({ role }) });
    const made = (await answer.json()) as { token: string };
    const bob = await comeIn(browser, `${server.url}/room/general`, name, options);
    await bob.page.goto(`${server.url}/invite/${made.token}`);
    await bob.page.getByRole("button", { name: /Join|Accept/ }).click();
    await bob.page.locator('[data-testid="document"][data-state="ready"]').waitFor();
    return bob;
  }

  test("[YJS-4] [I-1] a document is made from the dialog, two write in it at once, and nothing is lost by a kill", async () => {
    const ann = await maker("Ann", "Plan");
    const bob = await guest(ann, "member", "Bob");
    await field(ann.page).pressSequentially("one two");
    await reads("one two", ann, bob);
    await field(bob.page).press("Control+End");
    await field(ann.page).press("Control+Home");
    await Promise.all([
      field(ann.page).pressSequentially("A".repeat(30)),
      field(bob.page).pressSequentially("ö😀".repeat(10)),
    ]);
    await reads(`${"A".repeat(30)}one two${"ö😀".repeat(10)}`, ann, bob);
    const both = `${"A".repeat(30)}one two${"ö😀".repeat(10)}`;
    // Only one's own is taken back, and comes again.
    await field(ann.page).press("Control+z");
    await expect.poll(() => field(bob.page).inputValue()).not.toContain("A");
    expect(await field(bob.page).inputValue()).toContain("ö😀".repeat(10));
    await field(ann.page).press("Control+y");
    await reads(both, ann, bob);
    await server.kill();
    await field(ann.page).press("Control+Home");
    await field(ann.page).pressSequentially("away ");
    await ann.page.getByText("Not connected. What you write is kept here").waitFor();
    await server.start();
    await reads(`away ${both}`, ann, bob);
    await ann.page.reload();
    await reads(`away ${both}`, ann);
    expect(await accessProblems(ann.page)).toEqual([]);
    await closeAll(ann, bob);
  }, 90_000);

  test("versions have names, are shown by the slider, and one goes back to them", async () => {
    const ann = await maker("Ann", "History");
    const bob = await guest(ann, "member", "Bob");
    const { page } = ann;
    await field(page).pressSequentially("first draft");
    await reads("first draft", bob);
    await page.getByRole("button", { name: "History", exact: true }).click();
    await page.getByText("No earlier version is kept yet.").waitFor();
    await page.getByLabel("Name of the version").fill("Draft");
    await page.getByRole("button", { name: "Name this version" }).click();
    const slider = page.getByRole("slider", { name: "Version" });
    await slider.waitFor();
    await field(page).press("Control+End");
    await field(page).pressSequentially(", spoilt");
    await reads("first draft, spoilt", bob);
    await slider.press("ArrowLeft");
    const past = page.getByRole("textbox", { name: "What the document said" });
    await expect.poll(() => past.inputValue()).toBe("first draft");
    expect(await page.getByTestId("version-label").textContent()).toMatch(/^Draft · Ann · /);
    expect(await accessProblems(page)).toEqual([]);
    await page.getByRole("button", { name: "Go back to this version" }).click();
    await reads("first draft", ann, bob);
    await closeAll(ann, bob);
  }, 90_000);

  test("[YJS-6] on a phone, whoever may only read sees it live and has nothing to write with; dark too", async () => {
    const ann = await maker("Ann", "Read");
    const rita = await guest(ann, "guest", "Rita", phone);
    await rita.page.getByText("You may read this document.").waitFor();
    await field(ann.page).pressSequentially("for all");
    await reads("for all", rita);
    expect(await field(rita.page).getAttribute("readonly")).not.toBeNull();
    const width = await rita.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBe(phone.viewport.width);
    await rita.page.getByRole("button", { name: "History", exact: true }).click();
    await rita.page.getByText("No earlier version is kept yet.").waitFor();
    expect(await rita.page.getByRole("button", { name: "Name this version" }).count()).toBe(0);
    await rita.page.emulateMedia({ colorScheme: "dark" });
    expect(await accessProblems(rita.page)).toEqual([]);
    await closeAll(ann, rita);
  }, 90_000);
});
