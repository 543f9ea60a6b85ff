/** Back ends publish while the server is killed and started again: what a publish said it did is so, once. */
import { readdirSync } from "node:fs";
import { Random } from "@parlance/testkit/simulation";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { Caller, libraries, shell } from "./languages.ts";
import { Scene, serverReadsSpool } from "./scene.ts";

const publishes = 200;
const kills = 8;
const seed = Number(process.env["PARLANCE_SEED"] ?? Date.now() % 1_000_000);

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await Scene.start({ PARLANCE_SPOOL: serverReadsSpool ? "yes" : "no" });
  key = await scene.key("publish");
}, 60_000);
afterAll(() => scene?.close());

interface Said {
  readonly text: string;
  readonly by: "http" | "spool";
  readonly sequence?: number;
}

const backOffMs = 1_200;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes text after text, while the server is killed at some moment of each round and comes back. */
async function publishAll(publish: (text: string) => Promise<Said>): Promise<readonly Said[]> {
  const random = new Random(seed);
  const said: Said[] = [];
  for (let round = 0; round < kills; round += 1) {
    const killing = (async (): Promise<void> => {
      await pause(random.between(20, 150));
      await scene.server.kill();
      await pause(random.between(0, 50));
      await scene.server.start();
    })();
    // Told where it is waited for.
    killing.catch(() => {});
    for (let count = 0; count < publishes / kills; count += 1) {
      said.push(await publish(`Message ${said.length}`));
      await pause(random.between(0, 8));
    }
    await killing;
    // Who got no answer asks nobody for a second: both ways shall be taken.
    await pause(backOffMs);
  }
  return said;
}

/** Every one is in the log or in a file of the spool; after the files are published too, each is in the log, once. */
async function expectOnce(room: string, said: readonly Said[]): Promise<void> {
  expect(said).toHaveLength(publishes);
  const texts = said.map(({ text }) => text);
  if (!serverReadsSpool) {
    const logged = await scene.texts(room);
    expect(new Set(logged).size, `seed ${seed}`).toBe(logged.length);
    const files = scene.spooled();
    for (const { name, content } of files) {
      expect(name).toMatch(/^\d{17}-[0-9a-f]+\.json$/);
      expect(content).toMatchObject({
        room,
        text: expect.any(String),
        idempotency_key: expect.stringMatching(/^[\x21-\x7e]{1,64}$/),
        key_id: key.split("_")[1],
      });
    }
    const waiting = files.map(({ content }) => content["text"]);
    expect(waiting).toEqual(said.flatMap(({ by, text }) => (by === "spool" ? [text] : [])));
    const missing = said.filter(
      ({ by, text }) => !(by === "spool" ? waiting : logged).includes(text),
    );
    expect(missing, `seed ${seed}`).toEqual([]);
    await scene.deliver(key);
  }
  await expect.poll(() => scene.spooled(), { timeout: 60_000 }).toEqual([]);
  await expect
    .poll(async () => (await scene.texts(room)).toSorted(), { timeout: 60_000 })
    .toEqual(texts.toSorted());
  // Nothing half written, nothing set aside. Names with a dot are the server's own.
  const left = readdirSync(scene.spoolDir, { recursive: true }).map(String);
  expect(left.filter((name) => name !== "refused" && !name.startsWith("."))).toEqual([]);
  // What was answered over HTTP keeps its place and its order.
  const log = await scene.log(room);
  const placed = said.filter(({ by }) => by === "http");
  expect(
    placed.map(({ sequence }) => log.find((one) => one.sequence === sequence)?.data.text),
  ).toEqual(placed.map(({ text }) => text));
  const sequences = placed.map(({ sequence = 0 }) => sequence);
  expect(sequences).toEqual(sequences.toSorted((left_, right) => left_ - right));
}

interface Report {
  readonly by: "http" | "spool";
  readonly results?: readonly [{ readonly sequence: number }];
}

function saidOf(text: string, { by, results }: Report): Said {
  return { text, by, ...(results === undefined ? {} : { sequence: results[0].sequence }) };
}

describe(`[F-N1] [F-N2] [PE-14] 200 publishes while the server is killed ${kills} times`, () => {
  for (const library of libraries) {
    const [interpreter] = library;
    requires(interpreter)(
      `in ${interpreter}: each that returned appears once`,
      async () => {
        const room = `killed-${interpreter}`;
        const caller = new Caller(library, scene.environment(key));
        const said = await publishAll(async (text) => {
          const { ok, refused } = await caller.call("publish", { room, text });
          expect(refused, `seed ${seed}`).toBeUndefined();
          return saidOf(text, ok as Report);
        });
        await caller.close();
        // Both ways were taken, so both were shown.
        expect(new Set(said.map(({ by }) => by)).size, `seed ${seed}`).toBe(2);
        await expectOnce(room, said);
      },
      240_000,
    );
  }

  requires("curl")(
    "with curl: each that returned appears once",
    async () => {
      const room = "killed-curl";
      const said = await publishAll(async (text) => {
        const variables = { ...scene.environment(key), ROOM: room, TEXT: text };
        const { code, out, err } = await shell("publish.sh", [], variables);
        expect([code, err], `seed ${seed}`).toMatchObject([0, expect.any(String)]);
        return out.startsWith("{")
          ? saidOf(text, { by: "http", ...(JSON.parse(out) as object) })
          : { text, by: "spool" };
      });
      await expectOnce(room, said);
    },
    240_000,
  );
});
