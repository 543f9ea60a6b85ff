/**
 * Takes the screenshot book, `docs/screens/book/`: every view of the app in the light, in the dark, on a phone and in
 * Arabic, as one picture each, with a page that lists them.
 *
 *   node scripts/screen-book.ts [view …]      (needs Chromium and `npm run build:web`; emoji and CJK fonts look better)
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@parlance/client";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions } from "playwright-core";
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

async function shoot(
  browser: Browser,
  url: string,
  view: View,
  sessionOf: (variant: string) => string,
): Promise<readonly Buffer[]> {
  const pictures: Buffer[] = [];
  for (const { name, options, preferences } of variants) {
    const stored = [
      ...(view.isOutside === true ? [] : [{ name: "parlance.session", value: sessionOf(name) }]),
      { name: "parlance.preferences", value: JSON.stringify(preferences) },
      { name: "parlance.first-minute", value: "done" },
    ];
    const context = await browser.newContext({
      ...options,
      locale: "en-GB",
      storageState: { cookies: [], origins: [{ origin: url, localStorage: stored }] },
    });
    const page = await context.newPage();
    await page.goto(`${url}${view.path ?? (view.isOutside === true ? "/" : "/room/general")}`);
    if (view.isOutside === true) await page.getByTestId("guest-name").waitFor();
    else await page.locator(".conversation .bar-title h1 bdi:not(:empty)").waitFor();
    await page.waitForTimeout(1_000);
    await view.show?.(page);
    await page.waitForTimeout(400);
    pictures.push(await page.screenshot());
    await context.close();
  }
  return pictures;
}

/** A member of `general`, as the browser keeps a login. */
async function signIn(url: string, name: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/guests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const session = (await answer.json()) as { token: string };
  const client = createClient({ url: `${url.replace("http", "ws")}/ws`, token: session.token });
  await client.connect();
  await client.room("general").join();
  client.close();
  return JSON.stringify(session);
}

/** Something to share. */
async function drawChart(browser: Browser): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 720, height: 400 } });
  const points = Array.from({ length: 37 }, (_, index) => {
    const height = 250 - 6 * index + 40 * Math.sin(index / 3) + 18 * Math.cos(index * 1.7);
    return `${40 + index * 18},${Math.round(height)}`;
  });
  await page.setContent(
    `<body style="margin:0;background:#fff"><svg width="720" height="400" font-family="system-ui" font-size="15" fill="#5c574e">
      <text x="40" y="40" font-size="20" fill="#23211d">Signal strength, dBm</text>
      ${[90, 170, 250, 330].map((y, index) => `<line x1="40" x2="690" y1="${y}" y2="${y}" stroke="#e0dcd4"/><text x="6" y="${y + 5}">-${40 + index * 10}</text>`).join("")}
      <polyline fill="none" stroke="#1b6a7d" stroke-width="3" points="${points.join(" ")}"/>
      <text x="40" y="370">before</text><text x="640" y="370">after</text></svg></body>`,
  );
  const picture = await page.screenshot();
  await page.close();
  return picture;
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
  const end = await seed(server.url, await drawChart(browser));
  const sessions = {
    arabic: await signIn(server.url, "نور"),
    others: await signIn(server.url, "Dora Meyer"),
  };
  const sessionOf = (variant: string): string =>
    variant === "arabic" ? sessions.arabic : sessions.others;
  for (const view of chosen) {
    await sheet(browser, await shoot(browser, server.url, view, sessionOf), view.name);
    console.log(view.name);
  }
  end();
  writeIndex();
} finally {
  await browser.close();
  await server.kill();
  rmSync(directory, { recursive: true });
}
