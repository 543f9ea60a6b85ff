/** Messages that grow, whole: a real server that is killed, lines that are cut, two nodes, and pages of a browser. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient, type GrowingText, type Room } from "@parlance/client";
import { Cluster } from "@parlance/testkit/cluster";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { requires } from "../requirements.ts";
import { comeIn, openBrowser } from "./browser.ts";

const waitMs = 60_000;
/** Of several widths in UTF-8 and UTF-16, and what JSON escapes. */
const words = [
  "plain ",
  "漢字と",
  "👩‍🚀🌊 ",
  "é\u0301 ",
  'quo"te\\ ',
  "line\nbreak\t",
  "𝔘𝔫𝔦 ",
  "\u0001",
];
const pieces = Array.from({ length: 2_000 }, (_, n) => `${n}${words[n % words.length] ?? ""}`);
const whole = pieces.join("");

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + waitMs; !holds(); await pause(20)) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
  }
}

/** A reader with every state of one message's text that it was told. */
class Reader {
  readonly client: Client;
  readonly room: Room;
  readonly texts: GrowingText[] = [];

  constructor(url: string, name: string, room: string) {
    this.client = createClient({ url, guest: { name }, pingIntervalMs: 200 });
    this.room = this.client.room(room);
    this.room.on("text", (text) => void this.texts.push(text));
    void this.client.connect();
  }

  get last(): GrowingText | undefined {
    return this.texts.at(-1);
  }
}

describe("an open message of 2,000 appends", () => {
  let server: ServerProcess;
  let directory: string;
  const clients: Client[] = [];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-open-"));
    server = new ServerProcess(await freePort(), directory, { PARLANCE_POLL_MS: "500" });
    await server.start();
  }, 120_000);
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  test("[OPEN-2] [OPEN-6] [I-10] is byte-identical for a reader who is cut 20 times, with the server killed three times", {
    timeout: 300_000,
  }, async () => {
    const line = await TcpProxy.open({ host: "127.0.0.1", port: server.port });
    const reader = new Reader(`ws://127.0.0.1:${line.port}/ws`, "Reader", "stream");
    const writer = createClient({
      url: server.socketUrl,
      guest: { name: "Writer" },
      pingIntervalMs: 200,
    });
    clients.push(reader.client, writer);
    await reader.room.subscribe();
    await writer.connect();
    const writing = writer.room("stream").open();
    let cuts = 0;
    let kills = 0;
    for (const [n, piece] of pieces.entries()) {
      writing.append(piece);
      await pause(4);
      if (n % 100 === 50) {
        line.cut();
        cuts += 1;
      }
      if (n === 500 || n === 1_000 || n === 1_500) {
        await server.kill();
        await server.start();
        kills += 1;
      }
    }
    expect(await writing.close()).toBe("done");
    expect([cuts, kills]).toEqual([20, 3]);
    await until("the end", () => reader.last?.open === false);
    expect(reader.last).toEqual({
      message_id: writing.messageId,
      text: whole,
      open: false,
      reason: "done",
    });
    // What was shown meanwhile was never anything else, and it did grow meanwhile.
    expect(reader.texts.every(({ text }) => whole.startsWith(text))).toBe(true);
    const lengths = new Set(reader.texts.map(({ text }) => text.length));
    expect(lengths.size).toBeGreaterThan(20);
    const late = new Reader(server.socketUrl, "Late", "stream");
    clients.push(late.client);
    await late.client.connect();
    const id = writing.messageId as NonNullable<typeof writing.messageId>;
    const view = await late.client.request<"get_message">({ type: "get_message", message_id: id });
    expect(view).toMatchObject({ text: whole, closed: "done" });
    await line.close();
  });

  test("[OPEN-6] who comes late, and who comes back, get the text so far and then the rest", async () => {
    const writer = createClient({ url: server.socketUrl, guest: { name: "Writer" } });
    clients.push(writer);
    await writer.connect();
    const writing = writer.room("late").open({ text: "From the start, " });
    writing.append("before you came, ");
    await until("what is stored", () => writing.length === 33);
    const late = new Reader(server.socketUrl, "Late", "late");
    clients.push(late.client);
    await late.room.subscribe({ last: 10 });
    await until("the text so far", () => late.last?.text === "From the start, before you came, ");
    writing.append("and since 👋.");
    await until("the rest", () => late.last?.text.endsWith("and since 👋.") === true);
    // Whole pairs only, however they are cut.
    writing.append("\ud83d");
    writing.append("\udc4b");
    await until("the pair", () => late.last?.text.endsWith("👋.👋") === true);
    expect(late.room.textOf(late.last?.message_id as never)).toBe(late.last?.text);
    await writing.close();
    await until("the end", () => late.last?.open === false);
    expect(late.last).toMatchObject({ text: "From the start, before you came, and since 👋.👋" });
  });

  test("[OPEN-4] the writer hears at once that somebody who may cancelled it", async () => {
    const owner = createClient({ url: server.socketUrl, guest: { name: "Ann" } });
    const writer = createClient({ url: server.socketUrl, guest: { name: "Bert" } });
    clients.push(owner, writer);
    const [, bot] = await Promise.all([owner.connect(), writer.connect()]);
    const { room } = await owner.createRoom({ kind: "private", title: "Bots" });
    await owner.room(room).addMember(bot.id);
    const place = writer.room(room);
    await place.subscribe();
    const writing = place.open();
    writing.append("As I was say");
    await until("what is stored", () => writing.length === 12);
    await owner.room(room).cancel(writing.messageId as never);
    expect(await writing.ended).toBe("cancelled");
    writing.append("ing");
    expect(writing.state).toBe("ended");
    // And one that does not listen hears of it with its next append.
    await place.unsubscribe();
    const deaf = place.open();
    deaf.append("x");
    await until("what is stored", () => deaf.length === 1);
    await owner.room(room).cancel(deaf.messageId as never);
    deaf.append("y");
    expect(await deaf.ended).toBe("cancelled");
  });
});

