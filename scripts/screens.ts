/**
 * Takes the pictures in `docs/screens/`: two windows talk, the server is killed with -9 and started again, both
 * are whole; then the same on a phone, in the dark, the first page, notifications and a job.
 *
 *   npx node scripts/screens.ts      (needs Chromium, see test/requirements.ts)
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { comeIn, openBrowser, say } from "../test/e2e/browser.ts";

const cli = join(import.meta.dirname, "../packages/cli/bin/parlance.js");
const folder = join(import.meta.dirname, "../docs/screens");
const talk = [
  "Did anyone get the wireless card working after the upgrade?",
  "Yes, but only with the new firmware package.",
  "The one in backports?",
  "Exactly. Install it, reboot, and it shows up.",
  "That did it. Thank you!",
  "Let me write that down for the wiki before we all forget.",
];
const later = ["And now I pull the plug on the server …", "… and we go on as if nothing had been."];

async function converse(pages: readonly Page[], lines: readonly string[]): Promise<void> {
  for (const [index, line] of lines.entries()) {
    const page = pages[index % pages.length];
    if (page === undefined) continue;
    await say(page, line);
    for (const other of pages) await other.getByText(line, { exact: true }).first().waitFor();
  }
}

async function shoot(page: Page, name: string): Promise<Buffer> {
  await page.waitForTimeout(400);
  return page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Two pictures beside each other, as one. */
async function beside(browser: Browser, pictures: readonly Buffer[], name: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1640, height: 760 } });
  const images = pictures.map(
    (picture) => `<img src="data:image/png;base64,${picture.toString("base64")}">`,
  );
  await page.setContent(
    `<style>body{margin:20px;display:flex;gap:20px;background:#e7e5e0}
     img{width:790px;height:720px;border-radius:10px}</style>${images.join("")}`,
  );
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.close();
}

async function checked(page: Page): Promise<void> {
  await page.getByTestId("completeness").click();
  await page
    .getByText(/complete/)
    .first()
    .waitFor();
}

async function guest(
  browser: Browser,
  url: string,
  name: string,
  options: BrowserContextOptions,
): Promise<Page> {
  const { page } = await comeIn(browser, url, name, options);
  await page.getByTestId("composer").waitFor();
  return page;
}

/** What a back end tells one user: notifications, and how far a job is. */
async function notificationsAndJob(browser: Browser, room: string): Promise<void> {
  const key = await parlance("key", "create", "--scope", "publish,rooms", "--name", "shop");
  const send = async (method: string, path: string, body: object): Promise<void> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const page = await guest(browser, room, "Fay", { viewport: { width: 1280, height: 800 } });
  const session = await page.evaluate(() => localStorage["parlance.session"] as string);
  const { user } = JSON.parse(session) as { user: { id: string } };
  const tell = (text: string, data: object): Promise<void> =>
    send("POST", "/publish", { user: user.id, text, data });
  await tell("Bob downloaded report.pdf.", { type: "file_downloaded", file_id: 3 });
  await tell("It should arrive on Tuesday.", {
    title: "Your order has shipped",
    url: "https://shop.example/orders/123",
  });
  await tell("All five pages were read.", { title: "letter.png", room: "ocr_job_7" });
  await page.locator("[data-testid=inbox-button][data-unread='3']:visible").click();
  await page.getByTestId("notice").nth(2).waitFor();
  await shoot(page, "inbox");
  await page.keyboard.press("Escape");

  const job = "ocr_job_7";
  await send("PUT", `/rooms/${job}/members/${user.id}`, { role: "member" });
  for (const progress of [20, 40, 60]) {
    await send("POST", "/publish", {
      room: job,
      text: `OCR: ${progress} %`,
      data: { status: "processing", progress, text: `Reading page ${progress / 20 + 1} of 5` },
    });
  }
  await page.goto(`${server.url}/room/${job}`);
  await page.getByText("Reading page 4 of 5").waitFor();
  await shoot(page, "job");
}

async function parlance(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...words], {
    env: {
      ...process.env,
      PARLANCE_PORT: String(server.port),
      PARLANCE_DATA_DIR: server.dataDir,
    },
  });
  return stdout.trim();
}

const directory = mkdtempSync(join(tmpdir(), "parlance-screens-"));
const server = new ServerProcess(await freePort(), directory);
mkdirSync(folder, { recursive: true });
await server.start();
const browser = await openBrowser();
try {
  const room = `${server.url}/room/general`;
  const first = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await first.goto(server.url);
  await first.getByTestId("guest-name").waitFor();
  await shoot(first, "welcome");

  const window = { viewport: { width: 790, height: 720 } };
  const pages = [
    await guest(browser, room, "Ann", window),
    await guest(browser, room, "Bob", window),
  ];
  for (const page of pages) {
    const close = page.getByRole("button", { name: /dismiss|close|hide/i }).first();
    if (await close.isVisible()) await close.click();
  }
  await converse(pages, talk);
  await server.kill();
  const [ann] = pages;
  if (ann !== undefined) {
    await say(ann, later[0] ?? "");
    await ann.getByTestId("connection").waitFor();
    await shoot(ann, "server-gone");
  }
  await server.start();
  for (const page of pages)
    await page
      .getByText(later[0] ?? "", { exact: true })
      .first()
      .waitFor();
  await converse([...pages].reverse(), later.slice(1));
  for (const page of pages) await checked(page);
  const both = [];
  for (const [index, page] of pages.entries()) both.push(await shoot(page, `window-${index + 1}`));
  await beside(browser, both, "after-kill");

  const desktop = await guest(browser, room, "Carol", { viewport: { width: 1440, height: 900 } });
  await shoot(desktop, "desktop");
  const dark = await guest(browser, room, "Dora", {
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
  });
  await shoot(dark, "desktop-dark");
  const phone = await guest(browser, room, "Emil", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  await shoot(phone, "phone");
  await notificationsAndJob(browser, room);
} finally {
  await browser.close();
  await server.kill();
  rmSync(directory, { recursive: true });
}
