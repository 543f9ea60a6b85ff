/** Real keystrokes of two people in one document at once, through stock `y-websocket` providers, with the server killed meanwhile. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { signToken } from "@parlance/identity";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { requires, sampleDataPath } from "../requirements.ts";

const test = requires("sample data");
const secret = "a-key-of-keystrokes-0f1e2d3c4b5a69788796";
const waitMs = 120_000;
/** Keystrokes that an editor sends in one update, and after which they travel while others are typed. */
const perTurn = 5;

type Patch = readonly [at: number, deleted: number, inserted: string];
interface Keystroke {
  readonly patches: readonly Patch[];
  /** Whose, and on what it stands: of documents that two wrote at once. */
  readonly agent?: number;
  readonly parents?: readonly number[];
}
interface Trace {
  readonly endContent: string;
  readonly txns: readonly Keystroke[];
}

function readTrace(name: string): Trace {
  const path = join(sampleDataPath ?? "", `${name}.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(path)).toString()) as Trace;
}

const textOf = (doc: Y.Doc): Y.Text => doc.getText("t");

function type(doc: Y.Doc, { patches }: Keystroke): void {
  doc.transact(() => {
    for (const [at, deleted, inserted] of patches) {
      if (deleted > 0) textOf(doc).delete(at, deleted);
      if (inserted !== "") textOf(doc).insert(at, inserted);
    }
  });
}

describe("recorded keystrokes", () => {
  let directory: string;
  let server: ServerProcess;
  const providers: WebsocketProvider[] = [];
  /** What ended their lines. */
  const closes: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-keystrokes-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_SECRET: secret,
      PARLANCE_DRAIN_MS: "0",
      PARLANCE_COMMANDS_PER_SECOND: "0",
    });
    await server.start();
  }, 60_000);

  afterAll(async () => {
    for (const provider of providers) provider.destroy();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function call(token: string, path: string, body: object): Promise<Record<string, string>> {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, string>;
  }

  const tokenOf = (user: string): Promise<string> =>
    signToken(secret, { user, name: user, ttlSeconds: 3_600, now: Date.now() });

  async function open(token: string, room: string): Promise<Y.Doc> {
    const { ticket = "" } = await call(token, "/tickets", { room });
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`${server.url.replace("http", "ws")}/yjs`, room, doc, {
      params: { ticket },
      disableBc: true,
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      maxBackoffTime: 200,
    });
    providers.push(provider);
    provider.on("connection-close", (event) => {
      if (event !== null) closes.push(`${event.code} ${event.reason}`);
    });
    await expect.poll(() => provider.synced, { timeout: waitMs }).toBe(true);
    return doc;
  }

  async function document(token: string): Promise<string> {
    const { room = "" } = await call(token, "/rooms", { kind: "document", title: "Keystrokes" });
    return room;
  }

  async function killAndStart(): Promise<void> {
    await server.kill();
    await server.start();
  }

  /** Ends of the server at a third and two thirds of the way; the typing goes on meanwhile. */
  function ends(length: number): { at(index: number): void; all(): Promise<unknown> } {
    const places = new Set([Math.floor(length / 3), Math.floor((2 * length) / 3)]);
    let line: Promise<void> = Promise.resolve();
    return {
      at(index) {
        if (places.has(index)) line = line.then(killAndStart);
      },
      all: () => line,
    };
  }

  async function endsWith(text: string, token: string, room: string, ...docs: readonly Y.Doc[]) {
    for (const doc of docs) {
      await expect
        .poll(() => textOf(doc).toJSON() === text || `${textOf(doc).length} ${closes.join(", ")}`, {
          timeout: waitMs,
          interval: 200,
        })
        .toBe(true);
    }
    // Whoever comes afterwards, and after one more end, reads the same.
    await killAndStart();
    expect(textOf(await open(token, room)).toJSON()).toBe(text);
  }

  test("[YJS-4] [I-1] [I-2] 26,078 changes by two friends: they type at once, each on what the line had brought, through kills of the server", async () => {
    const { txns, endContent } = readTrace("friendsforever-concurrent");
    const token = await tokenOf("ann");
    const room = await document(token);
    const docs = [await open(token, room), await open(token, room)] as const;
    // What each of the two had before them when they typed: no more than that, however fast the line is.
    const own = [new Y.Doc(), new Y.Doc()] as const;
    // Of two who wrote at one place Yjs puts the lower id first; by chance it would be another text than the recorded one.
    for (const [agent, doc] of own.entries()) doc.clientID = agent + 1;
    const seen = [new Set<number>(), new Set<number>()] as const;
    const updates: Uint8Array[] = [];
    const clocks: number[] = [];
    const pending: readonly [Uint8Array[], Uint8Array[]] = [[], []];
    const send = (who: 0 | 1): void => {
      const typed = pending[who].splice(0);
      if (typed.length > 0) Y.applyUpdate(docs[who], Y.mergeUpdates(typed));
    };
    const planned = ends(txns.length);
    for (const [index, keystroke] of txns.entries()) {
      const me = keystroke.agent === 1 ? 1 : 0;
      const news = unseen(txns, keystroke.parents ?? [], seen[me]);
      if (news.length > 0) {
        const other = own[1 - me] as Y.Doc;
        const clock = Math.max(...news.map((one) => clocks[one] ?? 0));
        send(me === 1 ? 0 : 1);
        // It really came through the server.
        while (Y.getState(docs[me].store, other.clientID) < clock) await nextTurn();
        Y.applyUpdate(own[me], Y.mergeUpdates(news.map((one) => updates[one] as Uint8Array)));
      }
      let update: Uint8Array = new Uint8Array([0, 0]);
      own[me].once("update", (made: Uint8Array) => {
        update = made;
      });
      type(own[me], keystroke);
      updates[index] = update;
      clocks[index] = Y.getState(own[me].store, own[me].clientID);
      seen[me].add(index);
      pending[me].push(update);
      planned.at(index);
      if (index % perTurn !== 0) continue;
      send(0);
      send(1);
      await nextTurn();
    }
    send(0);
    send(1);
    await planned.all();
    await endsWith(endContent, token, room, ...docs);
  }, 240_000);
});

/** What some keystrokes stand on that is not seen yet, in order. Marks it as seen. */
function unseen(
  txns: readonly Keystroke[],
  parents: readonly number[],
  seen: Set<number>,
): number[] {
  const found: number[] = [];
  const left = [...parents];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    found.push(one);
    left.push(...(txns[one]?.parents ?? []));
  }
  return found.toSorted((a, b) => a - b);
}
