/**
 * MMB's story: the pages of its description with the script that we serve, printed by `getClientScript`, and one with
 * a plain WebSocket. They come from another origin than the server.
 */
import { generateToken, getClientScript } from "@parlance/publisher";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { logOf, Story, type StoryPage } from "./story.ts";

const test = requires("chromium");
const secret = "a-key-of-the-story-0f1e2d3c4b5a69788796";
const mark = "<!-- client script -->";
const hostile = `<img src=x onerror="document.title='hacked'">"'&`;
type Frame = Readonly<Record<string, unknown>>;

let pages = 0;
const alone = (file: string): string => {
  pages += 1;
  return `/${pages}/${file}`;
};

/** What a back end prints into a page of that user. */
function scriptFor(story: Story, user: string | number, url = story.portUrl("mmb")): string {
  return getClientScript(url, {
    token: generateToken(user, 3_600, { secret }),
    reconnectDelay: 200,
  });
}

/** Opens a page of the description as that user. */
function openAs(
  story: Story,
  name: string,
  user: string | number,
  more: Readonly<Record<string, string>> = {},
): Promise<StoryPage> {
  const changes = { [mark]: scriptFor(story, user), ...more };
  return story.open(story.serve(name, changes, alone(name)));
}

async function logHas(page: Page, type: string, count = 1): Promise<void> {
  await page.waitForFunction(
    ([wanted, least]) =>
      (window as unknown as { log: Frame[] }).log.filter((frame) => frame["type"] === wanted)
        .length >= least,
    [type, count] as const,
    { timeout: 20_000 },
  );
}

async function close(...shown: readonly StoryPage[]): Promise<void> {
  for (const { context, errors } of shown) {
    expect(errors).toEqual([]);
    await context.close();
  }
}

