/**
 * Deliveries through `kill -9` of the server and of the receiver at random moments, in processes as they are run. What was acknowledged
 * to who wrote it comes at least once, each time the same, in the order of its room.
 */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPublisher } from "@parlance/publisher";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parlance } from "../e2e/command-line.ts";
import { makeWebhook, type ReceivedEvent, ReceiverProcess, seeded, textsInLog } from "./scene.ts";

const timeoutMs = 180_000;
const rooms = ["kills-a", "kills-b", "kills-c"];
const perRoom = 40;
const kills = 5;

let directory: string;
let server: ServerProcess;
let receiver: ReceiverProcess;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-webhooks-"));
  server = new ServerProcess(await freePort(), join(directory, "data"), {
    PARLANCE_LOG_LEVEL: "warn",
  });
  receiver = await ReceiverProcess.start(directory);
});
afterEach(async () => {
  await Promise.all([server.kill(), receiver.kill()]);
  rmSync(directory, { recursive: true, force: true });
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Texts of a room in the order of their first coming. */
function firstTexts(events: readonly ReceivedEvent[], room: string): readonly unknown[] {
  const seen = new Set<string>();
  return events.flatMap(({ id, room: its, data }) => {
    if (its !== room || seen.has(id)) return [];
    seen.add(id);
    return [data?.text];
  });
}

for (const seed of [1, randomInt(1_000_000)]) {
  test(
    `[WEB-4] [SC-11] every event comes, the same each time and in order, while both are killed (seed ${seed})`,
    async () => {
      const random = seeded(seed);
      const made = await parlance(["key", "create", "--scope", "publish,read"], {
        PARLANCE_DATA_DIR: server.dataDir,
      });
      const key = made.out.trim();
      await server.start();
      await makeWebhook(server, receiver.url, ["--name", "shop", "--event", "message.created"]);
      const publisher = createPublisher({
        url: server.url,
        key,
        spoolDirectory: join(server.dataDir, "spool"),
      });
      let written = 0;
      const said = new Map<string, string[]>(rooms.map((room) => [room, []]));
      const writing = Promise.all(
        rooms.map(async (room) => {
          for (let n = 0; n < perRoom; n += 1) {
            await publisher.publish({ room, text: `${room} ${n}` });
            said.get(room)?.push(`${room} ${n}`);
            written += 1;
            await pause(random() * 20);
          }
        }),
      );
      for (let kill = 0; kill < kills; kill += 1) {
        const wanted = ((kill + 1) * rooms.length * perRoom) / (kills + 2);
        while (written < wanted) await pause(2);
        await pause(random() * 60);
        const victim = random() < 0.5 ? server : receiver;
        await victim.kill();
        await pause(random() * 300);
        await victim.start();
      }
      await writing;
      const all = rooms.length * perRoom;
      const ids = (): number => new Set(receiver.events().map(({ id }) => id)).size;
      await expect.poll(ids, { timeout: 60_000, interval: 200 }).toBe(all);
      const events = receiver.events();
      for (const room of rooms) {
        const stored = await textsInLog(server, key, room);
        expect(firstTexts(events, room)).toEqual(stored);
        // What went through the spool came later than what the server took meanwhile.
        expect(stored.toSorted()).toEqual(said.get(room)?.toSorted());
      }
      const bodies = new Map<string, string>();
      for (const event of events) {
        const body = JSON.stringify(event);
        expect(bodies.get(event.id) ?? body).toBe(body);
        bodies.set(event.id, body);
      }
      // What comes again after a kill is what was under way, and begins where the place was.
      for (const room of rooms) {
        const sequences = events.flatMap((one) => (one.room === room ? [one.sequence ?? 0] : []));
        let highest = 0;
        for (const sequence of sequences) {
          expect(sequence).toBeLessThanOrEqual(highest + 1);
          highest = Math.max(highest, sequence);
        }
      }
    },
    timeoutMs,
  );
}
