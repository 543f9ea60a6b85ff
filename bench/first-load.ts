/**
 * The web app's first load (goal P15): bytes over the wire, and time until one can write, on a processor slowed down
 * four times. A person who is signed in opens a room with some messages, with nothing in the browser's cache.
 *
 *   node bench/first-load.ts [--reps 7] [--slow 4] [--out FOLDER]      (needs Chromium and `npm run build:web`)
 *
 * "One can write": the composer has the focus, and a key that is pressed shows in it in the next frame.
 */
import { parseArgs } from "node:util";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser } from "playwright-core";
import { comeIn, openBrowser, say } from "../test/e2e/browser.ts";
import { median, quantile, round } from "./support/numbers.ts";
import { Results } from "./support/results.ts";
import { dataDirectory } from "./support/servers.ts";

const { values } = parseArgs({
  options: {
    reps: { type: "string", default: "7" },
    slow: { type: "string", default: "4" },
    out: { type: "string", default: "" },
  },
});
const reps = Number(values.reps);
const slow = Number(values.slow);

interface Load {
  /** Milliseconds from the start of the navigation until one can write. */
  readonly writableMs: number;
  /** Until the messages are on the screen. */
  readonly messagesMs: number;
  /** Compressed bytes of the page, its scripts and its style sheets. */
  readonly bytes: number;
}

type Storage = Awaited<ReturnType<Awaited<ReturnType<Browser["newContext"]>>["storageState"]>>;

async function load(browser: Browser, url: string, storageState: Storage): Promise<Load> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    storageState,
  });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slow });
  await session.send("Network.enable");
  let bytes = 0;
  const kinds = new Map<string, boolean>();
  session.on("Network.responseReceived", ({ requestId, type }) =>
    kinds.set(requestId, ["Document", "Script", "Stylesheet"].includes(type)),
  );
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (kinds.get(requestId) === true) bytes += encodedDataLength;
  });
  // In the page: what a test tool notices from outside comes late.
  await page.addInitScript(() => {
    const marks = globalThis as unknown as { writableMs?: number; messagesMs?: number };
    const look = (): void => {
      const active = document.activeElement;
      if (active?.getAttribute("data-testid") === "composer") {
        marks.writableMs ??= performance.now();
      }
      if (document.querySelector("[data-testid=message]") !== null) {
        marks.messagesMs ??= performance.now();
      }
      if (marks.writableMs === undefined || marks.messagesMs === undefined) {
        requestAnimationFrame(look);
      }
    };
    requestAnimationFrame(look);
  });
  await page.goto(url, { waitUntil: "commit" });
  const found = await page.waitForFunction(
    () => {
      const { writableMs, messagesMs } = globalThis as unknown as Partial<Load>;
      return writableMs === undefined || messagesMs === undefined
        ? undefined
        : { writableMs, messagesMs };
    },
    undefined,
    { timeout: 60_000 },
  );
  const times = (await found.jsonValue()) ?? { writableMs: Number.NaN, messagesMs: Number.NaN };
  await context.close();
  return { ...times, bytes };
}

const server = new ServerProcess(await freePort(), dataDirectory());
await server.start();
const browser = await openBrowser();
try {
  const room = `${server.url}/room/general`;
  const first = await comeIn(browser, room, "Ann");
  for (let index = 1; index <= 30; index += 1) await say(first.page, `Line ${index}`);
  await first.page.locator('[data-testid="message"][data-state="sent"]').last().waitFor();
  const storage = await first.context.storageState();
  await first.context.close();
  // One that does not count: the server reads its files for the first time.
  await load(browser, room, storage);
  const loads: Load[] = [];
  for (let rep = 0; rep < reps; rep += 1) loads.push(await load(browser, room, storage));

  const of = (key: keyof Load): readonly number[] => loads.map((one) => one[key]);
  const bytes = Math.max(...of("bytes"));
  const writable = median(of("writableMs"));
  new Results("first-load", values.out).write({
    verdicts: [
      {
        target: "P15",
        what: "bytes of page, scripts and styles, compressed",
        wanted: "<= 204800",
        measured: bytes,
        met: bytes <= 204_800,
      },
      {
        target: "P15",
        what: `ms until one can write, processor ${slow}x slower, median of ${reps}`,
        wanted: "<= 1000",
        measured: round(writable),
        met: writable <= 1_000,
      },
    ],
    figures: {
      slow,
      writableMs: of("writableMs").map((ms) => round(ms)),
      messagesMs: of("messagesMs").map((ms) => round(ms)),
      slowestWritableMs: round(quantile(of("writableMs"), 1)),
      bytes: of("bytes"),
    },
    notes: [
      "Server and browser share the machine; only the page is slowed down.",
      "The bytes count what came until the messages were there, the parser of Markdown too where a message needs it.",
    ],
  });
} finally {
  await browser.close();
  await server.kill();
}
