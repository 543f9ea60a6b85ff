/**
 * PorticoEstate's story: pages behind somebody's web server that passes `/wss` through, one with the library that we
 * serve and one by hand, both word for word; and our test page.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { Proxy } from "./proxy.ts";
import { logOf, Story, type StoryPage } from "./story.ts";

const test = requires("chromium");
type Line = readonly [string, ...unknown[]];

const textOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, "pages", name), "utf8");

/** Waits until the page's log has that line. */
async function logHas(page: Page, line: Line): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      (window as unknown as { log: Line[] }).log.some((l) => JSON.stringify(l) === wanted),
    JSON.stringify(line),
    { timeout: 30_000 },
  );
}

describe("PorticoEstate", () => {
  let story: Story;
  let proxy: Proxy;

  beforeAll(async () => {
    story = await Story.begin([]);
    proxy = await Proxy.start(story.server.port);
    proxy.put("/library", textOf("portico-library.html"));
    proxy.put(
      "/other-path",
      textOf("portico-library.html").replace("/src/WebSocket/", "/portico/"),
    );
    proxy.put("/manual", textOf("portico-manual.html"));
  }, 90_000);
  afterAll(async () => {
    await proxy?.stop();
    await story?.end();
  });

  async function close(...shown: readonly StoryPage[]): Promise<void> {
    for (const { context, errors } of shown) {
      expect(errors).toEqual([]);
      await context.close();
    }
  }

  test("[PE-04] [PE-05] [PE-06] [PE-07] [PE-08] [PE-09] the library and the snippets by hand: chat and notifications reach all, questions are answered", async () => {
    const library = await story.open(`${proxy.url}/library`);
    const other = await story.open(`${proxy.url}/other-path`);
    const manual = await story.open(`${proxy.url}/manual`);
    for (const { page } of [library, other, manual]) await logHas(page, ["user", true]);
    expect((await logOf<Line>(library.page)).slice(0, 2)).toEqual([["connected"], ["user", true]]);

    const everybody = [library, other, manual];
    await library.page.evaluate(() => {
      window.eval(`client.sendMessage("chat", "Hello, world!")`);
    });
    for (const { page } of everybody) await logHas(page, ["chat", "Hello, world!", 123]);
    await manual.page.evaluate(() => {
      window.eval(`sendMessage("chat", "Hello by hand", { building: 7 })`);
      window.eval(`sendMessage("notification", "New booking created", { data: { id: 123 } })`);
    });
    for (const { page } of everybody) {
      await logHas(page, ["chat", "Hello by hand", 124]);
      await logHas(page, ["notification", "New booking created", { id: 123 }]);
    }

    const answer = await library.page.evaluate(
      () => window.eval("client.getPartialApplications()") as Promise<unknown>,
    );
    const notYet = { error: true, message: expect.stringMatching(/./), applications: [] };
    expect(answer).toEqual(notYet);
    await manual.page.evaluate(() => window.eval("getPartialApplications()"));
    for (const { page } of [library, manual]) {
      await page.waitForFunction(() =>
        (window as unknown as { log: Line[] }).log.some(
          ([kind]) => kind === "partial_applications",
        ),
      );
      expect(await logOf(page)).toContainEqual(["partial_applications", notYet]);
    }
    // Nothing came twice.
    for (const { page } of everybody) {
      const told = (await logOf<Line>(page)).filter(([kind]) => /^(chat|notification)$/.test(kind));
      expect(told.length).toBe(3);
    }
    await close(...everybody);
  }, 90_000);

  test("[PE-15] a page whose line was cut comes back and gets what was published meanwhile, once, in order", async () => {
    const page = await story.open(`${proxy.url}/library`);
    await logHas(page.page, ["user", true]);
    const sender = await story.open(`${story.server.url}/websocket-test`);
    await connect(sender.page, "124");
    await notify(sender.page, "before");
    await logHas(page.page, ["notification", "before", []]);
    // A place moves behind the answer to a ping; it is stored every second.
    await page.page.waitForTimeout(1_500);
    proxy.isDown = true;
    proxy.cut();
    await logHas(page.page, ["disconnected"]);
    for (const text of ["missed 1", "missed 2", "missed 3"]) await notify(sender.page, text);
    await sender.page.locator(".frame.received", { hasText: "missed 3" }).waitFor();
    proxy.isDown = false;
    await logHas(page.page, ["notification", "missed 3", []]);
    await notify(sender.page, "live again");
    await logHas(page.page, ["notification", "live again", []]);
    const told = (await logOf<Line>(page.page)).filter(([kind]) => kind === "notification");
    expect(told.map(([, text]) => text)).toEqual([
      "before",
      "missed 1",
      "missed 2",
      "missed 3",
      "live again",
    ]);
    await close(page, sender);
  }, 120_000);

  test("[PE-18] the test page works by keyboard alone: connect, chat, notify, ask, read", async () => {
    const shown = await story.open(`${story.server.url}/websocket-test`);
    const { page } = shown;
    await page.locator("#user").waitFor();
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>("#address")?.value !== "",
    );
    expect(await page.inputValue("#address")).toBe(`ws://127.0.0.1:${story.server.port}/wss`);

    await tabTo(page, "connect");
    await page.keyboard.press("Enter");
    await page.locator("#state", { hasText: "Connected" }).waitFor();
    await tabTo(page, "chat-text");
    await page.keyboard.type("typed by hand");
    await page.keyboard.press("Enter");
    await page.locator(".frame.received", { hasText: '"chat"' }).first().waitFor();
    await tabTo(page, "notification-text");
    await page.keyboard.type("and told to all");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type(`{"id": 5}`);
    await page.keyboard.press("Enter");
    await page.locator(".frame.received", { hasText: "and told to all" }).waitFor();
    await tabTo(page, "applications");
    await page.keyboard.press("Enter");
    await page.locator(".frame.received", { hasText: "partial_applications_response" }).waitFor();
    const received = await page.locator(".frame.received .preview").allTextContents();
    expect(received.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual([
      "user_info_update_confirmation",
      "chat",
      "notification",
      "partial_applications_response",
    ]);
    expect(JSON.parse(received[2] ?? "")).toMatchObject({ data: { id: 5 } });
    await close(shown);
  }, 60_000);
});

/** Connects our test page as that user, with the mouse. */
async function connect(page: Page, user: string): Promise<void> {
  await page.fill("#user", user);
  await page.click("#connect");
  await page.locator(".frame.received", { hasText: "user_info_update_confirmation" }).waitFor();
}

async function notify(page: Page, text: string): Promise<void> {
  await page.fill("#notification-text", text);
  await page.getByRole("button", { name: "Notify all" }).click();
}

/** Presses Tab until the element of that id has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach #${id}`);
}