const inBrowser = requires("chromium");

describe("the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;
  const clients: Client[] = [];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-open-"));
    server = new ServerProcess(await freePort(), directory, { PARLANCE_POLL_MS: "500" });
    await server.start();
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await browser?.close();
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  async function writer(name: string): Promise<Client> {
    const client = createClient({ url: server.socketUrl, guest: { name } });
    clients.push(client);
    await client.connect();
    return client;
  }

  inBrowser(
    "[OPEN-6] shows who comes late the text so far and then the rest, without moving who reads further up",
    { timeout: 120_000 },
    async () => {
      const bert = await writer("Bert");
      const general = bert.room("general");
      const before = Array.from({ length: 40 }, (_, n) =>
        general.publish(`Before it, ${n}.\nA second line.`),
      );
      await Promise.all(before.map(({ done }) => done));
      const writing = general.open({ text: "So far: " });
      writing.append("漢字 👋");
      await until("what is stored", () => writing.length === 13);
      const { page, errors } = await comeIn(browser, `${server.url}/room/general`, "Ann");
      const row = page.getByTestId("message").last();
      await row.getByText("So far: 漢字 👋").waitFor();
      expect(await row.getByTestId("growth").textContent()).toContain("writing");
      // Who may not cancel it is not asked to.
      expect(await row.getByRole("button").count()).toBe(0);
      const history = page.getByRole("log", { name: /^Conversation/ });
      writing.append("\nand then\nthe rest,\n");
      await row.getByText("the rest,").waitFor();
      const fromEnd = (): Promise<number> =>
        history.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
      await expect.poll(fromEnd, { timeout: waitMs }).toBeLessThan(40);
      await history.evaluate((log) => log.scrollBy(0, -600));
      await page.getByRole("button", { name: "Go to the newest message" }).waitFor();
      const place = await history.evaluate((log) => log.scrollTop);
      writing.append("line\n".repeat(30));
      await until("what is stored", () => writing.length > 150);
      await expect.poll(fromEnd, { timeout: waitMs }).toBeGreaterThan(800);
      expect(await history.evaluate((log) => log.scrollTop)).toBe(place);
      writing.append("End.");
      await writing.close();
      await page.getByRole("button", { name: "Go to the newest message" }).click();
      await row.getByText("End.").waitFor();
      expect(await row.getByTestId("growth").count()).toBe(0);
      // What is whole is read out once; pieces never are.
      await page.getByRole("status").getByText("Bert: So far").waitFor({ state: "attached" });
      await page.reload();
      await row.getByText("End.").waitFor();
      expect(errors).toEqual([]);
    },
  );

  inBrowser(
    "[OPEN-4] who may cancels it, by keyboard, and everybody reads that it was",
    { timeout: 120_000 },
    async () => {
      const bert = await writer("Bert");
      const { page, errors } = await comeIn(browser, `${server.url}/room/general`, "Cem");
      const idOfCem = async (): Promise<string> =>
        (await bert.room("general").presence()).find(({ name }) => name === "Cem")?.id ?? "";
      await expect.poll(idOfCem, { timeout: 20_000 }).not.toBe("");
      const { room } = await bert.createRoom({ kind: "private", title: "Answers" });
      await bert.room(room).addMember(await idOfCem(), "moderator");
      await bert.room(room).subscribe();
      const writing = bert.room(room).open({ text: "Once upon a time" });
      await page.goto(`${server.url}/room/${room}`);
      const row = page.getByTestId("message").last();
      await row.getByText("Once upon a time").waitFor();
      const button = row.getByRole("button", { name: "Cancel what Bert is writing" });
      await button.focus();
      await page.keyboard.press("Enter");
      expect(await writing.ended).toBe("cancelled");
      await row.getByText("Cancelled before it was finished.").waitFor();
      expect(await button.count()).toBe(0);
      await page.reload();
      await row.getByText("Cancelled before it was finished.").waitFor();
      expect(await row.textContent()).toContain("Once upon a time");
      expect(errors).toEqual([]);
    },
  );
});

