/** MMB-13: a PHP back end tells somebody that their file was downloaded, in MMB's own page and in our app. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generateToken, getClientScript } from "@parlance/publisher";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { comeIn, type Window } from "../browser.ts";
import { faintTexts } from "../page-checks.ts";
import { askedPermission, clickNotice, lookAway, noticesOf, watchNotices } from "./notices.ts";
import { overHttp, overRedis, ownNumber, redisDoor } from "./php.ts";
import { Story, type StoryPage } from "./story.ts";

const test = requires("chromium", "php", "php-redis", "redis");
const secret = "a-key-of-the-story-0f1e2d3c4b5a69788796";
const hostile = `<img src=x onerror="document.title='hacked'">"'&`;

describe("notifications", () => {
  let story: Story;
  let key: string;

  beforeAll(async () => {
    story = await Story.begin(["mmb"], {
      PARLANCE_SECRET: secret,
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
      ...redisDoor,
    });
    key = await story.parlance("key", "create", "--scope", "publish", "--name", "proshare");
  }, 90_000);
  afterAll(() => story?.end());

  /** MMB's page of that user, with leave to notify. */
  async function openPage(user: number): Promise<StoryPage> {
    const shown = await story.window();
    await shown.context.grantPermissions(["notifications"], { origin: story.site.url });
    await watchNotices(shown.context);
    const script = getClientScript(story.portUrl("mmb"), {
      token: generateToken(user, 3_600, { secret }),
      reconnectDelay: 200,
    });
    const changes = { "<!-- client script -->": script, "userId = 7": `userId = ${user}` };
    await shown.page.goto(story.serve("mmb-notifications.html", changes, `/${user}.html`));
    await shown.page.waitForFunction(
      () => (window as unknown as { log: { type: string }[] }).log[0]?.type === "room_joined",
    );
    return shown;
  }

  /** Our app, as somebody new who has been told nothing yet. */
  async function enter(
    name: string,
    options?: BrowserContextOptions,
  ): Promise<Window & { readonly user: string }> {
    const entered = await comeIn(
      story.browser,
      `${story.server.url}/room/general`,
      name,
      options ?? { viewport: { width: 1_280, height: 800 } },
    );
    const session = await entered.page.evaluate(() => localStorage["parlance.session"] as string);
    const { user, token } = JSON.parse(session) as { user: { id: string }; token: string };
    const joined = async (): Promise<number> => {
      const answer = await fetch(`${story.server.url}/api/v1/rooms`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return ((await answer.json()) as { joined: unknown[] }).joined.length;
    };
    // `general`, and two inboxes that the list of rooms does not show.
    await expect.poll(joined, { timeout: 10_000 }).toBe(3);
    return { ...entered, user: user.id };
  }

  const bellShows = (page: Page, count: number): Promise<void> =>
    page.locator(`[data-testid=inbox-button][data-unread="${count}"]:visible`).waitFor();

  const tell = (user: string, more: object): Promise<{ readonly status: number }> =>
    story.post("/api/v1/publish", { user, ...more }, { authorization: `Bearer ${key}` });

  test("[MMB-13] [MMB-33] PHP over Redis, as printed: a browser notification, and the counter moves; over HTTP the same", async () => {
    const [me, other] = [ownNumber(), ownNumber()];
    const mine = await openPage(me);
    const theirs = await openPage(other);
    for (const count of [1, 2]) {
      await overRedis("notifyFileDownloaded", 3, me, "Bob", "report.pdf", count);
      await mine.page.getByText(`report.pdf: ${count} downloads`).waitFor();
    }
    const told = await overHttp(
      story,
      key,
      "download-notification.php",
      `echo notifyFileDownloaded(3, ${me}, 'Eve', 'report.pdf', 3)['by'];`,
    );
    expect(told).toBe("http");
    await mine.page.getByText("report.pdf: 3 downloads").waitFor();
    const by = (who: string) => ({
      title: "File Downloaded",
      body: `Your file "report.pdf" was downloaded by ${who}`,
      shown: true,
    });
    expect(await noticesOf(mine.page, 3)).toEqual([by("Bob"), by("Bob"), by("Eve")]);
    expect(await noticesOf(theirs.page)).toEqual([]);
    // Told once is told: a page that is loaded anew counts from what its back end printed.
    await mine.page.reload();
    await mine.page.waitForFunction(() => (window as unknown as { log: object[] }).log.length > 0);
    await overRedis("notifyFileDownloaded", 3, me, "Bob", "report.pdf", 4);
    await mine.page.getByText("report.pdf: 4 downloads").waitFor();
    expect(await mine.page.textContent("#unread")).toBe("1");
    for (const { context, errors } of [mine, theirs]) {
      expect(errors).toEqual([]);
      await context.close();
    }
  }, 90_000);

  test("[MMB-13] our app: the bell counts, in every window and after a reload; what was looked at is read everywhere", async () => {
    const ann = await enter("Ann");
    const second = await ann.context.newPage();
    await second.goto(`${story.server.url}/room/general`);
    await overRedis("notifyFileDownloaded", 3, ann.user, "Bob", "report.pdf", 1);
    await overHttp(
      story,
      key,
      "download-notification.php",
      `notifyFileDownloaded(3, '${ann.user}', 'Eve', 'report.pdf', 2);`,
    );
    await tell(ann.user, { text: "Your parcel is on its way.", data: { title: "Shipped" } });
    for (const page of [ann.page, second]) await bellShows(page, 3);
    expect(await ann.page.title()).toBe("(3) General · Parlance");
    await ann.page.reload();
    await bellShows(ann.page, 3);
    expect(
      await ann.page.locator("[data-room^='user:'], [data-room^=notifications_]").count(),
    ).toBe(0);

    await ann.page.getByTestId("inbox-button").first().click();
    const notices = ann.page.getByTestId("notice");
    await notices.nth(2).waitFor();
    expect(await notices.locator(".notice-title").allTextContents()).toEqual([
      "Shipped",
      "Eve downloaded report.pdf.",
      "File downloaded",
    ]);
    await ann.page.getByText("downloader: Bob").waitFor();
    await ann.page.getByText("Your parcel is on its way.").waitFor();
    // Looked at for a moment, it is read here and there; here it stays marked as long as one looks.
    for (const page of [ann.page, second]) await bellShows(page, 0);
    expect(await notices.evaluateAll((all) => all.map((one) => one.dataset["new"]))).toEqual([
      "true",
      "true",
      "true",
    ]);
    await ann.page.keyboard.press("Escape");
    await tell(ann.user, { text: "One more" });
    for (const page of [ann.page, second]) await bellShows(page, 1);
    await second.reload();
    await bellShows(second, 1);
    await ann.page.getByTestId("inbox-button").first().click();
    await ann.page.getByText("One more").waitFor();
    expect(await notices.evaluateAll((all) => all.map((one) => one.dataset["new"]))).toEqual([
      "true",
      "false",
      "false",
      "false",
    ]);
    expect(ann.errors).toEqual([]);
    await ann.context.close();
  }, 90_000);

  test("by keyboard: Alt N opens, arrows go through, Enter follows, Esc leads back; all are read with one button", async () => {
    const { page, user, context, errors } = await enter("Bea");
    await tell(user, { text: "The picture was read.", data: { title: "Done", room: "general" } });
    await tell(user, { text: hostile, data: { title: "Careful", url: "javascript:alert(1)" } });
    await tell(user, { text: "See there.", data: { data: { url: "https://shop.example/1" } } });
    await bellShows(page, 3);
    await page.getByTestId("composer").focus();
    await page.keyboard.press("Alt+n");
    const titles = page.locator("[data-testid=notice] .notice-title");
    await titles.nth(2).waitFor();
    const focused = (): Promise<string | null | undefined> =>
      page.evaluate(() => document.activeElement?.querySelector(".notice-title")?.textContent);
    await expect.poll(focused).toBe("See there.");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("Careful");
    await page.keyboard.press("End");
    expect(await focused()).toBe("Done");
    expect(await page.getByText(hostile).count()).toBe(1);
    expect(
      await page
        .locator(".inbox a")
        .evaluateAll((all) => all.map((one) => one.getAttribute("href"))),
    ).toEqual(["https://shop.example/1", "/room/general"]);
    await page.getByRole("button", { name: "Mark all as read" }).click();
    await bellShows(page, 0);
    expect(await page.locator("[data-new=true]").count()).toBe(0);
    await page.keyboard.press("Escape");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe(
      "composer",
    );
    await page.keyboard.press("Alt+n");
    await titles.nth(2).waitFor();
    await expect.poll(focused).toBe("See there.");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(new URL(page.url()).pathname).toBe("/room/general");
    expect(await page.title()).not.toBe("hacked");
    expect(errors).toEqual([]);
    await context.close();
  }, 90_000);

  test("the browser tells once, of all windows, when nobody looks; asked by a click only; and not after it was turned off", async () => {
    const entered = await enter("Cem");
    const { context, user } = entered;
    await context.grantPermissions(["notifications"], { origin: story.server.url });
    await watchNotices(context);
    const [first, second] = [entered.page, await context.newPage()];
    for (const page of [first, second]) {
      await page.goto(`${story.server.url}/room/general`);
      await page.getByTestId("composer").waitFor();
    }
    const elsewhere = await context.newPage();
    for (const page of [first, second, elsewhere]) await lookAway(page);
    await elsewhere.bringToFront();
    const everywhere = async (): Promise<string[]> => {
      const all = await Promise.all([first, second].map((page) => noticesOf(page)));
      return all.flat().map(({ body, shown }) => `${body} ${shown}`);
    };
    // The browser would let it; the reader has not said so yet.
    await tell(user, { text: "Too early" });
    for (const page of [first, second]) await bellShows(page, 1);
    await second.bringToFront();
    await second.getByTestId("inbox-button").first().click();
    expect(await askedPermission(second)).toBe(0);
    await second.getByRole("button", { name: "Tell me here" }).click();
    await second.locator("[data-testid=alerts][data-state=on]").waitFor();
    await second.keyboard.press("Escape");
    // The other window learns of the choice as it is loaded.
    await first.reload();
    await first.getByTestId("composer").waitFor();
    await lookAway(first);
    await expect.poll(() => first.locator("[data-testid=completeness]").count()).toBe(1);

    // Somebody looks: the bell is enough.
    await tell(user, { text: "Seen" });
    await second.locator("[data-testid=inbox-button]:not([data-unread='0'])").first().waitFor();
    await elsewhere.bringToFront();
    await tell(user, { text: "While away" });
    await expect.poll(everywhere, { timeout: 10_000 }).toEqual(["While away true"]);
    await tell(user, { text: "Again", data: { title: "Shipped" } });
    await expect
      .poll(async () => (await everywhere()).toSorted(), { timeout: 10_000 })
      .toEqual(["Again true", "While away true"]);

    const teller = (await noticesOf(first)).length > 0 ? first : second;
    await clickNotice(teller);
    await teller.getByRole("dialog").getByText("Again").waitFor();
    await teller.bringToFront();
    await teller.getByRole("button", { name: "Turn off" }).click();
    await teller.reload();
    await elsewhere.bringToFront();
    const other = teller === first ? second : first;
    await other.reload();
    for (const page of [first, second]) {
      await page.getByTestId("composer").waitFor();
      await page.locator("[data-testid=inbox-button]").first().waitFor();
    }
    await tell(user, { text: "Nobody is told" });
    for (const page of [first, second]) {
      await page.locator("[data-testid=inbox-button]:not([data-unread='0'])").first().waitFor();
    }
    expect(await everywhere()).toEqual([]);
    await context.close();
  }, 120_000);

  test("an empty inbox says what belongs there; all texts can be read, in the dark and on a phone too", async () => {
    for (const options of [
      { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
      { viewport: { width: 1_280, height: 800 }, colorScheme: "dark" },
    ] as const) {
      const { page, user, context, errors } = await enter("Dora", options);
      const open = page.locator("[data-testid=inbox-button]:visible");
      await open.click();
      await page.getByText("Nothing yet").waitFor();
      await tell(user, { text: "One", data: { title: "Title", url: "https://shop.example/" } });
      await page.getByTestId("notice").waitFor();
      expect(await faintTexts(page)).toEqual([]);
      const box = await page.getByRole("dialog").boundingBox();
      expect(box?.width).toBeLessThanOrEqual(options.viewport.width);
      expect(errors).toEqual([]);
      await context.close();
    }
  }, 90_000);

  test("[NTC-2] [NTC-3] the SDK's example of the document runs: what is there, what comes, what was read elsewhere", async () => {
    const user = ownNumber();
    const token = generateToken(user, 3_600, { secret });
    await tell(String(user), { text: "Before anybody looked" });
    const document = readFileSync(
      join(import.meta.dirname, "../../../docs/protocol/notifications.md"),
      "utf8",
    );
    const [, example = ""] = /```js\n([^]*?)```/.exec(document) ?? [];
    const host = new URL(story.server.url).host;
    const script = example
      .replaceAll("127.0.0.1:8080", host)
      // So that all is read when the test says so, and what it found is seen.
      .replace(
        "await inbox.markRead()",
        "await new Promise((go) => { window.goOn = go; }).then(() => inbox.markRead())",
      );
    const page = story.site.put(
      "/inbox.html",
      '<!doctype html><script type="module" src="/inbox.js"></script>',
    );
    story.site.put(
      "/inbox.js",
      script.replace(
        "const client =",
        `const token = ${JSON.stringify(token)};
         const show = (text) => window.shown.push(text);
         const readUpTo = (mark) => window.marks.push(mark);
         window.shown = []; window.marks = [];
         const client =`,
      ) +
        "\nwindow.found = { texts: events.map((one) => one.data.text), unread, read_mark, left };",
    );
    expect(example).toContain("markRead");
    const shown = await story.open(page);
    await shown.page.waitForFunction(() => "goOn" in window);
    await tell(String(user), { text: "While one looks" });
    await shown.page.waitForFunction(
      () => (window as unknown as { shown: string[] }).shown[0] === "While one looks",
    );
    // On another device, over REST.
    const inbox = `${story.server.url}/api/v1/rooms/user:${user}`;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const view = (await (await fetch(inbox, { headers })).json()) as {
      head: number;
      unread: number;
    };
    expect(view.unread).toBe(2);
    const marked = await fetch(`${inbox}/read-mark`, {
      method: "PUT",
      headers,
      body: JSON.stringify({ sequence: 1 }),
    });
    expect(await marked.json()).toMatchObject({ read_mark: 1, unread: 1 });
    await shown.page.waitForFunction(
      () => (window as unknown as { marks: number[] }).marks[0] === 1,
    );
    await shown.page.evaluate(() => (window as unknown as { goOn(): void }).goOn());
    await shown.page.waitForFunction(() => "found" in window);
    expect(await shown.page.evaluate(() => (window as unknown as { found: object }).found)).toEqual(
      {
        texts: ["Before anybody looked", undefined],
        unread: 1,
        read_mark: 0,
        left: 0,
      },
    );
    expect(await (await fetch(inbox, { headers })).json()).toMatchObject({ unread: 0 });
    expect(shown.errors).toEqual([]);
    await shown.context.close();
  }, 60_000);
});
