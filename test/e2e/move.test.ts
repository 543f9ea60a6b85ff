import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CopyEnd, type CopyState, openCopyEnd } from "@parlance/storage/copy";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parlance } from "./command-line.ts";
import { dropPrefix, freshPrefix } from "./prefixes.ts";
import { Talker, until } from "./talkers.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let directory: string;
let prefix: string;
let server: ServerProcess;
const people: Talker[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "move-"));
  prefix = freshPrefix();
});
afterEach(async () => {
  for (const one of people.splice(0)) one.client.close();
  await server.kill();
  await dropPrefix(prefix);
  await rm(directory, { recursive: true, force: true });
});

const postgres = (): string => `${serviceUrl("postgresql")}?prefix=${prefix}`;
const maria = (): string => `${serviceUrl("mariadb")}?prefix=${prefix}`;
const sqlite = (name: string): string => `sqlite:${join(directory, name)}`;

async function start(url: string): Promise<void> {
  // On a quiet machine a talker writes faster than one connection may.
  const settings = { PARLANCE_DATABASE_URL: url, PARLANCE_COMMANDS_PER_SECOND: "0" };
  server = new ServerProcess(await freePort(), join(directory, "data"), settings);
  await server.start();
}

/** Some write into one room, some into another, and all go on until they are stopped. */
async function come(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const one = new Talker(server.socketUrl, `Person ${n}`, n % 2 === 0 ? "general" : "tech", 2);
    people.push(one);
    await one.comeIn();
    one.talk(`word of ${n}`);
  }
  await until("they have begun", () => people.every(({ acked }) => acked.size > 20));
}

function move(...args: readonly string[]) {
  return parlance(["move", "--json", "--data-dir", server.dataDir, ...args]);
}

interface Moved {
  readonly phase: string;
  readonly held_ms: number;
  readonly rows: number;
  readonly changes: number;
  readonly reason?: string;
}

async function moved(to: string, ...args: readonly string[]): Promise<Moved> {
  const done = await move("--to", to, ...args);
  if (done.code !== 0) throw new Error(`${done.out}${done.err}${server.output}`);
  return JSON.parse(done.out) as Moved;
}

/** What each of them was told, from the beginning: without a hole, each once, in one life of the room. */
async function nothingHappenedToThem(): Promise<void> {
  for (const one of people) await one.stop();
  for (const room of ["general", "tech"]) {
    const here = people.filter((one) => one.room === room);
    const head = Math.max(
      ...here.flatMap(({ acked }) => [...acked.values()].map(({ sequence }) => sequence)),
    );
    await until("all have heard everything", () => here.every(({ offset }) => offset >= head));
    for (const one of here) {
      const [first] = one.events;
      const from = first?.sequence ?? 0;
      expect(one.events.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: one.events.length }, (_, n) => from + n),
      );
      expect([one.signIns, one.resets]).toEqual([1, 0]);
      const epochs = new Set([...one.acked.values()].map(({ epoch }) => epoch));
      expect(epochs.size).toBe(1);
      // What they were delivered live before and after is what the new database proves.
      expect(await one.client.room(room).verify()).toMatchObject({ complete: true });
      const texts = new Map(
        here.flatMap(({ acked }) => [...acked]).map(([text, { sequence }]) => [sequence, text]),
      );
      for (const event of one.events) {
        const text = texts.get(event.sequence);
        if (text !== undefined && "data" in event) expect(event.data).toMatchObject({ text });
      }
    }
  }
}

/** All of them get acknowledgements that they did not have yet. */
async function theyGoOn(): Promise<void> {
  const acked = people.map((one) => one.acked.size);
  await until("they go on", () => people.every((one, n) => one.acked.size > (acked[n] ?? 0) + 10));
}

function endOf(url: string): Promise<CopyEnd> {
  if (url.startsWith("sqlite:")) {
    return openCopyEnd({ engine: "sqlite", directory: url.slice("sqlite:".length) });
  }
  const plain = new URL(url);
  plain.searchParams.delete("prefix");
  const engine = url.startsWith("mysql") ? "mysql" : "postgres";
  return openCopyEnd({ engine, url: plain.href, prefix });
}

async function stateOf(url: string): Promise<CopyState> {
  const end = await endOf(url);
  try {
    return await end.state();
  } finally {
    await end.close();
  }
}

function longestWait(): number {
  return Math.max(...people.flatMap(({ waits }) => waits));
}

const ways = [
  ["SQLite to PostgreSQL", () => sqlite("here"), postgres],
  ["PostgreSQL to SQLite", postgres, () => sqlite("there")],
  ["SQLite to MariaDB", () => sqlite("here"), maria],
  ["MariaDB to PostgreSQL", maria, postgres],
] as const;

