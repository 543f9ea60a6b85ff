import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { comeIn, openBrowser, say, shown, type Window } from "./browser.ts";
import { faintTexts, slowMotions, tabStops } from "./page-checks.ts";

const test = requires("chromium");

describe("the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-web-"));
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

  /** Makes a public room over REST: the app makes none by opening an address. */
  async function makeRoom(room: string): Promise<void> {
    const guest = await fetch(`${server.url}/api/v1/guests`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Back end" }),
    });
    const { token } = (await guest.json()) as { token: string };
    const made = await fetch(`${server.url}/api/v1/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ kind: "public", title: room, room }),
    });
    expect(made.status).toBeLessThan(300);
  }

  /** A private room of the person's own, on the screen; gives its address. */
  async function makePrivateRoom({ page }: Window, title: string): Promise<string> {
    await page.getByRole("button", { name: "New room" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill(title);
    await page.getByRole("radio", { name: "Invited people" }).check();
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.waitForURL("**/room/r_*");
    await page.getByTestId("composer").waitFor();
    return page.url();
  }

  async function addPerson({ page }: Window, name: string): Promise<void> {
    await page.getByRole("button", { name: "Add people" }).click();
    const dialog = page.getByRole("dialog", { name: "Add people" });
    await dialog.getByLabel("Name", { exact: true }).fill(name);
    await dialog.getByRole("button", { name: `Add ${name}` }).waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByText("Added", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
  }

  async function removePerson({ page }: Window, name: string): Promise<void> {
    const people = page.getByRole("complementary", { name: "People" });
    await people.getByRole("button", { name: `What can be done with \u2068${name}\u2069` }).click();
    await page.getByRole("menuitem", { name: "Remove", exact: true }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  }

  /** As if one came back to the window: what asks for the list of rooms before its minute is over. */
  async function comeBack({ page }: Window): Promise<void> {
    await page.waitForTimeout(2_100);
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  }

  const wide = { viewport: { width: 1440, height: 900 } };

  async function publishMany(room: string, count: number): Promise<void> {
    const guest = await fetch(`${server.url}/api/v1/guests`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Back end" }),
    });
    const { token } = (await guest.json()) as { token: string };
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        fetch(`${server.url}/api/v1/rooms/${room}/messages`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          body: JSON.stringify({ text: `Line ${index + 1}` }),
        }),
      ),
    );
  }

  async function reload(page: Page): Promise<void> {
    await page.reload();
    await page.getByTestId("composer").waitFor();
  }

  test("a room is made, found by its address, counts what is unread and shows it in the title", async () => {
    const ann = await comeIn(browser, server.url, "Ann");
    await ann.page.getByRole("button", { name: "New room" }).first().click();
    await ann.page.getByLabel("Name", { exact: true }).fill("Tea & Biscuits");
    await ann.page.getByRole("button", { name: "Create", exact: true }).click();
    await ann.page.waitForURL("**/room/tea-biscuits");
    await say(ann.page, "Anyone for tea?");

    const bob = await comeIn(browser, `${server.url}/room/tea-biscuits`, "Bob");
    await bob.page.getByText("Anyone for tea?").waitFor();
    await ann.page.getByTestId("room-item").filter({ hasText: "General" }).click();
    await ann.page.waitForURL("**/room/general");
    const join = bob.page.getByRole("button", { name: "Join", exact: true });
    if (await join.isVisible()) await join.click();
    await say(bob.page, "Yes please.");
    await say(bob.page, "With milk.");
    const room = ann.page.getByTestId("room-item").filter({ hasText: "Tea & Biscuits" });
    // Nobody was mentioned: the weight of the name tells, the number is for who does not see it.
    await room.getByText("2 unread messages").waitFor();
    expect(await room.getByTestId("badge").count()).toBe(0);
    await ann.page.waitForFunction(() => document.title.includes("2"));
    await room.click();
    await ann.page.getByText("With milk.").waitFor();
    await room.getByText("2 unread messages").waitFor({ state: "hidden" });
    await reload(ann.page);
    await room.waitFor();
    // The mark may have been on its way when the page was left; opening the room sends it again.
    await room.getByText("2 unread messages").waitFor({ state: "hidden" });
    expect(await room.textContent()).not.toMatch(/[12]/);
    expect([...ann.errors, ...bob.errors]).toEqual([]);
    await ann.context.close();
    await bob.context.close();
  }, 60_000);

  test("older messages load on the way up without moving what one reads", async () => {
    await makeRoom("long");
    const ann = await comeIn(browser, `${server.url}/room/long`, "Ann");
    await publishMany("long", 400);
    // All read, and the mark is there: else the page begins at the line of what is new.
    await expect
      .poll(async () => (await shown(ann.page)).at(-1)?.sequence ?? 0, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(400);
    await ann.page.waitForTimeout(2_500);
    await reload(ann.page);
    await ann.page.getByTestId("message").last().waitFor();
    await ann.page.getByText("Line", { exact: false }).last().waitFor();
    const scroller = ann.page.getByRole("log", { name: /^Conversation/ });
    const oldestShown = async (): Promise<number> => (await shown(ann.page))[0]?.sequence ?? 0;
    // The page has come to rest at its end.
    await expect.poll(oldestShown, { timeout: 15_000 }).toBeGreaterThan(300);
    const start = await oldestShown();
    let before = start;
    for (let tries = 0; tries < 60 && before > 30; tries += 1) {
      await scroller.hover();
      await ann.page.mouse.wheel(0, -700);
      await ann.page.waitForTimeout(60);
      before = await oldestShown();
    }
    expect(before).toBeLessThan(start - 100);
    // A row that is on the screen stays where it is while more is loaded above it.
    const mark = ann.page.getByTestId("message").nth(3);
    const sequence = await mark.getAttribute("data-sequence");
    const place = async (): Promise<number | undefined> =>
      (await ann.page.locator(`[data-sequence="${sequence}"]`).first().boundingBox())?.y;
    let first = await place();
    // Older messages may still be on their way in; what counts begins when the page is at rest.
    for (let before: number | undefined; before !== first; ) {
      before = first;
      await ann.page.waitForTimeout(400);
      first = await place();
    }
    await publishMany("long", 5);
    await ann.page.waitForTimeout(600);
    expect(Math.abs(((await place()) ?? 0) - (first ?? 1_000))).toBeLessThan(2);
    await ann.page.getByRole("button", { name: /new/ }).first().waitFor();
    expect(ann.errors).toEqual([]);
    await ann.context.close();
  }, 60_000);

  test("the keyboard alone goes to a room, through messages, to the keys and back", async () => {
    const ann = await comeIn(browser, `${server.url}/room/general`, "Ann");
    const { keyboard } = ann.page;
    const composer = ann.page.locator('[data-testid="composer"]:focus');
    await composer.waitFor();
    await keyboard.type("Typed without a mouse");
    await keyboard.press("Enter");
    await ann.page.getByText("Typed without a mouse").waitFor();
    await keyboard.press("ArrowUp");
    const focused = ann.page.locator('[data-testid="message"]:focus');
    await ann.page.locator("[data-row]:focus").waitFor();
    // The line that she came may be behind her message.
    if (!(await focused.isVisible())) await keyboard.press("ArrowUp");
    await focused.waitFor();
    await keyboard.press("Escape");
    await composer.waitFor();
    await keyboard.press("Control+k");
    await ann.page.locator("dialog input:focus, [role=dialog] input:focus").waitFor();
    await keyboard.type("gener");
    await keyboard.press("Enter");
    await ann.page.waitForURL("**/room/general");
    await composer.waitFor();
    await keyboard.press("ArrowUp");
    await focused.waitFor();
    await keyboard.press("?");
    await ann.page.getByRole("dialog", { name: "Keys" }).waitFor();
    await keyboard.press("Escape");
    await ann.page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });
    await ann.context.close();
  }, 60_000);

  test("an account is made, signed out of and signed in to again", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    await page
      .getByRole("button", { name: "Create an account" })
      .or(page.getByRole("link", { name: "Create an account" }))
      .first()
      .click();
    await page.getByLabel("User name").fill("carol");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByLabel("Password").press("Enter");
    await page.getByTestId("composer").waitFor();
    await say(page, "From an account");
    await page.getByRole("button", { name: "Preferences" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByTestId("guest-name").or(page.getByLabel("Password")).first().waitFor();
    const signIn = page
      .getByRole("button", { name: "Sign in" })
      .or(page.getByRole("link", { name: "Sign in" }));
    if (await page.getByTestId("guest-name").isVisible()) await signIn.first().click();
    await page.getByLabel("User name").fill("carol");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByLabel("Password").press("Enter");
    await page.getByTestId("composer").waitFor();
    await page.getByText("From an account").waitFor();
    await context.close();
  }, 60_000);

  test("[X1] [X3] texts and names are shown as text, whatever is in them", async () => {
    const evil = '<img src=x onerror="globalThis.owned=1"><script>globalThis.owned=1</script>';
    const ann = await comeIn(browser, `${server.url}/room/general`, "<b>Ann</b>");
    await say(ann.page, evil);
    await ann.page.getByText(evil, { exact: true }).first().waitFor();
    await reload(ann.page);
    await ann.page.getByText(evil, { exact: true }).first().waitFor();
    expect(await ann.page.evaluate(() => "owned" in globalThis)).toBe(false);
    expect(await ann.page.getByText("<b>Ann</b>", { exact: true }).count()).toBeGreaterThan(0);
    const policy = (await fetch(server.url)).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain("unsafe");
    await ann.context.close();
  }, 60_000);

  test("on a phone there is one pane, and the rooms are one step back", async () => {
    const phone = await comeIn(browser, `${server.url}/room/general`, "Dora", {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const { page } = phone;
    await page.getByTestId("composer").waitFor();
    expect(await page.getByTestId("room-item").first().isVisible()).toBe(false);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    await page
      .getByRole("button", { name: "Back to rooms" })
      .or(page.getByRole("link", { name: "Back to rooms" }))
      .first()
      .click();
    await page.getByTestId("room-item").first().waitFor();
    await page.getByTestId("room-item").first().click();
    await page.getByTestId("composer").waitFor();
    await phone.context.close();
  }, 60_000);

  test("a private room's owner brings somebody in, puts them out and in again", async () => {
    const ann = await comeIn(browser, server.url, "Ann", wide);
    const bob = await comeIn(browser, `${server.url}/room/general`, "Bartholomew", wide);
    const address = await makePrivateRoom(ann, "Plans");
    await addPerson(ann, "Bartholomew");
    await comeBack(bob);
    await bob.page.getByTestId("room-item").filter({ hasText: "Plans" }).click();
    await say(bob.page, "Thanks for having me.");
    await ann.page.getByTestId("message").getByText("Thanks for having me.").waitFor();
    expect(await bob.page.getByRole("button", { name: "Add people" }).count()).toBe(0);

    await bob.context.setOffline(true);
    await bob.page.evaluate(() => window.dispatchEvent(new Event("offline")));
    await removePerson(ann, "Bartholomew");
    await bob.context.setOffline(false);
    await bob.page.getByText("You are no longer in").waitFor();
    const listed = bob.page.getByTestId("room-item").filter({ hasText: "Plans" });
    // The list is asked for anew.
    await listed.waitFor({ state: "detached" });

    await addPerson(ann, "Bartholomew");
    await comeBack(bob);
    await bob.page.getByTestId("composer").waitFor();
    expect(bob.page.url()).toBe(address);
    expect([...ann.errors, ...bob.errors]).toEqual([]);
    await ann.context.close();
    await bob.context.close();
  }, 60_000);

  test("what was written by somebody who is put out meanwhile fails with the reason; Retry and Discard work", async () => {
    const ann = await comeIn(browser, server.url, "Ann", wide);
    const bob = await comeIn(browser, `${server.url}/room/general`, "Benedict", wide);
    await makePrivateRoom(ann, "Secrets");
    await addPerson(ann, "Benedict");
    await comeBack(bob);
    await bob.page.getByTestId("room-item").filter({ hasText: "Secrets" }).click();
    await bob.page.getByTestId("composer").waitFor();
    // Offline, a page keeps its open line but begins none: the server's end cuts it, and Ann alone comes back.
    await bob.context.setOffline(true);
    await server.kill();
    await bob.page.locator('[data-testid="connection"][data-state="waiting"]').waitFor();
    await say(bob.page, "First, into the dark");
    await say(bob.page, "Second, into the dark");
    await server.start();
    await removePerson(ann, "Benedict");
    await bob.context.setOffline(false);
    const failed = bob.page.locator('[data-testid="message"][data-state="failed"]');
    await failed.filter({ hasText: "Second" }).waitFor();
    expect(await failed.count()).toBe(2);
    await failed.first().getByText("This room is gone, or not open to you.").waitFor();
    await failed.filter({ hasText: "Second" }).getByRole("button", { name: "Discard" }).click();
    await failed.filter({ hasText: "Second" }).waitFor({ state: "detached" });

    await addPerson(ann, "Benedict");
    await comeBack(bob);
    await bob.page.getByTestId("composer").waitFor();
    await failed.getByRole("button", { name: "Retry" }).click();
    await ann.page.getByText("First, into the dark").waitFor();
    expect(await ann.page.getByText("Second, into the dark").count()).toBe(0);
    await ann.context.close();
    await bob.context.close();
  }, 60_000);

  test("a duplicated window takes the conversation over, and the first can take it back", async () => {
    const ann = await comeIn(browser, `${server.url}/room/general`, "Ann");
    // At rest: the room is joined and its people are known.
    await ann.page.getByTestId("person").first().waitFor();
    const stored = await ann.page.evaluate(() => Object.entries(sessionStorage));
    const second = await ann.context.newPage();
    await second.addInitScript((entries) => {
      for (const [key, value] of entries) sessionStorage.setItem(key, value);
    }, stored);
    await second.goto(`${server.url}/room/general`);
    await second.getByTestId("composer").waitFor();
    await second.getByTestId("person").first().waitFor();
    await ann.page.getByText("This conversation was opened in another window.").waitFor();
    await ann.page.getByRole("button", { name: "Use it here" }).click();
    await ann.page.getByText("opened in another window").waitFor({ state: "hidden" });
    await say(ann.page, "Back in the first window");
    await second.getByText("Back in the first window").waitFor();
    await ann.context.close();
  }, 60_000);

  test("an address that leads nowhere makes no room until one says so", async () => {
    const ann = await comeIn(browser, server.url, "Ann");
    await ann.page.goto(`${server.url}/room/mistyped`);
    await ann.page.getByText("There is no room of that name yet").waitFor();
    const bob = await comeIn(browser, server.url, "Bob");
    await bob.page.getByTestId("room-item").first().waitFor();
    expect(await bob.page.locator('[data-room="mistyped"]').count()).toBe(0);
    await ann.page.getByRole("button", { name: "Make it" }).click();
    await say(ann.page, "Here we are");
    await ann.page.getByText("Here we are").waitFor();
    await ann.context.close();
    await bob.context.close();
  }, 60_000);

  test("in German and from right to left nothing is wider than the page", async () => {
    for (const width of [1280, 390]) {
      const ann = await comeIn(browser, `${server.url}/room/general`, "Ann", {
        viewport: { width, height: 844 },
        locale: "de-DE",
      });
      expect(await ann.page.evaluate(() => document.documentElement.lang)).toBe("de");
      for (const direction of ["ltr", "rtl"]) {
        await ann.page.evaluate((dir) => {
          document.documentElement.dir = dir;
        }, direction);
        const over = await ann.page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          const inner = [...document.querySelectorAll("main, [role=log], nav, aside")];
          return [
            scrollWidth - clientWidth,
            ...inner.map((element) => element.scrollWidth - element.clientWidth),
          ];
        });
        expect(Math.max(...over), `${direction} at ${width}`).toBeLessThanOrEqual(0);
      }
      await ann.context.close();
    }
  }, 60_000);

  test("text can be read in both themes and in high contrast", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      for (const contrast of ["no-preference", "more"] as const) {
        const ann = await comeIn(browser, `${server.url}/room/general`, "Ann", {
          ...wide,
          colorScheme,
          contrast,
        });
        await say(ann.page, "Can this be read?");
        await ann.page.locator('[data-testid="message"][data-state="sent"]').first().waitFor();
        const least = contrast === "more" ? 7 : 4.5;
        expect(await faintTexts(ann.page, least), `${colorScheme}, ${contrast}`).toEqual([]);
        await ann.context.close();
      }
    }
  }, 60_000);

  test("everything that Tab reaches has a name", async () => {
    const ann = await comeIn(browser, `${server.url}/room/general`, "Ann", wide);
    await ann.page.getByTestId("person").first().waitFor();
    const stops = await tabStops(ann.page);
    expect(stops.length).toBeGreaterThanOrEqual(8);
    expect(stops.filter((stop) => stop.endsWith('""'))).toEqual([]);
    await ann.context.close();
  }, 60_000);

  test("with reduced motion, nothing moves for longer than a millisecond", async () => {
    const calm = await comeIn(browser, `${server.url}/room/general`, "Ann", {
      ...wide,
      reducedMotion: "reduce",
    });
    expect(await slowMotions(calm.page, 1)).toEqual([]);
    await calm.context.close();
  }, 60_000);
});