const onTwoNodes = requires("postgresql", "redis");

describe("two nodes", () => {
  let cluster: Cluster;
  const clients: Client[] = [];
  beforeAll(async () => {
    const environment = { PARLANCE_OPEN_MESSAGE_IDLE_MS: "4000", PARLANCE_POLL_MS: "1000" };
    cluster = await Cluster.start({ engine: "postgresql", broker: "redis", nodes: 2, environment });
  }, 120_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await cluster?.remove();
  });

  onTwoNodes(
    "[OPEN-3] [OPEN-7] a writer whose node dies goes on at the other one; without it, the message is abandoned",
    { timeout: 120_000 },
    async () => {
      const [first, second] = cluster.nodes;
      if (first === undefined || second === undefined) throw new Error("two nodes");
      const line = await TcpProxy.open({ host: "127.0.0.1", port: first.process.port });
      const writer = createClient({
        url: `ws://127.0.0.1:${line.port}/ws`,
        token: cluster.token("bot"),
        pingIntervalMs: 200,
      });
      const reader = createClient({ url: second.process.socketUrl, token: cluster.token("ann") });
      clients.push(writer, reader);
      const texts: GrowingText[] = [];
      const room = reader.room("stream");
      room.on("text", (text) => void texts.push(text));
      await reader.connect();
      await room.subscribe();
      await writer.connect();
      const writing = writer.room("stream").open();
      for (const [n, piece] of pieces.slice(0, 400).entries()) {
        writing.append(piece);
        await pause(5);
        if (n !== 200) continue;
        line.leadTo({ host: "127.0.0.1", port: second.process.port });
        await first.kill();
        line.cut();
      }
      const said = pieces.slice(0, 400).join("");
      await until("all of it", () => texts.at(-1)?.text === said);
      expect(texts.every(({ text }) => said.startsWith(text))).toBe(true);
      writer.close();
      await until("the end", () => texts.at(-1)?.open === false);
      expect(texts.at(-1)).toMatchObject({ text: said, reason: "abandoned" });
      await line.close();
    },
  );
});
