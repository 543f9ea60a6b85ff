/** What a page's browser notifications came to: the real constructor is called, and its events are kept. */
import type { BrowserContext, Page } from "playwright-core";

/** One that the page made. `shown`: the browser has shown it. */
export interface MadeNotice {
  readonly title: string;
  readonly body: string;
  readonly shown: boolean;
}

interface Kept {
  readonly notice: Notification;
  shown: boolean;
}
type Watched = typeof globalThis & { keptNotices: Kept[]; askedPermission: number };

/** Watches all pages that the context opens from now on. */
export async function watchNotices(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const page = globalThis as Watched;
    page.keptNotices = [];
    page.askedPermission = 0;
    const Real = page.Notification;
    page.Notification = class extends Real {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        const kept = { notice: this as Notification, shown: false };
        this.addEventListener("show", () => {
          kept.shown = true;
        });
        page.keptNotices.push(kept);
      }

      static override requestPermission(): Promise<NotificationPermission> {
        page.askedPermission += 1;
        return Real.requestPermission();
      }
    };
  });
}

/** All that the page made, once the browser has shown at least so many. */
export async function noticesOf(page: Page, count = 0): Promise<readonly MadeNotice[]> {
  await page.waitForFunction(
    (least) =>
      (globalThis as unknown as { keptNotices: { shown: boolean }[] }).keptNotices.filter(
        (one) => one.shown,
      ).length >= least,
    count,
  );
  return page.evaluate(() =>
    (globalThis as Watched).keptNotices.map(({ notice: { title, body }, shown }) => ({
      title,
      body,
      shown,
    })),
  );
}

/** How often the page asked for permission. */
export function askedPermission(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as Watched).askedPermission);
}

/** As the browser does when somebody clicks on the last one: no protocol of the browser can click there. */
export function clickNotice(page: Page): Promise<void> {
  return page.evaluate(() => {
    (globalThis as Watched).keptNotices.at(-1)?.notice.dispatchEvent(new Event("click"));
  });
}

/** The browser's own idea of focus: playwright makes every page believe it has it. */
export async function lookAway(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  await session.detach();
}
