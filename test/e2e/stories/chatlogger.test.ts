/** ChatLogger's story: its page as we serve it, the same file from disk, and one that somebody else wrote. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../../requirements.ts";
import { Story } from "./story.ts";

const test = requires("chromium");
const lost = "Connection to server has been lost. Please refresh the page to reconnect.";
const welcome = "Connection established. Welcome!";

describe("ChatLogger", () => {
  let story: Story;

  beforeAll(async () => {
    story = await Story.begin(["chatlogger"]);
  }, 90_000);
  afterAll(() => story?.end());

  /** Says something in our own page. */
  async function say(page: Page, name: string, text: string): Promise<void> {
    await page.fill("#username", name);
    await page.fill("#message", text);
    await page.press("#message", "Enter");
  }

  const lines = (page: Page): Promise<string[]> =>
    page.locator("#log article.message p").allTextContents();

  const showed = (page: Page, text: string): Promise<void> =>
    page.getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

  test("[CL-01] [CL-16] [CL-17] [CL-18] [CL-19] the page that we serve, the file opened from disk and somebody's own page are in one chat", async () => {
    const served = await story.open(`${story.server.url}/chatlogger`);
    await served.page.locator("#status.connected").waitFor();
    expect(await served.page.locator("#server").isHidden()).toBe(true);
    await showed(served.page, welcome);
    await say(served.page, "Ann", "from the served page");
    await showed(served.page, "from the served page");

    const file = pathToFileURL(
      join(import.meta.dirname, "../../../packages/pages/static/chatlogger/index.html"),
    ).href;
    const disk = await story.open(
      `${file}?server=${encodeURIComponent(story.portUrl("chatlogger"))}`,
    );
    // History, before anything is said.
    await showed(disk.page, "from the served page");
    expect(await disk.page.evaluate(() => origin)).toBe("null");
    await say(disk.page, "Bob", "from the disk");

    const own = await story.open(
      story.save("chatlogger.html", { "ws://localhost:8081": story.portUrl("chatlogger") }),
    );
    await own.page.getByText("Bob: from the disk").waitFor();
    await own.page.fill("#username", "Cem");
    await own.page.fill("#message", "from my own page");
    await own.page.click("#send");

    const all = ["from the served page", "from the disk", "from my own page"];
    for (const { page } of [served, disk]) {
      await showed(page, "from my own page");
      expect(await lines(page)).toEqual(all);
    }
    await own.page.getByText("Cem: from my own page").waitFor();
    expect(await own.page.locator(".message").allTextContents()).toEqual([
      "Ann: from the served page",
      "Bob: from the disk",
      "Cem: from my own page",
    ]);
    for (const time of await own.page
      .locator(".message")
      .evaluateAll((all) => all.map((line) => line.getAttribute("title") ?? ""))) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    }
    // Nobody has shown to be who the name says.
    expect(await served.page.locator(".mark").allTextContents()).toEqual(
      all.map(() => "unverified"),
    );
    for (const { context, errors } of [served, disk, own]) {
      expect(errors).toEqual([]);
      await context.close();
    }
  }, 90_000);

  test("[CL-01] a port of its own speaks it at every path", async () => {
    for (const path of ["", "/", "/ws", "/ws/", "/any/where?x=1"]) {
      const url = `${story.portUrl("chatlogger")}${path}`;
      const { page, context } = await story.open(
        story.serve("chatlogger.html", { "ws://localhost:8081": url }),
      );
      await page.getByText("Cem: from my own page").waitFor();
      await context.close();
    }
  }, 60_000);

  test("[CL-04] a client that vanishes in the middle of a frame disturbs nobody, and the process lives", async () => {
    const { page, context } = await story.open(`${story.server.url}/chatlogger`);
    await page.locator("#status.connected").waitFor();
    const { pid } = story.server;
    for (let round = 0; round < 10; round += 1) await vanishMidFrame(story.portUrl("chatlogger"));
    await say(page, "Ann", "still here");
    await showed(page, "still here");
    expect(await page.textContent("#status")).toBe("Connected");
    expect(story.server.pid).toBe(pid);
    expect((await fetch(`${story.server.url}/health`)).status).toBe(200);
    await context.close();
  }, 60_000);

  test("[CL-18] [CL-20] after the server went away both pages say so once, stay away and do not flap", async () => {
    const served = await story.open(`${story.server.url}/chatlogger`);
    const own = await story.open(
      story.serve("chatlogger.html", { "ws://localhost:8081": story.portUrl("chatlogger") }),
    );
    await served.page.locator("#status.connected").waitFor();
    await own.page.getByText("Connected", { exact: true }).waitFor();
    const flaps: string[] = [];
    await served.page.exposeFunction("flapped", (text: string) => flaps.push(text));
    await served.page.evaluate(() => {
      const status = document.getElementById("status");
      if (status === null) throw new Error("no status");
      new MutationObserver(() =>
        (window as unknown as { flapped(text: string): void }).flapped(status.textContent ?? ""),
      ).observe(status, { childList: true, characterData: true, subtree: true });
    });

    await story.server.kill();
    await showed(served.page, lost);
    await own.page.getByText(`SYSTEM: ${lost}`).waitFor();
    await served.page.getByRole("button", { name: "Reconnect" }).waitFor();
    await story.server.start();
    // Longer than the first delay of a page that would come back by itself.
    await served.page.waitForTimeout(5_000);
    const system = served.page.locator("#log article.system p");
    expect(await system.allTextContents()).toEqual([welcome, lost]);
    expect(await own.page.locator(".system").allTextContents()).toEqual([
      `SYSTEM: ${welcome}`,
      `SYSTEM: ${lost}`,
    ]);
    expect([...new Set(flaps)]).toEqual(["Disconnected"]);
    expect(await connections(story)).toBe(0);

    await served.page.getByRole("button", { name: "Reconnect" }).click();
    await served.page.locator("#status.connected").waitFor();
    expect(await served.page.locator("#lost").isHidden()).toBe(true);
    await say(served.page, "Ann", "after the return");
    await showed(served.page, "after the return");
    const told = await lines(served.page);
    expect(told).toEqual([...new Set(told)]);
    for (const { context, errors } of [served, own]) {
      expect(errors).toEqual([]);
      await context.close();
    }
  }, 90_000);
});

/** A handshake by hand, the first bytes of a masked frame, and the line is cut. */
async function vanishMidFrame(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toContain("101 Switching Protocols");
  // Text, final, masked, 126 bytes announced; five of them come.
  socket.write(Buffer.from([0x81, 0xfe, 0x00, 0x7e, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  socket.resetAndDestroy();
  await once(socket, "close");
}

/** WebSockets that are open, as the operator's route counts them. */
async function connections(story: Story): Promise<number> {
  return (
    JSON.parse(await story.parlance("status", "--json")) as { counts: { connections: number } }
  ).counts.connections;
}
