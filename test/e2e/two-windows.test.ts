import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { comeIn, openBrowser, say, shown } from "./browser.ts";

const test = requires("chromium");

describe("two browser windows", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-e2e-"));
    server = new ServerProcess(await freePort(), directory);
    await server.start();
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  test("[F-N1] [F-N2] [I-12] chat through a kill -9: both come back without a reload and show every message once, in one order", async () => {
    const ann = await comeIn(browser, `${server.url}/room/general`, "Ann");
    const bob = await comeIn(browser, `${server.url}/room/general`, "Bob");
    const windows = [ann, bob];
    for (const { page } of windows) {
      await page.evaluate(() => {
        Object.assign(globalThis, { wasNotReloaded: true });
      });
    }
    const said: string[] = [];
    const both = async (round: string): Promise<void> => {
      const texts = [`Ann says ${round}.`, `Bob says ${round}.`];
      said.push(...texts);
      await Promise.all(windows.map(({ page }, index) => say(page, texts[index] ?? "")));
    };
    await both("one");
    await both("two");
    const killed = server.kill();
    await both("three, while the server dies");
    await killed;
    await both("four, into the dark");
    await server.start();
    await both("five, and it is back");
    for (const { page } of windows) {
      await page.waitForFunction(
        (count) =>
          document.querySelectorAll('[data-testid="message"][data-state="sent"]').length >= count,
        said.length,
        { timeout: 20_000 },
      );
    }
    const [first, second] = await Promise.all(windows.map(({ page }) => shown(page)));
    for (const text of said) {
      expect(first?.filter((row) => row.text.includes(text))).toHaveLength(1);
    }
    const sequences = first?.map((row) => row.sequence) ?? [];
    expect(sequences).toEqual([...sequences].sort((left, right) => left - right));
    expect(second?.map((row) => row.sequence)).toEqual(sequences);
    for (const { page, errors } of windows) {
      expect(await page.evaluate(() => "wasNotReloaded" in globalThis)).toBe(true);
      expect(errors).toEqual([]);
    }
  }, 90_000);
});