describeWith("postgresql", "mariadb")("a running install is moved", () => {
  for (const [name, from, to] of ways) {
    test(`[I-1] [I-10] [I-11] [F-D4] ${name} under load: no gap, no new sign-in, the same sequences`, async () => {
      await start(from());
      await come(6);
      const report = await moved(to());
      expect(report).toMatchObject({ phase: "done" });
      expect(report.held_ms).toBeLessThan(2_000);
      expect(report.changes).toBeGreaterThan(0);
      await theyGoOn();
      await nothingHappenedToThem();
      // Only a check that the report does not lie by far: a busy machine waits for many things.
      expect(longestWait()).toBeLessThan(5_000);
      console.log(
        `${name}: writes waited ${report.held_ms} ms, longest ack ${Math.round(longestWait())} ms, ${report.changes} changes`,
      );

      await server.stop();
      // The old one is no install any more, and says where it went.
      await expect(server.start()).rejects.toThrow(/was moved .* to .*PARLANCE_DATABASE_URL/);
      await server.start({ PARLANCE_DATABASE_URL: to() });
      await until("they are back", () => people.every(({ signIns }) => signIns === 2));
      const [one] = people;
      const before = one?.offset ?? 0;
      const next = await one?.client.room("general").publish("on the new one").done;
      expect(next?.sequence).toBe(before + 1);
      expect(people.map(({ resets }) => resets)).toEqual(people.map(() => 0));
    });
  }

  const killed = [
    ["SQLite", () => sqlite("here"), postgres],
    ["PostgreSQL", postgres, () => sqlite("there")],
    ["MariaDB", maria, () => sqlite("there")],
  ] as const;
  for (const [name, from, to] of killed) {
    test(`[F-N1] [I-1] kill -9 while ${name} is left: it goes on, no trace stays, and the move can be run again`, async () => {
      await start(from());
      await come(4);
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const began = move("--to", to());
        await until("it has begun", () => server.output.includes('"move_began"'));
        await new Promise((resolve) => setTimeout(resolve, attempt * 60));
        await server.kill();
        expect((await began).code).toBe(1);
        server.output = "";
        // What is at the target is nothing, or says itself that it is not all there.
        const state = await stateOf(to());
        expect(state.isUsed && state.mark === undefined).toBe(false);
        if (state.mark !== undefined) {
          const other = ["users", "list", "--data-dir", join(directory, "other")];
          const refused = await parlance(other, { PARLANCE_DATABASE_URL: to() });
          expect([refused.code, refused.err]).toEqual([
            1,
            expect.stringContaining("begun and not finished"),
          ]);
        }
        await server.start();
        expect(server.output).not.toContain("database_was_put_back");
        expect(await stateOf(from())).toMatchObject({ isCaptured: false, isUsed: true });
        await theyGoOn();
      }
      const signIns = people.map((one) => one.signIns);
      expect(await moved(to())).toMatchObject({ phase: "done" });
      await theyGoOn();
      expect(people.map((one) => one.signIns)).toEqual(signIns);
      for (const one of people) {
        await one.stop();
        expect(one.resets).toBe(0);
        expect(await one.client.room(one.room).verify()).toMatchObject({ complete: true });
      }
    });
  }

  test("killed between the last two steps, it starts again when its operator says where the target is", async () => {
    await start(sqlite("here"));
    await come(2);
    for (const one of people) await one.stop();
    expect(await server.stop()).toBe(0);
    const [left, half] = [await endOf(sqlite("here")), await endOf(postgres())];
    const { identity } = await left.state();
    if (identity === undefined) throw new Error("no identity");
    await half.prepare({ type: "unfinished", by: "move" }, identity);
    await left.capture();
    await left.seal("PostgreSQL at somewhere");
    await Promise.all([left.close(), half.close()]);

    const environment = { PARLANCE_DATABASE_URL: sqlite("here") };
    const back = (...args: readonly string[]) =>
      parlance(["move", "--abandon", "--data-dir", server.dataDir, ...args], environment);
    await expect(server.start()).rejects.toThrow("moved from");
    const asks = await back();
    expect([asks.code, asks.err]).toEqual([1, expect.stringContaining("--to")]);
    const done = await back("--to", postgres());
    expect([done.code, done.out]).toEqual([0, expect.stringContaining("taken back")]);
    await server.start();
    await until("they are back", () => people.every(({ signIns }) => signIns === 2));
    for (const one of people) one.talk("again");
    await theyGoOn();

    // Where it was finished, there is no way back.
    expect(await moved(postgres())).toMatchObject({ phase: "done" });
    for (const one of people) await one.stop();
    await server.stop();
    const never = await back("--to", postgres());
    expect([never.code, never.err]).toEqual([1, expect.stringContaining("The move was finished")]);
  });

  test("abandoned, it leaves no trace at the old one; what is in use is not overwritten", async () => {
    await start(postgres());
    await come(2);
    const began = move("--to", maria());
    await until("it has begun", () => server.output.includes('"move_began"'));
    const ended = await move("--abandon");
    expect([ended.code, JSON.parse(ended.out)]).toEqual([
      0,
      expect.objectContaining({ phase: "abandoned" }),
    ]);
    expect(JSON.parse((await began).out)).toMatchObject({ phase: "abandoned" });
    expect(JSON.parse((await move("--status")).out)).toMatchObject({ phase: "abandoned" });
    await theyGoOn();
    const same = await move("--to", postgres());
    expect([same.code, same.err]).toEqual([1, expect.stringContaining("is in PostgreSQL at")]);
    expect(await moved(sqlite("there"))).toMatchObject({ phase: "done" });
    expect(existsSync(join(directory, "there", "parlance.db"))).toBe(true);
    const back = await move("--to", postgres());
    expect([back.code, back.err]).toEqual([1, expect.stringContaining("--replace")]);
    expect(await moved(postgres(), "--replace")).toMatchObject({ phase: "done" });
    expect(await stateOf(postgres())).toMatchObject({ isCaptured: false });
    await nothingHappenedToThem();
  });

  test("a target that cannot be reached is refused at once, and one that goes away harms nobody", async () => {
    await start(sqlite("here"));
    await come(2);
    const nobody = await move("--to", "postgres://root@127.0.0.1:1/test");
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining("cannot be used")]);
    expect((await move("--to", "oracle:")).err).toContain("database_url");
    expect((await move("--to", sqlite("here"))).err).toContain("already");
    await nothingHappenedToThem();
  });
});
