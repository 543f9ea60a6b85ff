/**
 * P14 as people meet it: the Ubuntu IRC history (`PARLANCE_SAMPLE_DATA`) goes through `parlance import` into a server that runs, as one
 * deep room and a room for each year, and is then read as a guest reads it: through the SDK, and in Chromium.
 * Every message that was given is looked for: in its place, with its text, once.
 *
 *   PARLANCE_SAMPLE_DATA=… node bench/imported-history.ts [--out FOLDER]      (needs Chromium and `npm run build:web`)
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Client, createClient } from "@parlance/client";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Page } from "playwright-core";
import { comeIn, openBrowser } from "../test/e2e/browser.ts";
import { parlance } from "../test/e2e/command-line.ts";
import { quantile, round } from "./support/numbers.ts";
import { Results } from "./support/results.ts";
import { type Said, ubuntuHistory } from "./support/ubuntu.ts";

const { values } = parseArgs({ options: { out: { type: "string", default: "" } } });
const deep = "ubuntu";
const words = [
  "the",
  "kernel",
  "hoary",
  "nvidia driver install",
  "apt-get",
  "ub",
  "from:irc:ubotu ubuntu",
  "xyzzyplugh",
];
const yearOf = ({ at }: Said): number => new Date(at).getUTCFullYear();

/** The lines that `parlance import` takes. @returns how many there are. */
async function write(path: string, said: readonly Said[]): Promise<number> {
  const file = createWriteStream(path);
  let lines = 0;
  const line = async (value: object): Promise<void> => {
    lines += 1;
    if (!file.write(`${JSON.stringify(value)}\n`)) await once(file, "drain");
  };
  const rooms = [deep, ...new Set(said.map((one) => `${deep}-${yearOf(one)}`))];
  for (const room of rooms) await line({ type: "room", room, kind: "public", title: room });
  for (const [n, one] of said.entries()) {
    const author = `irc:${one.from}`;
    const time = new Date(one.at).toISOString();
    const message = { type: "message", key: n, author, name: one.from, time, text: one.text };
    await line({ ...message, room: deep });
    await line({ ...message, room: `${deep}-${yearOf(one)}` });
  }
  file.end();
  await once(file, "finish");
  return lines;
}

interface Imported {
  readonly imported: number;
  readonly repeated: number;
  readonly refused: number;
  readonly seconds: number;
}

async function bring(path: string, server: ServerProcess): Promise<Imported> {
  const begun = performance.now();
  const done = await parlance(["import", path, "--anew", "--json", "--data-dir", server.dataDir]);
  if (done.code !== 0) throw new Error(`${done.out}${done.err}`);
  const counts = JSON.parse(done.out) as Omit<Imported, "seconds">;
  return { ...counts, seconds: round((performance.now() - begun) / 1_000) };
}

async function timed<T>(once_: () => Promise<T>, waits: number[]): Promise<T> {
  const begun = performance.now();
  const value = await once_();
  waits.push(performance.now() - begun);
  return value;
}

/** From the newest day to the first, page by page, comparing every message. @returns what is not as it was given. */
async function scroll(client: Client, said: readonly Said[], waits: number[]): Promise<string[]> {
  const wrong: string[] = [];
  let left = said.length;
  for (let before: number | undefined; ; ) {
    const query = { limit: 50, ...(before === undefined ? {} : { before }) };
    const { messages } = await timed(() => client.room(deep).messages(query), waits);
    if (messages.length === 0) break;
    for (const message of messages.toReversed()) {
      left -= 1;
      const one = said[left];
      if (
        message.sequence === left + 1 &&
        message.text === one?.text &&
        message.author === `irc:${one.from}`
      )
        continue;
      wrong.push(`${message.sequence} is not as number ${left + 1} was`);
    }
    before = messages[0]?.sequence;
  }
  if (left !== 0) wrong.push(`${left} are missing`);
  return wrong;
}

/** The first message of each month, by its date. @returns jumps that did not lead there. */
async function jump(client: Client, said: readonly Said[], waits: number[]): Promise<string[]> {
  const wrong: string[] = [];
  for (let month = Date.UTC(2004, 11); month < Date.UTC(2018, 1); ) {
    const there = said.findIndex(({ at }) => at >= month);
    if (there === -1) break;
    const at = new Date(month).toISOString();
    const { messages } = await timed(() => client.room(deep).messages({ at, limit: 50 }), waits);
    if (!messages.some(({ sequence }) => sequence === there + 1))
      wrong.push(new Date(month).toISOString());
    const date = new Date(month);
    month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
  }
  return wrong;
}