describe("MMB", () => {
  let story: Story;
  beforeAll(async () => {
    story = await Story.begin(["mmb"], { PARLANCE_SECRET: secret });
  }, 90_000);
  afterAll(() => story?.end());

  test("[MMB-03] [MMB-04] [MMB-05] the raw frames of the description, sent at once, are all done in order", async () => {
    const changes = {
      "ws://localhost:8080": story.portUrl("mmb"),
      "your-token-here": generateToken(7, 3_600, { secret }),
    };
    const raw = await story.open(story.save("mmb-raw.html", changes));
    await logHas(raw.page, "message");
    expect(await logOf(raw.page)).toEqual([
      { type: "authenticated", user_id: 7 },
      { type: "room_joined", room: "test_room", members: [{ user_id: 7 }] },
      { type: "message", user_id: 7, message: "Hello World!", timestamp: expect.any(Number) },
    ]);
    await close(raw);
  }, 60_000);

  test("[MMB-09] [MMB-10] [MMB-11] [MMB-12] two editors: edits arrive once, byte for byte, without an echo, and cursors are shown", async () => {
    const [ann, bob] = [
      await openAs(story, "mmb-editor.html", 7, { '"the user"': "7" }),
      await openAs(story, "mmb-editor.html", "bob", { '"the user"': '"bob"' }),
    ];
    for (const { page } of [ann, bob]) await logHas(page, "room_joined");
    await ann.page.locator("#code").pressSequentially("let a = 1;\nlet b;");
    const first = "let a = 1;\nlet b;";
    await bob.page.waitForFunction(
      (text) => document.querySelector("textarea")?.value === text,
      first,
    );
    await bob.page.locator("#code").focus();
    await bob.page.locator("#code").evaluate((area: HTMLTextAreaElement) => {
      area.setSelectionRange(4, 5);
    });
    await ann.page.getByText("User bob at 0:5").waitFor();
    await bob.page.keyboard.type("ö\u{1f600}");
    await ann.page.waitForFunction(
      (text) => document.querySelector("textarea")?.value === text,
      "let ö\u{1f600} = 1;\nlet b;",
    );
    await bob.page.getByText(/^User 7 at 1:6$/).waitFor();
    const editsOf = (): Promise<Frame[][]> =>
      Promise.all(
        [ann, bob].map(async ({ page }) =>
          (await logOf<Frame>(page)).filter((frame) => frame["type"] === "edit"),
        ),
      );
    // A page's text is there before its own edits come back.
    const typed = first.length + 2;
    await expect
      .poll(async () => (await editsOf()).map(({ length }) => length))
      .toEqual([typed, typed]);
    const edits = await editsOf();
    // One order for both, the sender's own among them; the page's text shows that these were not done again.
    expect(edits[0]).toEqual(edits[1]);
    expect(edits[0]?.[0]).toEqual({
      type: "edit",
      user_id: 7,
      changes: {
        from: { line: 0, ch: 0 },
        to: { line: 0, ch: 0 },
        text: ["l"],
        removed: [""],
      },
    });
    expect(await ann.page.inputValue("#code")).toBe(await bob.page.inputValue("#code"));
    const cursors = (await logOf<Frame>(bob.page)).filter((frame) => frame["type"] === "cursor");
    expect(new Set(cursors.map((frame) => frame["user_id"]))).toEqual(new Set([7]));
    await close(ann, bob);
  }, 90_000);

  test("[MMB-13] a back end's POST /broadcast moves the counter of its user's page, and of nobody else's", async () => {
    const key = await story.parlance("key", "create", "--scope", "publish", "--name", "proshare");
    expect(key).toMatch(/^plk_/);
    const owner = await openAs(story, "mmb-notifications.html", 7);
    const other = await openAs(story, "mmb-notifications.html", 8);
    await logHas(owner.page, "room_joined");
    // The other is refused in the room of user 7.
    await logHas(other.page, "error");
    await owner.context.grantPermissions(["notifications"], { origin: story.site.url });
    const downloaded = (count: number): object => ({
      type: "message",
      room: "notifications_7",
      message: {
        type: "file_downloaded",
        file_id: 3,
        filename: "report.pdf",
        downloader: "Bob",
        count,
        timestamp: 1_800_000_000,
      },
    });
    const headers = { authorization: `Bearer ${key}` };
    expect((await story.post("/broadcast", downloaded(1))).status).toBe(401);
    for (const count of [1, 2]) {
      const answer = await story.post("/broadcast", downloaded(count), {
        ...headers,
        "idempotency-key": `download-${count}`,
      });
      expect(answer.status).toBe(201);
    }
    const again = await story.post("/broadcast", downloaded(2), {
      ...headers,
      "idempotency-key": "download-2",
    });
    expect(again).toMatchObject({ status: 200, body: { repeated: true } });
    await owner.page.getByText("report.pdf: 2 downloads").waitFor();
    // On the port of the dialect too, where the description has it.
    const there = `${story.portUrl("mmb").replace("ws", "http")}/broadcast`;
    const answer = await fetch(there, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(downloaded(3)),
    });
    expect(answer.status).toBe(201);
    await owner.page.getByText("report.pdf: 3 downloads").waitFor();
    expect(await owner.page.textContent("#unread")).toBe("3");
    expect(await other.page.textContent("#unread")).toBe("0");
    const permission = await owner.page.evaluate(() => Notification.permission);
    const shown = await owner.page.evaluate(
      () => (window as unknown as { shown: unknown[] }).shown.length,
    );
    expect(shown).toBe(permission === "granted" ? 3 : 0);
    await close(owner, other);
  }, 90_000);

  test("[MMB-16] a chat room: who is online, who comes and goes, and nothing empty is sent", async () => {
    const ann = await openAs(story, "mmb-chat.html", 7);
    await ann.page.locator("#user-7").waitFor();
    const bob = await openAs(story, "mmb-chat.html", "bob");
    await ann.page.getByText("User bob joined the chat").waitFor();
    await bob.page.locator("#user-bob").waitFor();
    expect(await bob.page.locator(".chat-user-item").allTextContents()).toEqual(
      expect.arrayContaining(["User 7", "User bob"]),
    );
    await ann.page.fill("#chat-input", "   ");
    await ann.page.getByRole("button", { name: "Send" }).click();
    await ann.page.fill("#chat-input", "Hello, Bob");
    await ann.page.getByRole("button", { name: "Send" }).click();
    for (const { page } of [ann, bob]) {
      await page.locator(".chat-text").first().waitFor();
      expect(await page.locator(".chat-text").allTextContents()).toEqual(["Hello, Bob"]);
      expect(await page.locator(".chat-time").first().textContent()).toMatch(/\d:\d\d/);
    }
    await close(bob);
    await ann.page.getByText("User bob left the chat").waitFor();
    expect(await ann.page.locator(".chat-user-item").allTextContents()).toEqual(["User 7"]);
    await close(ann);
  }, 90_000);

  test("[MMB-06] [MMB-18] after kill -9 and a restart the pages are back by themselves with their tokens, and what was written meanwhile is there", async () => {
    const ann = await openAs(story, "mmb-chat.html", 7);
    const bob = await openAs(story, "mmb-chat.html", "bob");
    for (const { page } of [ann, bob]) await page.locator(".chat-user-item").nth(1).waitFor();
    const say = async ({ page }: StoryPage, text: string): Promise<void> => {
      await page.fill("#chat-input", text);
      await page.getByRole("button", { name: "Send" }).click();
    };
    await say(ann, "before");
    await bob.page.getByText("before", { exact: true }).waitFor();
    await story.server.kill();
    await say(bob, "written while it was away");
    await story.server.start();
    for (const { page } of [ann, bob]) {
      await page.getByText("written while it was away").waitFor({ timeout: 40_000 });
    }
    await say(ann, "after");
    await bob.page.getByText("after", { exact: true }).waitFor();
    const texts = await bob.page.locator(".chat-text").allTextContents();
    expect(texts.slice(-2)).toEqual(["written while it was away", "after"]);
    await close(ann, bob);
  }, 120_000);

  test("[MMB-22] hostile text is text in the description's chat page; the bare innerHTML page shows why there is a switch", async () => {
    const chat = await openAs(story, "mmb-chat.html", 7);
    await chat.page.locator("#user-7").waitFor();
    await chat.page.fill("#chat-input", hostile);
    await chat.page.getByRole("button", { name: "Send" }).click();
    await chat.page.locator(".chat-text").first().waitFor();
    await chat.page.waitForTimeout(500);
    expect(await chat.page.locator(".chat-text").last().textContent()).toBe(hostile);
    expect(await chat.page.locator("#chat-messages img").count()).toBe(0);
    expect(await chat.page.title()).toBe("Chat");
    await close(chat);

    const demo = await openAs(story, "mmb-demo.html", 7);
    await logHas(demo.page, "room_joined");
    await demo.page.fill("#message", hostile);
    await demo.page.getByRole("button", { name: "Send" }).click();
    // Byte for byte, so that what the page does with it is the page's.
    await demo.page.waitForFunction(() => document.title === "hacked");
    await close(demo);
  }, 60_000);
});

