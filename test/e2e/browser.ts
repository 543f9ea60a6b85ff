import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { chromiumPath } from "../requirements.ts";

/**
 * A headless Chromium that looks nothing up on its own.
 *
 * @param flags Beyond these.
 */
export function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...flags,
    ],
  });
}

/** One person's window: a context of its own, so that nothing is shared with the others. */
export interface Window {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page's console called an error, and what it threw. */
  readonly errors: string[];
}

/** Opens the address and comes in as a guest of that name. */
export async function comeIn(
  browser: Browser,
  url: string,
  name: string,
  options: BrowserContextOptions = { viewport: { width: 1280, height: 800 } },
): Promise<Window> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  await page.getByTestId("guest-name").fill(name);
  await page.getByTestId("guest-name").press("Enter");
  await page.getByTestId("composer").waitFor();
  return { context, page, errors };
}

/** Writes into the composer and sends. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

/** Texts of all messages that the page holds in its document, in order, with their states. */
export async function shown(
  page: Page,
): Promise<{ sequence: number; text: string; state: string }[]> {
  return page.getByTestId("message").evaluateAll((rows) =>
    rows.map((row) => ({
      sequence: Number(row.getAttribute("data-sequence") ?? "0"),
      state: row.getAttribute("data-state") ?? "",
      text: row.textContent ?? "",
    })),
  );
}

/** What most windows of these tests are. */
export const wide = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Makes a public room of that id, in the name of somebody who is not in any window. @throws Error if it is refused. */
export async function makeRoom(url: string, room: string): Promise<void> {
  const post = (path: string, body: object, token?: string): Promise<Response> =>
    fetch(`${url}/api/v1${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
  const { token } = (await (await post("/guests", { name: "Back end" })).json()) as {
    token: string;
  };
  const made = await post("/rooms", { kind: "public", title: room, room }, token);
  if (!made.ok) throw new Error(`${made.status}: ${await made.text()}`);
}

/** Closes windows in which nothing went wrong. @throws Error with what did. */
export async function closeAll(...windows: readonly Window[]): Promise<void> {
  for (const { context, errors } of windows) {
    if (errors.length > 0) throw new Error(errors.join("\n"));
    await context.close();
  }
}
