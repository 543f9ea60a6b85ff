/** PorticoEstate's own page, with the script that we serve, in front of three servers of which one dies (PE-15). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Cluster } from "@parlance/testkit/cluster";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { openBrowser } from "../e2e/browser.ts";
import { until } from "../e2e/dialects/line.ts";
import { PorticoSpeaker } from "../e2e/dialects/socket-speakers.ts";
import { secret } from "../e2e/dialects/speaker.ts";
import { Proxy } from "../e2e/stories/proxy.ts";
import { requires } from "../requirements.ts";
import { Front } from "./front.ts";

const test = requires("chromium", "postgresql", "redis");
const timeoutMs = 120_000;
const library = readFileSync(
  join(import.meta.dirname, "../e2e/stories/pages/portico-library.html"),
  "utf8",
);

type Line = readonly [string, ...unknown[]];

async function logOf(page: Page): Promise<Line[]> {
  return page.evaluate(() => (window as unknown as { log: Line[] }).log);
}

/** The texts of the chat that the page has heard. */
async function chatOf(page: Page): Promise<unknown[]> {
  return (await logOf(page)).flatMap(([kind, text]) => (kind === "chat" ? [text] : []));
}

describe("PorticoEstate on three servers", () => {
  let cluster: Cluster;
  let front: Front;
  let proxy: Proxy;
  let browser: Browser;

  beforeAll(async () => {
    cluster = await Cluster.start({
      engine: "postgresql",
      broker: "redis",
      secret,
      environment: { PARLANCE_DRAIN_MS: "0", PARLANCE_POLL_MS: "2000" },
    });
    front = await Front.open(cluster.nodes, 0);
    proxy = await Proxy.start(front.port);
    browser = await openBrowser();
  }, timeoutMs);
  afterAll(async () => {
    await browser?.close();
    await proxy?.stop();
    await front?.close();
    await cluster?.remove();
  });

  test(
    "[PE-15] [F-N4] a page whose server is killed comes back to another one and gets what was published meanwhile, once, in order",
    async () => {
      const url = proxy.put("/portal", library);
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      await expect.poll(() => logOf(page), { timeout: 30_000 }).toContainEqual(["user", true]);
      const [first, , third] = cluster.nodes;
      if (first === undefined || third === undefined) throw new Error("three nodes");
      const writer = new PorticoSpeaker(third.process, 124);
      await writer.open();
      const said: string[] = [];
      const say = async (text: string): Promise<void> => {
        said.push(text);
        await writer.say(text);
      };
      await say("before");
      await expect.poll(() => chatOf(page), { timeout: 30_000 }).toEqual(said);
      // A place moves behind the answer to a ping; it is stored every second.
      await page.waitForTimeout(2_500);
      await first.kill();
      for (const text of ["missed 1", "missed 2", "missed 3"]) await say(text);
      front.moveOn();
      await expect.poll(() => chatOf(page), { timeout: 60_000 }).toEqual(said);
      await say("live again");
      await until(() => writer.heard.includes("live again"), "the writer to hear itself");
      await expect.poll(() => chatOf(page), { timeout: 30_000 }).toEqual(said);
      const kinds = (await logOf(page)).map(([kind]) => kind);
      expect(kinds).toContain("disconnected");
      writer.cut();
      await context.close();
    },
    timeoutMs,
  );
});
