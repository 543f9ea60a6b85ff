import { readdirSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { hasService, serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parlance } from "./command-line.ts";
import { dropPrefix, freshPrefix } from "./prefixes.ts";
import { Talker, until } from "./talkers.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let directory: string;
const running: ServerProcess[] = [];
const talkers: Talker[] = [];
const prefix = freshPrefix();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "backup-"));
});
afterEach(async () => {
  for (const talker of talkers.splice(0)) talker.client.close();
  for (const server of running.splice(0)) await server.kill();
  await dropPrefix(prefix);
  await rm(directory, { recursive: true, force: true });
});

async function server(name: string, port: number, environment = {}): Promise<ServerProcess> {
  // On a quiet machine a talker writes faster than one connection may.
  const settings = { PARLANCE_COMMANDS_PER_SECOND: "0", ...environment };
  const process = new ServerProcess(port, join(directory, name), settings);
  await process.start();
  running.push(process);
  return process;
}

async function talker(url: string, name: string, room = "general"): Promise<Talker> {
  const one = new Talker(url, name, room, 2);
  talkers.push(one);
  await one.comeIn();
  return one;
}

const engines = [
  ["SQLite", undefined],
  [
    "PostgreSQL",
    hasService("postgresql") ? `${serviceUrl("postgresql")}?prefix=${prefix}` : undefined,
  ],
  ["MariaDB", hasService("mariadb") ? `${serviceUrl("mariadb")}?prefix=${prefix}` : undefined],
] as const;

for (const [engine, url] of engines) {
  test.skipIf(engine !== "SQLite" && url === undefined)(
    `[I-1] [I-13] [F-D4] ${engine}: a backup under load holds what was acknowledged before, and whoever is ahead of it is told to reset`,
    async () => {
      const port = await freePort();
      const environment = url === undefined ? {} : { PARLANCE_DATABASE_URL: url };
      const first = await server("first", port, environment);
      const people = [await talker(first.socketUrl, "Ann"), await talker(first.socketUrl, "Ben")];
      for (const [index, one] of people.entries()) one.talk(`word of ${index}`);
      await until("some messages", () => people.every(({ acked }) => acked.size > 50));

      const before = people.flatMap(({ acked }) => [...acked.values()]);
      const at = ["--data-dir", first.dataDir];
      const backup = join(directory, "backup");
      const made = await parlance(["backup", "--to", backup, "--json", ...at], environment);
      expect([made.code, made.err]).toEqual([0, ""]);
      expect(JSON.parse(made.out)).toMatchObject({ format: 1, rows: { users: 2 } });
      expect(readdirSync(backup).sort()).toEqual(["backup.json", "files", "parlance.db"]);
      expect(statSync(join(backup, "parlance.db")).mode & 0o777).toBe(0o600);
      const afterwards = Math.max(...people.map(({ offset }) => offset));
      await until("more messages", () => people.every(({ offset }) => offset > afterwards + 50));
      for (const one of people) await one.stop();
      const ahead = people[0]?.offset ?? 0;
      await first.stop();
      running.pop();

      const restored = ["--data-dir", join(directory, "second")];
      const done = await parlance(["restore", "--from", backup, ...restored]);
      expect([done.code, done.err]).toEqual([0, expect.stringMatching(/^[^\n]*rows[^]*$|^$/)]);
      expect(done.out).toContain("Clients that saw newer messages will read their rooms anew.");
      const again = await parlance(["restore", "--from", backup, ...restored]);
      expect([again.code, again.err]).toEqual([1, expect.stringContaining("--replace")]);

      // On the same address: the people who were there come back to it by themselves.
      await server("second", port);
      await until("both are told", () => people.every(({ resets }) => resets === 1));
      expect(people.map(({ signIns }) => signIns)).toEqual([2, 2]);
      const reader = await talker(`ws://127.0.0.1:${port}/ws`, "Cat");
      const texts = new Map<number, string>();
      for (let after = 0; ; ) {
        const page = await reader.client.room("general").history({ after, limit: 200 });
        const last = page.events.at(-1);
        if (last === undefined) break;
        for (const event of page.events) {
          if ("data" in event && event.type === "message.created") {
            texts.set(event.sequence, event.data.text);
          }
        }
        after = last.sequence;
      }
      for (const [text, { sequence }] of people.flatMap(({ acked }) => [...acked])) {
        if (before.some((one) => one.sequence === sequence)) expect(texts.get(sequence)).toBe(text);
      }
      expect(before.length).toBeGreaterThan(100);
      expect(texts.size).toBeGreaterThanOrEqual(before.length);
      expect(texts.size).toBeLessThan(ahead);
      const verified = await reader.client.room("general").verify();
      expect(verified.complete).toBe(true);
      // A place that was given out before means something else now, and under another epoch only.
      const [one] = people;
      const next = await one?.client.room("general").publish("after the restore").done;
      expect(next?.sequence).toBeLessThan(ahead);
      const old = [...(one?.acked.values() ?? [])][0];
      expect(next?.epoch).not.toBe(old?.epoch);
    },
  );
}

test("what is no whole backup, or was changed, is not restored", async () => {
  const first = await server("first", await freePort());
  const one = await talker(first.socketUrl, "Ann");
  one.talk("word");
  await until("a message", () => one.acked.size > 0);
  await one.stop();
  const backup = join(directory, "backup");
  const running = await parlance(["restore", "--from", backup, "--data-dir", first.dataDir]);
  expect([running.code, running.err]).toEqual([
    1,
    "The server of this install runs. Stop it first.\n",
  ]);
  const into = ["--data-dir", join(directory, "second")];
  const none = await parlance(["restore", "--from", backup, ...into]);
  expect([none.code, none.err]).toEqual([
    1,
    expect.stringContaining("There is no whole backup in"),
  ]);
  const args = ["backup", "--to", backup, "--no-files", "--data-dir", first.dataDir];
  expect(await parlance(args)).toMatchObject({ code: 0 });
  expect(readdirSync(backup).sort()).toEqual(["backup.json", "parlance.db"]);
  writeFileSync(join(backup, "parlance.db"), "something else");
  const changed = await parlance(["restore", "--from", backup, ...into]);
  expect([changed.code, changed.err]).toEqual([
    1,
    expect.stringContaining("was changed or is damaged"),
  ]);
});
