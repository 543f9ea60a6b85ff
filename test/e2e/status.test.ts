/** Status, profile and cards of people, in two windows, by keyboard too, and on a phone. */
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

/** A PNG of one pixel, which the page makes a picture of. */
const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

describe("what people say of themselves", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-status-"));
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

  /** Two windows; the names are others in each test, as those who were here before stay members. */
  const both = async (name: string): Promise<readonly [Window, Window]> => {
    const ann = await comeIn(browser, server.url, name);
    const bob = await comeIn(browser, server.url, `${name}'s friend`);
    return [ann, bob];
  };
  const closeAll = async (...windows: readonly Window[]): Promise<void> => {
    for (const { context, errors } of windows) {
      expect(errors).toEqual([]);
      await context.close();
    }
  };
  const person = (page: Page, name: string): Locator =>
    page.getByTestId("person").filter({ has: page.getByText(name, { exact: true }) });
  const ownMenu = async (page: Page, item: string): Promise<void> => {
    await page.getByTestId("own-menu").click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  const dialog = (page: Page, name: string): Locator => page.getByRole("dialog", { name });
  const card = (page: Page): Locator => page.getByTestId("person-card");

  test("a status is set by keyboard alone, seen at once beside the name, and taken away", async () => {
    const [ann, bob] = await both("Ann");
    const own = ann.page.getByTestId("own-menu");
    await own.focus();
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("menuitem", { name: "Set a status" }).waitFor();
    await ann.page.keyboard.press("Enter");
    const form = dialog(ann.page, "Status");
    await form.getByLabel("What you are up to").waitFor();
    expect(await accessProblems(ann.page, "dialog")).toEqual([]);
    await ann.page.keyboard.type("Writing the minutes");
    await ann.page.keyboard.press("Enter");
    await form.waitFor({ state: "detached" });
    await own.getByText("Writing the minutes").waitFor();
    await person(bob.page, "Ann").getByLabel("Writing the minutes").waitFor();

    await ownMenu(ann.page, "Set a status");
    await form.getByRole("button", { name: "Clear status" }).click();
    await form.getByRole("button", { name: "On holiday" }).click();
    await form.getByRole("button", { name: "Save" }).click();
    const mark = person(bob.page, "Ann").getByLabel("On holiday");
    await mark.waitFor();
    expect(await mark.textContent()).toBe("🌴");
    await ownMenu(ann.page, "Set a status");
    await form.getByRole("button", { name: "Clear status" }).click();
    await form.getByRole("button", { name: "Save" }).click();
    await mark.waitFor({ state: "detached" });
    await closeAll(ann, bob);
  });

  test("not to be disturbed shows beside the name; invisible is gone for others and comes back", async () => {
    const [ann, bob] = await both("Bea");
    await ownMenu(ann.page, "Do not disturb");
    await person(bob.page, "Bea").getByLabel("Do not disturb").waitFor();
    await ownMenu(ann.page, "Invisible");
    await ann.page.getByTestId("own-menu").getByText("Invisible").waitFor();
    await bob.page.locator("section.away").getByText("Bea", { exact: true }).waitFor();
    await expect
      .poll(() => bob.page.getByRole("heading", { name: /^Here now/ }).textContent())
      .toContain("1");
    // A new window of hers is not seen either.
    const again = await ann.context.newPage();
    await again.goto(server.url);
    await again.getByTestId("own-menu").getByText("Invisible").waitFor();
    await say(bob.page, "is anybody there?");
    await again.getByText("is anybody there?").first().waitFor();
    expect(await bob.page.locator("section.away").getByText("Bea", { exact: true }).count()).toBe(
      1,
    );
    await ownMenu(ann.page, "Active");
    await bob.page
      .locator("section.away")
      .getByText("Bea", { exact: true })
      .waitFor({ state: "detached" });
    await closeAll(ann, bob);
  });

  test("a window that nobody uses makes one away, and a key stroke ends it", async () => {
    const [ann, bob] = await both("Cleo");
    const dot = person(bob.page, "Cleo").locator(".presence-dot");
    await person(bob.page, "Cleo").locator(".presence-dot[data-state=active]").waitFor();
    // Eleven minutes later, as far as her window knows.
    await ann.page.evaluate(() => {
      const before = Date.now.bind(Date);
      Date.now = () => before() + 660_000;
    });
    await person(bob.page, "Cleo").locator(".presence-dot[data-state=away]").waitFor();
    expect(await person(bob.page, "Cleo").textContent()).toContain("Away");
    await ann.page.keyboard.press("Shift");
    await person(bob.page, "Cleo").locator(".presence-dot[data-state=active]").waitFor();
    expect(await dot.count()).toBe(1);
    await closeAll(ann, bob);
  });

  test("a profile with a picture is seen on the card that a name opens; a new name shows in old messages", async () => {
    const [ann, bob] = await both("Dora");
    await say(ann.page, "from before");
    await bob.page.getByText("from before").first().waitFor();
    await ownMenu(ann.page, "Edit profile");
    const form = dialog(ann.page, "Your profile");
    await form.getByLabel("Name that others see").waitFor();
    expect(await accessProblems(ann.page, "dialog")).toEqual([]);
    await form
      .getByTestId("picture-file")
      .setInputFiles({ name: "me.png", mimeType: "image/png", buffer: pixel });
    await form.getByRole("button", { name: "Remove picture" }).waitFor();
    await form.getByLabel("Name that others see").fill("Dora Blackwood");
    await form.getByLabel("Full name or role").fill("Keeper of the minutes");
    await form.getByLabel("Pronouns").fill("she/her");
    await form.getByLabel("Time zone").selectOption("Asia/Tokyo");
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    const message = bob.page.getByTestId("message").filter({ hasText: "from before" });
    await message.getByRole("button", { name: "Dora Blackwood" }).waitFor();
    await message.locator(".avatar img").waitFor();
    const width = await message
      .locator(".avatar img")
      .evaluate((image) => (image as HTMLImageElement).decode().then(() => image.clientWidth));
    expect(width).toBeGreaterThan(0);
    await message.getByRole("button", { name: "Dora Blackwood" }).click();
    await card(bob.page).getByText("Keeper of the minutes").waitFor();
    await card(bob.page).getByText("she/her").waitFor();
    await card(bob.page).getByText("Active").waitFor();
    expect(await accessProblems(bob.page, "dialog")).toEqual([]);
    await bob.page.keyboard.press("Escape");
    await card(bob.page).waitFor({ state: "detached" });

    await message.getByRole("button", { name: "Dora Blackwood" }).click();
    await card(bob.page).getByRole("button", { name: "Mention" }).click();
    await expect
      .poll(() => bob.page.getByTestId("composer").inputValue())
      .toContain("@Dora Blackwood ");
    await bob.page.getByTestId("composer").fill("");
    await person(bob.page, "Dora Blackwood")
      .getByRole("button", { name: "Dora Blackwood", exact: true })
      .click();
    await card(bob.page).getByRole("button", { name: "Message" }).click();
    await bob.page.getByRole("heading", { level: 1, name: /Dora Blackwood/ }).waitFor();
    await closeAll(ann, bob);
  });

  test("the card of somebody who went says when they were here, unless they do not share it", async () => {
    const [ann, bob] = await both("Emmy");
    await say(ann.page, "bye");
    await bob.page.getByText("bye").first().waitFor();
    await ann.context.close();
    await bob.page.locator("section.away").getByText("Emmy", { exact: true }).first().waitFor();
    const name = bob.page.getByTestId("message").filter({ hasText: "bye" }).getByRole("button", {
      name: "Emmy",
      exact: true,
    });
    // It is written down a moment after somebody went; a card says what is known when it is opened.
    await expect
      .poll(
        async () => {
          await name.click();
          await card(bob.page).locator("[data-state]").first().waitFor();
          const text = await card(bob.page).textContent();
          await bob.page.keyboard.press("Escape");
          await card(bob.page).waitFor({ state: "detached" });
          return text;
        },
        { timeout: 20_000 },
      )
      .toContain("Last seen");
    await ownMenu(bob.page, "Set a status");
    const form = dialog(bob.page, "Status");
    await form.getByLabel(/^Share when I was here last/).click();
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    await name.click();
    await card(bob.page).getByText("Offline").waitFor();
    expect(
      await card(bob.page)
        .getByText(/^Last seen/)
        .count(),
    ).toBe(0);
    await closeAll(bob);
  });

  test("while one is not to be disturbed the browser tells nothing; afterwards it does again", async () => {
    const [ann, gus] = await both("Gus");
    const { page } = ann;
    await ann.context.grantPermissions(["notifications"], { origin: server.url });
    await page.addInitScript(() => {
      const told: string[] = [];
      class Told extends EventTarget {
        static permission = "granted";
        constructor(_title: string, options: { body?: string }) {
          super();
          told.push(options.body ?? "");
        }
        close(): void {}
      }
      Object.assign(window, { Notification: Told, told });
      localStorage.setItem("parlance.preferences", '{"alerts":"on"}');
      // Nobody looks at it.
      document.hasFocus = () => false;
    });
    await page.reload();
    await page.getByTestId("composer").waitFor();
    await ownMenu(page, "Do not disturb");
    await person(gus.page, "Gus").getByLabel("Do not disturb").waitFor();
    await say(gus.page, "@Gus, not now");
    await page.getByText("not now").first().waitFor();
    await ownMenu(page, "Active");
    await person(gus.page, "Gus").getByLabel("Do not disturb").waitFor({ state: "detached" });
    await say(gus.page, "@Gus, but now");
    const told = (): Promise<string[]> =>
      page.evaluate(() => (window as unknown as { told: string[] }).told);
    await expect.poll(told, { timeout: 10_000 }).toEqual(["@Gus, but now"]);
    await closeAll(ann, gus);
  });

  test("on a phone the menu, the dialogs and the card fit, with the same names", async () => {
    const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
    const ann = await comeIn(browser, server.url, "Fay", phone);
    await say(ann.page, "from my phone");
    await ann.page
      .getByTestId("message")
      .filter({ hasText: "from my phone" })
      .getByRole("button", { name: "Fay" })
      .first()
      .click();
    await card(ann.page).getByRole("button", { name: "Edit profile" }).waitFor();
    expect(await accessProblems(ann.page, "dialog")).toEqual([]);
    const fits = () => ann.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    expect(await fits()).toBe(true);
    await card(ann.page).getByRole("button", { name: "Set a status" }).click();
    const form = dialog(ann.page, "Status");
    await form.getByLabel("What you are up to").fill("Travelling");
    expect(await accessProblems(ann.page, "dialog")).toEqual([]);
    expect(await fits()).toBe(true);
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    await ann.page.getByRole("button", { name: "Back to rooms" }).click();
    await ann.page.getByTestId("own-menu").getByText("Travelling").waitFor();
    await closeAll(ann);
  });
});
