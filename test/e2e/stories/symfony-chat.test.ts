/** The Symfony chat's story: pages with its frames on two ports, our web app beside them, and REST. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { comeIn, say } from "../browser.ts";
import { logOf, Story, type StoryPage } from "./story.ts";

const test = requires("chromium");
type Frame = Readonly<Record<string, unknown>>;

describe("Symfony chat", () => {
  let story: Story;

  beforeAll(async () => {
    story = await Story.begin(["symfony-chat"]);
  }, 90_000);
  afterAll(() => story?.end());

  async function register(username: string): Promise<number> {
    const { status, body } = await story.post("/api/users", {
      username,
      email: `${username}@example.com`,
    });
    expect(status).toBe(201);
    return (body as { id: number }).id;
  }

  /** The description's page for that user, on that address of the server. */
  function pageOf(userId: number, url: string): Promise<StoryPage> {
    const changes = { "ws://127.0.0.1:8080": url, "userId = 1": `userId = ${userId}` };
    return story.open(story.serve("symfony-chat.html", changes, `/${userId}`));
  }

  async function write({ page }: StoryPage, text: string): Promise<void> {
    await page.fill("#content", text);
    await page.click("#send");
  }

  const seen = ({ page }: StoryPage, text: string): Promise<void> =>
    page.getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

  async function get(path: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${story.server.url}${path}`);
    return { status: answer.status, body: await answer.json() };
  }

  test("[SC-03] [SC-04] [SC-06] [SC-07] [SC-08] [SC-09] [SC-14] three pages, one of them our web app and one on another port, are in one room", async () => {
    const [john, jane] = [await register("john_doe"), await register("jane_doe")];
    const ann = await comeIn(story.browser, `${story.server.url}/room/general`, "Ann");
    // One at a path of the main port, one at a port of the dialect's own.
    const onMain = await pageOf(john, `ws://127.0.0.1:${story.server.port}/symfony-chat`);
    const onOther = await pageOf(jane, story.portUrl("symfony-chat"));
    expect(story.portUrl("symfony-chat")).not.toContain(String(story.server.port));
    for (const { page } of [onMain, onOther]) {
      await page.getByText("john_doe", { exact: true }).waitFor();
      await page.getByText("jane_doe", { exact: true }).waitFor();
      await page.getByText("Ann", { exact: true }).waitFor();
    }

    await write(onMain, "Hello everyone!");
    await ann.page.getByText("Hello everyone!", { exact: true }).waitFor();
    await say(ann.page, "Hello from the web app");
    await seen(onOther, "Ann: Hello from the web app");
    await write(onOther, "Hello from the other port");
    const posted = await story.post("/api/messages", {
      content: "Hello, World!",
      sender_id: john,
      room_id: "general",
    });
    expect(posted.status).toBe(201);
    for (const page of [onMain, onOther]) await seen(page, "john_doe: Hello, World!");
    await ann.page.getByText("Hello, World!", { exact: true }).waitFor();
    const all = [
      "john_doe: Hello everyone!",
      "Ann: Hello from the web app",
      "jane_doe: Hello from the other port",
      "john_doe: Hello, World!",
    ];
    for (const { page } of [onMain, onOther]) {
      expect(await page.locator("#messages p").allTextContents()).toEqual(all);
    }

    const { id } = posted.body as { id: string };
    const recent = await get("/api/messages/room/general/recent?limit=2");
    expect((recent.body as Frame[]).map((message) => message["content"])).toEqual([
      "Hello from the other port",
      "Hello, World!",
    ]);
    expect(await get("/api/messages/stats/room/general")).toMatchObject({
      status: 200,
      body: { room_id: "general", message_count: 4, user_count: 3 },
    });
    const deleted = await fetch(`${story.server.url}/api/messages/${id}`, { method: "DELETE" });
    expect(deleted.status).toBe(204);
    expect((await get(`/api/messages/${id}`)).status).toBe(404);
    await onMain.page.reload();
    await seen(onMain, "jane_doe: Hello from the other port");
    expect(await onMain.page.locator("#messages p").allTextContents()).toEqual(all.slice(0, 3));

    expect((await get(`/api/users/${jane}`)).body).toMatchObject({ status: "online" });
    await onOther.context.close();
    await onMain.page.locator(`#user-${jane}`).waitFor({ state: "detached" });
    await expect
      .poll(async () => (await get(`/api/users/username/jane_doe`)).body, { timeout: 10_000 })
      .toMatchObject({ id: jane, status: "offline" });
    expect(ann.errors).toEqual([]);
    expect(onMain.errors).toEqual([]);
    await onMain.context.close();
    await ann.context.close();
  }, 120_000);

  test("[SC-03] a room comes into being when somebody goes there; the web app has it at its address and in the list", async () => {
    const max = await register("max");
    const page = await pageOf(max, story.portUrl("symfony-chat"));
    await seen(page, "max");
    await page.page.evaluate(() => window.eval("joinRoom")("tech") as undefined);
    await page.page.locator("#room", { hasText: "tech" }).waitFor();
    await write(page, "anybody here?");
    await seen(page, "max: anybody here?");
    const bob = await comeIn(story.browser, `${story.server.url}/room/tech`, "Bob");
    await bob.page.getByText("anybody here?", { exact: true }).waitFor();
    await bob.page.getByTestId("room-item").filter({ hasText: "tech" }).waitFor();
    await say(bob.page, "I am");
    await seen(page, "Bob: I am");
    // Nothing of one room is in another.
    const texts = await get("/api/messages/room/general");
    expect(JSON.stringify(texts.body)).not.toContain("anybody here?");
    expect(page.errors).toEqual([]);
    await page.context.close();
    await bob.context.close();
  }, 90_000);

  test("[SC-04] [SC-06] somebody makes an account in the web app, and that number is the user of the frames", async () => {
    const { page, context } = await story.open(`${story.server.url}/room/general`);
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("User name").fill("erin");
    await page.getByLabel(/E-mail/).fill("erin@example.com");
    await page.getByLabel("Password").fill("a long enough password");
    await page.keyboard.press("Enter");
    await page.getByTestId("composer").waitFor();
    const { body } = await get("/api/users/username/erin");
    const erin = (body as { id: number }).id;
    const frames = await pageOf(erin, story.portUrl("symfony-chat"));
    await seen(frames, "erin");
    await write(frames, "from the frames");
    await page.getByText("from the frames", { exact: true }).waitFor();
    await say(page, "from the app");
    await seen(frames, "erin: from the app");
    const told = (await logOf<Frame>(frames.page)).filter(({ type }) => type === "chat_message");
    expect(told.map(({ userId }) => userId)).toEqual([erin, erin]);
    await frames.context.close();
    await context.close();
  }, 90_000);
});
