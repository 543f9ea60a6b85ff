/**
 * Takes the screenshot book, `docs/screens/book/`: every view of the app in the light, in the dark, on a phone and in
 * Arabic, as one picture each, with a page that lists them.
 *
 *   node scripts/screen-book.ts [view …]      (needs Chromium and `npm run build:web`; emoji and CJK fonts look better)
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { openBrowser } from "../test/e2e/browser.ts";
import { seed } from "./screen-seed.ts";
import { type View, views } from "./screen-views.ts";

const folder = join(import.meta.dirname, "../docs/screens/book");
const wide = { viewport: { width: 1200, height: 760 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** How each view is shown. */
const variants = [
  { name: "light", options: wide, preferences: { theme: "light" } },
  { name: "dark", options: wide, preferences: { theme: "dark" } },
  { name: "arabic", options: wide, preferences: { theme: "light", language: "ar" } },
  { name: "phone", options: phone, preferences: { theme: "light" } },
  { name: "phone-dark", options: phone, preferences: { theme: "dark", language: "de" } },
] as const satisfies readonly {
  readonly name: string;
  readonly options: BrowserContextOptions;
  readonly preferences: object;
}[];

async function shoot(browser: Browser, url: string, view: View): Promise<readonly Buffer[]> {
  const pictures: Buffer[] = [];
  for (const { name, options, preferences } of variants) {
    const stored = [
      { name: "parlance.preferences", value: JSON.stringify(preferences) },
      { name: "parlance.first-minute", value: "done" },
    ];
    const context = await browser.newContext({
      ...options,
      locale: "en-GB",
      storageState: { cookies: [], origins: [{ origin: url, localStorage: stored }] },
    });
    const page = await context.newPage();
    await page.goto(view.isOutside === true ? url : `${url}${view.path ?? "/room/general"}`);
    await page.getByTestId("guest-name").waitFor();
    if (view.isOutside !== true) await enter(page, name);
    await view.show?.(page);
    await page.waitForTimeout(500);
    pictures.push(await page.screenshot());
    await context.close();
  }
  return pictures;
}

async function enter(page: Page, variant: string): Promise<void> {
  await page.getByTestId("guest-name").fill(variant === "arabic" ? "نور" : "Dora Meyer");
  await page.getByTestId("guest-name").press("Enter");
  await page.locator(".conversation .bar-title h1 bdi:not(:empty)").waitFor();
  await page.waitForTimeout(1_200);
}

/** All ways to show a view, on one sheet. */
async function sheet(browser: Browser, pictures: readonly Buffer[], name: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1680, height: 1130 } });
  const images = pictures.map(
    (picture, index) =>
      `<img class="i${index}" src="data:image/png;base64,${picture.toString("base64")}">`,
  );
  await page.setContent(
    `<style>
      body { margin: 20px; display: grid; gap: 20px; background: #d9d6cf; width: 1640px;
        grid-template-columns: 810px 810px; }
      img { width: 100%; border-radius: 8px; display: block; }
      .phones { display: flex; gap: 20px; justify-content: center; }
      .phones img { width: 246px; }
    </style>${images.slice(0, 3).join("")}<div class="phones">${images.slice(3).join("")}</div>`,
  );
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.close();
}

function writeIndex(): void {
  const pages = views.map(({ name, text }) => `## ${name}\n\n${text}\n\n![${name}](${name}.png)\n`);
  writeFileSync(
    join(folder, "README.md"),
    `# Every view\n\nIn the light, in the dark, in Arabic, and on a phone. Taken by \`node scripts/screen-book.ts\` from a real server.\n\n${pages.join("\n")}`,
  );
}

const wanted = process.argv.slice(2);
const chosen = views.filter((view) => wanted.length === 0 || wanted.includes(view.name));
const directory = mkdtempSync(join(tmpdir(), "parlance-book-"));
const server = new ServerProcess(await freePort(), directory, {
  PARLANCE_COMMANDS_PER_SECOND: "0",
  PARLANCE_SIGN_INS_PER_MINUTE: "0",
});
mkdirSync(folder, { recursive: true });
await server.start();
const browser = await openBrowser();
try {
  const end = await seed(server.url, join(folder, "../desktop.png"));
  for (const view of chosen) {
    await sheet(browser, await shoot(browser, server.url, view), view.name);
    console.log(view.name);
  }
  end();
  writeIndex();
} finally {
  await browser.close();
  await server.kill();
  rmSync(directory, { recursive: true });
}
