/** An application's own login counts for a PorticoEstate page: of a listed origin, and of no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generateToken } from "@parlance/publisher";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { requires } from "../../requirements.ts";
import { Application, loginCookie } from "./application.ts";
import { logOf, Story, type StoryPage } from "./story.ts";

const test = requires("chromium");
const secret = "a-key-of-the-story-0f1e2d3c4b5a69788796";
const hookSecret = "what-server-and-application-share-7f3a9c";
type Frame = Readonly<Record<string, unknown>>;

let application: Application;
let story: Story;

async function begin(more: Readonly<Record<string, string>> = {}): Promise<void> {
  application = await Application.start(hookSecret);
  story = await Story.begin([], {
    PARLANCE_SECRET: secret,
    // Nobody is believed for what a frame says.
    PARLANCE_TRUSTED_NETWORK: "none",
    PARLANCE_ORIGINS: application.url,
    PARLANCE_CONNECT_HOOK_URL: `${application.url}/connect`,
    PARLANCE_CONNECT_HOOK_SECRET: hookSecret,
    ...more,
  });
}

async function end(): Promise<void> {
  await story?.end();
  await application?.stop();
}

const changes = (): Record<string, string> => ({
  "ws://localhost:8080": `ws://127.0.0.1:${story.server.port}`,
});

/** The page, on the application's own site. */
function ownPage(): string {
  let text = readFileSync(join(import.meta.dirname, "pages/portico-plain.html"), "utf8");
  for (const [from, to] of Object.entries(changes())) text = text.replaceAll(from, () => to);
  return application.put("/office", text);
}

/** A window of somebody who is logged in at the application, and then shows that page. */
async function loggedIn(url: string): Promise<StoryPage> {
  const shown = await story.open(`${application.url}/login`);
  await shown.page.goto(url);
  return shown;
}

/** What the page's `update_user_info` was answered with. */
async function confirmation(page: Page): Promise<Frame> {
  await page.waitForFunction(() =>
    (window as unknown as { log: Frame[] }).log.some(
      ({ type }) => type === "user_info_update_confirmation",
    ),
  );
  const frames = await logOf<Frame>(page);
  return frames.find(({ type }) => type === "user_info_update_confirmation") ?? {};
}

/** Sends a frame and returns the first that comes with that text. */
async function chat({ page }: StoryPage, text: string): Promise<Frame> {
  await page.evaluate(
    (message) => window.eval("send")({ type: "chat", message }) as undefined,
    text,
  );
  await page.waitForFunction(
    (message) =>
      (window as unknown as { log: Frame[] }).log.some((frame) => frame["message"] === message),
    text,
  );
  return (await logOf<Frame>(page)).find(({ message }) => message === text) ?? {};
}

