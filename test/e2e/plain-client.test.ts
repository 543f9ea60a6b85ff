import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const file = join(import.meta.dirname, "../../examples/plain-client/client.js");

interface PlainEvent {
  readonly sequence: number;
  readonly type: string;
  readonly author: string;
  readonly client_message_id?: string;
  readonly data: { readonly text?: string };
}
interface PlainClient {
  publish(text: string): void;
  close(): void;
}
interface PlainOptions {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly onEvent: (event: PlainEvent) => void;
  readonly onState: (state: string) => void;
}

/** Clients, and messages of each. */
const people = 6;
const messages = 150;
const kills = 8;

describe("the plain client", () => {
  let server: ServerProcess;
  let directory: string;
  let connect: (options: PlainOptions) => PlainClient;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-plain-"));
    server = new ServerProcess(await freePort(), directory, { PARLANCE_COMMANDS_PER_SECOND: "0" });
    await server.start();
    // As a page would: a script that leaves one name behind.
    runInThisContext(readFileSync(file, "utf8"), { filename: file });
    connect = (globalThis as unknown as { parlance: typeof connect }).parlance;
  }, 60_000);

  afterAll(async () => {
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  test("fits into 60 lines and knows nothing but the protocol", () => {
    const source = readFileSync(file, "utf8");
    expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
    expect(source).not.toMatch(/\b(import|require)\b/);
  });

  test("[F-N1] [F-N2] [I-9] [I-11] [I-12] loses, doubles and reorders nothing while the server is killed again and again", async () => {
    const seen: PlainEvent[][] = [];
    let returns = 0;
    const clients = Array.from({ length: people }, (_, index) => {
      const events: PlainEvent[] = [];
      seen.push(events);
      return connect({
        url: server.socketUrl,
        room: "plain",
        name: `Person ${index + 1}`,
        onEvent: (event) => void events.push(event),
        onState: (state) => {
          if (state === "online") returns += 1;
        },
      });
    });
    await until(() => returns === people, "everybody to come in");
    let isWriting = true;
    let atStart = returns;
    const killing = (async (): Promise<void> => {
      for (let kill = 0; kill < kills; kill += 1) {
        // A server that is killed before anybody is back shows little, and a busy machine starts slowly.
        await pause(300 + 100 * (kill % 4));
        if (kill > 0)
          await until(() => returns - atStart >= people / 2, "half of them to come back");
        await server.kill();
        atStart = returns;
        await server.start();
      }
      isWriting = false;
    })();
    for (let round = 1; round <= messages || isWriting; round += 1) {
      for (const [index, client] of clients.entries()) client.publish(`${index + 1}.${round}`);
      await pause(25);
      if (round === messages) await killing;
      if (round >= messages) break;
    }
    const expected = people * messages;
    await until(() => seen.every((events) => events.length >= expected), "all messages");
    for (const [index, events] of seen.entries()) {
      expect(events.map((event) => event.sequence)).toEqual(
        Array.from({ length: expected }, (_, place) => place + 1),
      );
      const own = events
        .map(({ data }) => data.text ?? "")
        .filter((text) => text.startsWith(`${index + 1}.`));
      expect(own).toEqual(
        Array.from({ length: messages }, (_, round) => `${index + 1}.${round + 1}`),
      );
      expect(events.map((event) => event.data.text)).toEqual(
        seen[0]?.map((event) => event.data.text),
      );
    }
    expect(returns).toBeGreaterThanOrEqual(people * (kills / 2));
    for (const client of clients) client.close();
  }, 120_000);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}