describe("MMB with texts escaped", () => {
  let story: Story;
  beforeAll(async () => {
    story = await Story.begin(["mmb"], {
      PARLANCE_SECRET: secret,
      PARLANCE_MMB_ESCAPE_HTML: "true",
    });
  }, 90_000);
  afterAll(() => story?.end());

  test("[MMB-22] hostile text is text in the description's innerHTML page too, the log keeps it as it was", async () => {
    const [ann, bob] = [
      await openAs(story, "mmb-demo.html", 7),
      await openAs(story, "mmb-demo.html", 8),
    ];
    for (const { page } of [ann, bob]) await logHas(page, "room_joined");
    await ann.page.fill("#message", hostile);
    await ann.page.getByRole("button", { name: "Send" }).click();
    for (const { page } of [ann, bob]) {
      await page.locator("#chat p").waitFor();
      await page.waitForTimeout(500);
      expect(await page.locator("#chat p").textContent()).toBe(`User 7: ${hostile}`);
      expect(await page.locator("#chat img").count()).toBe(0);
      expect(await page.title()).toBe("WebSocket Demo");
    }
    const token = generateToken(9, 60, { secret });
    const history = await fetch(`${story.server.url}/api/v1/rooms/room_123/messages`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await history.text()).toContain(JSON.stringify(hostile));
    await close(ann, bob);
  }, 60_000);
});

describe("MMB with its features switched off", () => {
  let story: Story;
  beforeAll(async () => {
    story = await Story.begin(["mmb"], {
      PARLANCE_SECRET: secret,
      PARLANCE_MMB_CHAT: "false",
      PARLANCE_MMB_COLLABORATION: "false",
      PARLANCE_MMB_NOTIFICATIONS: "false",
    });
  }, 90_000);
  afterAll(() => story?.end());

  test("[MMB-19] they are refused with feature_disabled, and gone from the served script", async () => {
    const demo = await openAs(story, "mmb-demo.html", 7);
    await logHas(demo.page, "room_joined");
    const methods = await demo.page.evaluate(() =>
      Object.keys((window as unknown as { wsManager: object }).wsManager),
    );
    expect(methods).toEqual(["on", "off", "connect", "disconnect", "joinRoom", "leaveRoom"]);
    const script = await (await fetch(`${story.server.url}/mmb/client.js`)).text();
    for (const word of ["sendMessage", "sendEdit", "sendCursor", "showNotification"]) {
      expect(script).not.toContain(`${word}(`);
    }
    await close(demo);

    const frames = [
      { type: "message", room: "chat_general", message: "x" },
      { type: "edit", room: "codexpro_project_1", changes: { text: ["x"] } },
      { type: "cursor", room: "codexpro_project_1", position: { line: 0, ch: 0 } },
      { type: "join", room: "notifications_7" },
      { type: "message", room: "notifications_7", message: "x" },
      { type: "join", room: "ocr_job_1" },
    ];
    const raw = await story.open(
      story.save("mmb-raw.html", {
        "ws://localhost:8080": story.portUrl("mmb"),
        "your-token-here": generateToken(8, 3_600, { secret }),
        [`{ type: "join", room: "test_room" }`]: JSON.stringify(frames[0]),
      }),
    );
    // What is in a room that is no chat room goes on.
    await logHas(raw.page, "error");
    for (const frame of frames.slice(1)) {
      const before = (await logOf(raw.page)).length;
      await raw.page.evaluate((text) => {
        // A top-level `const` of the page is no member of `window`.
        window.eval("ws").send(text);
      }, JSON.stringify(frame));
      await raw.page.waitForFunction(
        (count) => (window as unknown as { log: unknown[] }).log.length > count,
        before,
      );
    }
    const errors = (await logOf<Frame>(raw.page)).filter(({ type }) => type === "error");
    expect(errors.map(({ code }) => code)).toEqual(frames.map(() => "feature_disabled"));
    await close(raw);
  }, 60_000);
});
