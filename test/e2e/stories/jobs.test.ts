/** MMB-14: PHP tells how far a job is; MMB's own page, our app and `<parlance-progress>` on another site show it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generateToken, getClientScript } from "@parlance/publisher";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { comeIn } from "../browser.ts";
import { faintTexts } from "../page-checks.ts";
import { overHttp, overRedis, ownNumber, redisDoor } from "./php.ts";
import { Story, type StoryPage } from "./story.ts";

const test = requires("chromium", "php", "php-redis", "redis");
const secret = "a-key-of-the-story-0f1e2d3c4b5a69788796";
const example = join(import.meta.dirname, "../../../examples/progress-element");

describe("jobs", () => {
  let story: Story;
  let key: string;

  beforeAll(async () => {
    story = await Story.begin(["mmb"], {
      PARLANCE_SECRET: secret,
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
      ...redisDoor,
    });
    key = await story.parlance("key", "create", "--scope", "publish,rooms", "--name", "imgtxt");
  }, 90_000);
  afterAll(() => story?.end());

  /** A user whom the server knows. */
  async function known(user: number | string): Promise<string> {
    const token = generateToken(user, 3_600, { secret });
    await fetch(`${story.server.url}/api/v1/rooms`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return token;
  }

  const letIn = (job: number, user: number | string): Promise<string> =>
    overHttp(story, key, "ocr-progress.php", `echo letIntoJob(${job}, '${user}') ? 'in' : 'out';`);

  /** One step over HTTP; `more` is PHP. */
  const step = (job: number, progress: number, status: string, more = "[]"): Promise<string> =>
    overHttp(
      story,
      key,
      "ocr-progress.php",
      `notifyOCRProgress(${job}, ${progress}, '${status}', ${more});`,
    );

  /** MMB's page for that job. */
  function address(job: number, user: number): string {
    const script = getClientScript(story.portUrl("mmb"), {
      token: generateToken(user, 3_600, { secret }),
      reconnectDelay: 200,
    });
    const changes = { "<!-- client script -->": script, '"the job"': `"${job}"` };
    return story.serve("mmb-ocr.html", changes, `/${job}-${Math.random()}.html`);
  }

  async function close({ context, errors }: StoryPage): Promise<void> {
    expect(errors).toEqual([]);
    await context.close();
  }

  const shows = (page: Page, percent: number): Promise<unknown> =>
    page.waitForFunction(
      (wanted) => {
        const bar = document.querySelector<HTMLElement>("#progress");
        const text = document.querySelector("#progress-text")?.textContent;
        return bar?.style.width === wanted && text === wanted;
      },
      `${percent}%`,
      { timeout: 40_000 },
    );

  test("[MMB-14] MMB's page, PHP over Redis as printed: the bar goes to the result; loaded anew half-way it shows the state so far", async () => {
    const [job, user] = [ownNumber(), ownNumber()];
    await known(user);
    // The first message makes the room; then the user is let in.
    await overRedis("notifyOCRProgress", job, user, 0, "processing");
    await expect.poll(() => letIn(job, user), { timeout: 10_000 }).toBe("in");
    const shown = await story.open(address(job, user));
    const { page } = shown;
    await shows(page, 0);
    for (const progress of [25, 50]) {
      await overRedis("notifyOCRProgress", job, user, progress, "processing");
      await shows(page, progress);
    }
    // With the token that it had, and with a new one, as a back end prints at each load.
    await page.reload();
    await shows(page, 50);
    await page.goto(address(job, user));
    await shows(page, 50);
    await overRedis("notifyOCRProgress", job, user, 100, "completed", {
      text: "Hello",
      confidence: 98.5,
    });
    await shows(page, 100);
    await page.getByText("Hello (98.5 %)").waitFor();
    await page.reload();
    await page.getByText("Hello (98.5 %)").waitFor();
    await close(shown);
  }, 120_000);

  test("[MMB-14] MMB's page, PHP over HTTP: the bar stops at the error; a killed server changes nothing", async () => {
    const [job, user] = [ownNumber(), ownNumber()];
    await known(user);
    expect(await letIn(job, user)).toBe("in");
    const shown = await story.open(address(job, user));
    await shown.page.waitForFunction(
      () => (window as unknown as { log: { type: string }[] }).log[0]?.type === "room_joined",
    );
    await step(job, 10, "processing");
    await shows(shown.page, 10);
    await story.server.kill();
    await story.server.start();
    await step(job, 55, "failed", "['error' => 'There is no text in that picture.']");
    await shows(shown.page, 55);
    await shown.page.getByText("There is no text in that picture.").waitFor();
    await shown.page.reload();
    await shown.page.getByText("There is no text in that picture.").waitFor();
    await close(shown);
  }, 120_000);

  test("[MMB-14] our app: a bar to the result and to an error, with the log below, the same for who comes late", async () => {
    const ann = await comeIn(story.browser, `${story.server.url}/room/general`, "Ann");
    const { page } = ann;
    const user = await page.evaluate(
      () =>
        (JSON.parse(localStorage["parlance.session"] as string) as { user: { id: string } }).user
          .id,
    );
    const [good, bad] = [ownNumber(), ownNumber()];
    for (const job of [good, bad]) expect(await letIn(job, user)).toBe("in");
    const open = (job: number): Promise<unknown> =>
      page.goto(`${story.server.url}/room/ocr_job_${job}`);
    const bar = page.getByRole("progressbar");
    const barShows = (value: number): Promise<void> =>
      page.locator(`[role=progressbar][aria-valuenow="${value}"]`).waitFor();

    await open(good);
    await page.getByText("Not begun yet").waitFor();
    await barShows(0);
    await step(good, 25, "processing", "['text' => 'Page 1 of 4']");
    await barShows(25);
    await page.getByText("Page 1 of 4").waitFor();
    await overRedis("notifyOCRProgress", good, user, 50, "processing");
    await barShows(50);
    await page.reload();
    await barShows(50);
    expect(await bar.getAttribute("aria-valuetext")).toBe("50%");
    expect(await page.getByTestId("composer").count()).toBe(0);
    await step(good, 100, "completed", "['text' => '<b>Hello</b>', 'confidence' => 98.5]");
    await page.locator("[data-testid=job][data-state=completed]").waitFor();
    await page.getByText("<b>Hello</b>").waitFor();
    // What comes after the end changes nothing.
    await step(good, 10, "processing");
    await page.getByRole("button", { name: "Show all 4 messages" }).click();
    await page.getByText("OCR: 10 % (processing)").waitFor();
    await barShows(100);
    await page.getByText("OCR: 25 % (processing)").waitFor();
    expect(await faintTexts(page)).toEqual([]);

    await step(bad, 55, "processing");
    await step(bad, 55, "failed", "['error' => 'There is no text in that picture.']");
    await open(bad);
    await page.locator("[data-testid=job][data-state=failed]").waitFor();
    await page.getByText("There is no text in that picture.").waitFor();
    await barShows(55);
    // A job's steps are no news that is counted.
    expect(await page.locator(`[data-room="ocr_job_${good}"] .count`).count()).toBe(0);
    expect(ann.errors).toEqual([]);
    await ann.context.close();
  }, 120_000);

  describe("<parlance-progress> on another site", () => {
    /** The example's page for that job, with the addresses and the token that its back end prints. */
    function elementPage(job: number, token: string, script?: string): string {
      const folder = `/${job}-${Math.random()}`;
      const read = (name: string): string => readFileSync(join(example, name), "utf8");
      const host = new URL(story.server.url).host;
      story.site.put(`${folder}/page.js`, script ?? read("page.js"));
      const text = read("index.html")
        .replaceAll("localhost:8080", host)
        .replaceAll("ocr_job_7", `ocr_job_${job}`)
        .replaceAll("your-token-here", token);
      return story.site.put(`${folder}/index.html`, text);
    }

    const barShows = (page: Page, value: number): Promise<void> =>
      page.locator(`[role=progressbar][aria-valuenow="${value}"]`).waitFor();

    test("[MMB-14] [JOB-7] the example's page under its strict policy: so far, live, over a kill and a reload, to the result", async () => {
      const [job, user] = [ownNumber(), ownNumber()];
      const token = await known(user);
      const shown = await story.window();
      const complaints: string[] = [];
      shown.page.on("console", (message) => {
        if (message.text().includes("Content Security Policy")) complaints.push(message.text());
      });
      await shown.page.goto(elementPage(job, token));
      // Before the job is there, and before the user is let in.
      await shown.page.getByText("This job is not there yet, or not open to you.").waitFor();
      expect(await letIn(job, user)).toBe("in");
      await step(job, 25, "processing", "['text' => 'Page 1 of 4']");
      await barShows(shown.page, 25);
      await shown.page.getByText("Page 1 of 4").waitFor();
      expect(await shown.page.title()).toBe("25 %");
      expect(
        await shown.page.getByRole("progressbar", { name: "Reading picture.png" }).count(),
      ).toBe(1);
      await story.server.kill();
      await shown.page.getByText("No connection.").waitFor();
      await barShows(shown.page, 25);
      await story.server.start();
      await overRedis("notifyOCRProgress", job, user, 50, "processing");
      await barShows(shown.page, 50);
      await shown.page.getByText("No connection.").waitFor({ state: "hidden" });
      await shown.page.reload();
      await barShows(shown.page, 50);
      await step(job, 100, "completed", "['text' => '<b>Hello</b>', 'confidence' => 98.5]");
      await shown.page.getByText("<b>Hello</b>").waitFor();
      await barShows(shown.page, 100);
      await shown.page.getByText("Confidence: 98.5 %").waitFor();
      expect(await shown.page.locator("parlance-progress").getAttribute("status")).toBe(
        "completed",
      );
      expect(complaints).toEqual([]);
      await close(shown);
    }, 120_000);

    test("[MMB-14] its error is told, to the page too; what comes after the end changes nothing; a reader without the right sees nothing", async () => {
      const [job, user, stranger] = [ownNumber(), ownNumber(), ownNumber()];
      const token = await known(user);
      expect(await letIn(job, user)).toBe("in");
      await step(job, 55, "processing");
      const shown = await story.open(elementPage(job, token));
      await barShows(shown.page, 55);
      await step(job, 55, "failed", "['error' => 'There is no text in that picture.']");
      await shown.page.locator("#told", { hasText: "There is no text in that picture." }).waitFor();
      expect(await shown.page.title()).toBe("Failed");
      await step(job, 100, "completed", "['text' => 'Hello']");
      await shown.page.reload();
      await shown.page.locator("parlance-progress[status=failed]").waitFor();
      await barShows(shown.page, 55);
      const outside = await story.open(elementPage(job, await known(stranger)));
      await outside.page.getByText("not open to you").waitFor();
      expect(await outside.page.locator("parlance-progress").getAttribute("status")).toBe(
        "waiting",
      );
      const forged = await story.open(elementPage(job, "nonsense"));
      await forged.page.getByText("did not accept the sign-in").waitFor();
      for (const one of [shown, outside, forged]) await close(one);
    }, 120_000);

    test("two of one page share a connection; getToken is asked again before a token ends; a removed one is silent", async () => {
      const [first, second, user] = [ownNumber(), ownNumber(), ownNumber()];
      await known(user);
      for (const job of [first, second]) expect(await letIn(job, user)).toBe("in");
      const script = `
        let asked = 0;
        window.asked = () => asked;
        const getToken = async () => {
          asked += 1;
          return (await fetch("/token")).text();
        };
        const one = document.querySelector("parlance-progress");
        one.getToken = getToken;
        const two = document.createElement("parlance-progress");
        two.getToken = getToken;
        two.setAttribute("src", one.getAttribute("src"));
        two.setAttribute("room", "ocr_job_${second}");
        two.setAttribute("label", "Second");
        two.lang = "de";
        document.body.append(two);
        window.seen = [];
        document.addEventListener("parlance:progress", ({ target, detail }) =>
          window.seen.push([target.getAttribute("room"), detail.progress]));
      `;
      const sockets: string[] = [];
      const shown = await story.window();
      // Each is good for a moment only, also on a machine that has much to do.
      await shown.page.route("**/token", (route) =>
        route.fulfill({ body: generateToken(user, 5, { secret }) }),
      );
      shown.page.on("websocket", (socket) => sockets.push(socket.url()));
      const url = elementPage(first, "none", script);
      // The page asks its own site for tokens.
      const page = url.replace(story.site.url, "");
      const text = await (await fetch(url)).text();
      story.site.put(
        page,
        text.replace("connect-src", "connect-src 'self'").replace('token="none"', ""),
      );
      await shown.page.goto(url);
      for (const [job, progress] of [
        [first, 10],
        [second, 20],
      ] as const) {
        await step(job, progress, "processing");
        await barShows(shown.page, progress);
      }
      await shown.page.getByText("In Arbeit").waitFor();
      expect(sockets).toHaveLength(1);
      await shown.page.waitForFunction(
        () => (window as unknown as { asked(): number }).asked() >= 3,
      );
      await step(first, 30, "processing");
      await barShows(shown.page, 30);
      expect(sockets).toHaveLength(1);
      await shown.page.locator("parlance-progress[label=Second]").evaluate((one) => one.remove());
      await step(second, 40, "processing");
      await step(first, 50, "processing");
      await barShows(shown.page, 50);
      expect(
        await shown.page.evaluate(() => (window as unknown as { seen: unknown[] }).seen),
      ).toEqual([
        [`ocr_job_${first}`, 10],
        [`ocr_job_${second}`, 20],
        [`ocr_job_${first}`, 30],
        [`ocr_job_${first}`, 50],
      ]);
      await close(shown);
    }, 120_000);

    test("its module comes compressed and with leave for other origins, and is not sent again where it is known", async () => {
      const url = `${story.server.url}/client/elements.js`;
      const answer = await fetch(url);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "content-type": "text/javascript; charset=utf-8",
        "content-encoding": "gzip",
        "cache-control": "no-cache",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
      });
      const etag = answer.headers.get("etag") ?? "";
      expect((await fetch(url, { headers: { "if-none-match": etag } })).status).toBe(304);
      const plain = await fetch(url, { headers: { "accept-encoding": "identity" } });
      expect(plain.headers.get("content-encoding")).toBeNull();
      expect(await plain.text()).toBe(await answer.text());
    });
  });
});