describe("an application that answers", () => {
  beforeAll(() => begin(), 90_000);
  afterAll(end);

  test("[PE-11] its login counts for a page of a listed origin, which can be nobody else", async () => {
    const page = await loggedIn(ownPage());
    expect(await confirmation(page.page)).toMatchObject({ success: true });
    expect(await chat(page, "it is me")).toMatchObject({ userId: 123 });
    await page.page.evaluate(
      () => window.eval("send")({ type: "update_user_info", userId: 124 }) as undefined,
    );
    await page.page.waitForFunction(() =>
      (window as unknown as { log: Frame[] }).log.some(({ success }) => success === false),
    );
    expect(await logOf(page.page)).toContainEqual(
      expect.objectContaining({ success: false, code: "forbidden" }),
    );
    expect(application.questions.at(-1)).toMatchObject({
      type: "connect",
      dialect: "portico",
      headers: { origin: application.url, cookie: loginCookie },
    });
    await page.context.close();
  }, 60_000);

  test("[PE-11] without the login there is nobody of that id", async () => {
    const page = await story.open(ownPage());
    expect(await confirmation(page.page)).toMatchObject({
      success: false,
      code: "unauthenticated",
    });
    await page.context.close();
  }, 60_000);

  test("[PE-11] the same login does not count for a page of another origin, nor for one from disk", async () => {
    const other = await loggedIn(story.serve("portico-plain.html", changes()));
    expect(await other.page.evaluate(() => origin)).toBe(story.site.url);
    const disk = await loggedIn(story.save("portico-plain.html", changes()));
    for (const page of [other, disk]) {
      expect(await confirmation(page.page)).toMatchObject({
        success: false,
        code: "unauthenticated",
      });
      expect((await chat(page, `who is ${page === other ? "other" : "disk"}`))["userId"]).not.toBe(
        123,
      );
      expect(application.questions.at(-1)?.headers).not.toHaveProperty("cookie");
      await page.context.close();
    }
    // A browser may keep a cookie back by itself. Whoever sends one with these origins is not believed either.
    for (const origin of [story.site.url, "null"]) {
      expect(await askedWith({ origin, cookie: loginCookie })).toMatchObject({ success: false });
      expect(application.questions.at(-1)?.headers).not.toHaveProperty("cookie");
    }
    expect(
      await askedWith({ origin: application.url, cookie: loginCookie }),
      "the same with the listed origin",
    ).toMatchObject({ success: true });
  }, 60_000);

  test("[PE-11] the library's token shows who it is where the application says nothing", async () => {
    const page = await story.open(
      story.site.put(
        "/token",
        `<!doctype html><script src="${story.server.url}/portico/client.js"></script><script>
          window.client = createWebSocketClient({
            url: "ws://127.0.0.1:${story.server.port}/wss",
            token: ${JSON.stringify(generateToken(77, 60, { secret }))},
          });
        </script>`,
      ),
    );
    const answer = (id: number): Promise<unknown> =>
      page.page.evaluate(
        (user) => window.eval(`client.updateUserInfo(${user})`) as Promise<boolean>,
        id,
      );
    expect(await answer(78)).toBe(false);
    expect(await answer(77)).toBe(true);
    await page.context.close();
  }, 60_000);
});

describe("an application that does not", () => {
  afterEach(end);

  test("a wrong secret is noticed by the application, and nobody comes in by it", async () => {
    await begin({ PARLANCE_CONNECT_HOOK_SECRET: "another-one-than-the-application-has-0" });
    const page = await loggedIn(ownPage());
    expect(await confirmation(page.page)).toMatchObject({
      success: false,
      code: "unauthenticated",
    });
    expect(application.forged).toBeGreaterThan(0);
    expect(application.questions).toEqual([]);
    await page.context.close();
  }, 90_000);

  test("silence refuses, says that one may try again, and the log says why", async () => {
    await begin({ PARLANCE_CONNECT_HOOK_TIMEOUT_MS: "300" });
    application.isSilent = true;
    const page = await loggedIn(ownPage());
    expect(await confirmation(page.page)).toMatchObject({ success: false, code: "unavailable" });
    expect(story.server.output).toMatch(/"timeout".*hook_failed/);
    // Its answer is wanted anew, so that whoever asks again is served once the application is back.
    application.isSilent = false;
    await page.page.evaluate(
      () => window.eval("send")({ type: "update_user_info", userId: 123 }) as undefined,
    );
    await page.page.waitForFunction(() =>
      (window as unknown as { log: Frame[] }).log.some(({ success }) => success === true),
    );
    await page.context.close();
  }, 90_000);
});

/** The answer to `update_user_info` on a connection with those fields of the handshake. */
async function askedWith(headers: Readonly<Record<string, string>>): Promise<Frame> {
  const socket = new WebSocket(`ws://127.0.0.1:${story.server.port}/wss`, { headers });
  const answer = new Promise<Frame>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => socket.send('{"type":"update_user_info","userId":123}'));
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame["type"] === "user_info_update_confirmation") resolve(frame);
    });
  });
  try {
    return await answer;
  } finally {
    socket.terminate();
  }
}