/** Milliseconds until a message is on the screen, from where the address leads there. */
async function opens(page: Page, url: string, sequence: number): Promise<number> {
  const begun = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page
    .locator(`[data-testid="message"][data-sequence="${sequence}"]`)
    .waitFor({ timeout: 60_000 });
  return performance.now() - begun;
}

/** Scrolls up in the page until so many messages more were read. @returns messages a second. */
async function scrollPage(page: Page, newest: number, far: number): Promise<number> {
  const begun = performance.now();
  const oldest = (): Promise<number> =>
    page.locator('[data-testid="message"]').first().getAttribute("data-sequence").then(Number);
  await page.locator('[data-testid="message"]').last().hover();
  for (let at = await oldest(); at > newest - far; at = await oldest())
    await page.mouse.wheel(0, -20_000);
  return far / ((performance.now() - begun) / 1_000);
}

const directory = await mkdtemp(join(tmpdir(), "imported-history-"));
const said = await ubuntuHistory();
const path = join(directory, "ubuntu.jsonl");
const lines = await write(path, said);
const server = new ServerProcess(await freePort(), join(directory, "data"), {
  // As fast as it goes.
  PARLANCE_COMMANDS_PER_SECOND: "0",
});
await server.start();
const browser = await openBrowser();
try {
  const first = await bring(path, server);
  const again = await bring(path, server);
  const client = createClient({ url: server.socketUrl, guest: { name: "Ann" } });
  await client.connect();
  const pages: number[] = [];
  const jumps: number[] = [];
  const searches: number[] = [];
  await client.search("warm");
  const wrong = [...(await scroll(client, said, pages)), ...(await jump(client, said, jumps))];
  const found: Record<string, number> = {};
  for (const word of words) {
    for (let n = 0; n < 20; n += 1) {
      const { hits } = await timed(
        () => client.search(n % 2 === 0 ? word : `${word} in:${deep}`),
        searches,
      );
      found[word] = hits.length;
    }
  }
  client.close();

  const { page } = await comeIn(browser, `${server.url}/room/general`, "Ann");
  const newestMs = await opens(page, `${server.url}/room/${deep}`, said.length);
  const scrolled = await scrollPage(page, said.length, 2_000);
  const oldestMs = await opens(page, `${server.url}/room/${deep}/1`, 1);
  const middleMs = await opens(page, `${server.url}/room/${deep}/100000`, 100_000);

  const p = (waits: readonly number[], share: number): number => round(quantile(waits, share));
  const reads = [...pages, ...jumps];
  new Results("imported-history", values.out).write({
    verdicts: [
      {
        target: "I-3",
        what: "messages that are not in their place with their text, of all that were imported",
        wanted: "0",
        measured: wrong.length,
        met: wrong.length === 0,
      },
      {
        target: "P14",
        what: "search p95, ms, through the SDK",
        wanted: "at most 50",
        measured: p(searches, 0.95),
        met: p(searches, 0.95) <= 50,
      },
      {
        target: "P14",
        what: "a page of 50 at any depth or date, p99, ms, through the SDK",
        wanted: "at most 5",
        measured: p(reads, 0.99),
        met: p(reads, 0.99) <= 5,
      },
    ],
    figures: {
      lines,
      first,
      again,
      lines_a_second: round(lines / first.seconds),
      wrong: wrong.slice(0, 20),
      scroll_to_2004: { pages: pages.length, p50_ms: p(pages, 0.5), p99_ms: p(pages, 0.99) },
      jump_to_a_month: { jumps: jumps.length, p50_ms: p(jumps, 0.5), p99_ms: p(jumps, 0.99) },
      search: {
        p50_ms: p(searches, 0.5),
        p95_ms: p(searches, 0.95),
        hits_on_the_first_page: found,
      },
      in_chromium: {
        newest_ms: round(newestMs),
        first_of_all_ms: round(oldestMs),
        in_the_middle_ms: round(middleMs),
        messages_a_second_on_the_way_up: round(scrolled),
      },
    },
    notes: [
      "Server, SDK and browser share the machine. A page includes the way through the socket and the SDK.",
    ],
  });
} finally {
  await browser.close();
  await server.kill();
  await rm(directory, { recursive: true, force: true });
}
