/**
 * Stock providers of `y-websocket` on two nodes: everybody edits by chance, lines break, one node is killed. In the end all have what all
 * have written. `PARLANCE_YJS_SEEDS` (4 if absent) runs from `PARLANCE_YJS_FIRST` on; a seed repeats the choices, not the timing.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Editor, Version } from "@parlance/testkit/editor";
import { Random } from "@parlance/testkit/simulation";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import * as Y from "yjs";
import { hasRequirement, requires } from "../requirements.ts";
import { Desk, type Name } from "./desk.ts";
import { edit, type Whole, wholeOf } from "./yjs-edits.ts";

const timeoutMs = 150_000;
const waitMs = 40_000;
const seeds = Number(process.env["PARLANCE_YJS_SEEDS"] ?? 4);
const first = Number(process.env["PARLANCE_YJS_FIRST"] ?? 1 + Math.floor(Math.random() * 1e9));
const steps = 600;
const places: readonly (readonly [Name, number, Version])[] = [
  ["ann", 0, "3"],
  ["bob", 1, "3"],
  ["ann", 0, "3"],
  ["bob", 1, "2"],
  ["ann", 1, "3"],
];

let desk: Desk;
beforeAll(async () => {
  if (hasRequirement("postgresql") && hasRequirement("redis")) {
    desk = await Desk.start("postgresql", "redis");
  }
}, timeoutMs);
afterEach(() => desk?.clear());
afterAll(() => desk?.close());

/** Everything that the people of a document wrote, in pieces as they wrote it. */
class Written {
  readonly #pieces: Uint8Array[] = [];

  by(editor: Editor): void {
    editor.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== editor.provider) this.#pieces.push(update);
    });
  }

  /** Who has something else than all of it: what they have beside what they should. Yjs itself may write, too, where formats meet. */
  astray(found: Readonly<Record<string, Uint8Array>>): Record<string, { is: Whole; want: Whole }> {
    const want = wholeOf(Y.mergeUpdates(this.#pieces));
    return Object.fromEntries(
      Object.entries(found)
        .map(([name, update]) => [name, { is: wholeOf(update), want }] as const)
        .filter(([, { is }]) => is.bytes !== want.bytes),
    );
  }
}

const statesOf = (editors: readonly Editor[]): Record<string, Uint8Array> =>
  Object.fromEntries(
    editors.map(({ doc }, index) => [`editor ${index}`, Y.encodeStateAsUpdate(doc)]),
  );

/** Something happens to a line, and is over some steps later. */
async function disturb(random: Random, soon: (what: () => Promise<void>) => void): Promise<void> {
  const { line } = random.pick(desk.fronts);
  switch (random.pick(["rst", "fin", "away", "silent", "slow"] as const)) {
    case "rst":
      line.cut();
      return;
    case "fin":
      line.cut("fin");
      return;
    case "away":
      await line.refuse();
      break;
    case "silent":
      line.blackHole(random.pick(["both", "toServer", "toClient"] as const));
      break;
    case "slow":
      line.delay(random.between(5, 60));
  }
  soon(() => line.pass());
}

/** Kills a node; who was there comes to the other one. */
async function kill(at: number): Promise<void> {
  const node = desk.node(at);
  await node.kill();
  for (const front of desk.fronts) if (front.node === node) front.moveOn();
}

async function play(random: Random, editors: readonly Editor[]): Promise<void> {
  const later = new Map<number, (() => Promise<void>)[]>();
  const victim = random.between(0, 1);
  const dies = random.between(150, 300);
  const back = dies + random.between(50, 200);
  let starting: Promise<void> | undefined;
  for (let step = 0; step < steps; step += 1) {
    for (const what of later.get(step) ?? []) await what();
    later.delete(step);
    if (step === dies) await kill(victim);
    if (step === back) starting = desk.node(victim).start();
    if (random.chance(0.04)) {
      await disturb(random, (what) => {
        const end = step + random.between(5, 80);
        later.set(end, [...(later.get(end) ?? []), what]);
      });
    }
    edit(random.pick(editors).doc, random);
    // The pace of people who type, not a wait for anything.
    if (random.chance(0.7)) await pause(random.between(0, 15));
  }
  await Promise.all([...later.values()].flat().map((what) => what()));
  await starting;
}

describe.each(Array.from({ length: seeds }, (_, index) => first + index))(
  "PARLANCE_YJS_FIRST=%i PARLANCE_YJS_SEEDS=1",
  (seed) => {
    requires("postgresql", "redis")(
      "[YJS-4] [I-2] [I-28] all editors, one that is new, and REST have what everybody wrote, byte for byte, once",
      async () => {
        const random = new Random(seed);
        await desk.newDocument();
        const written = new Written();
        const editors: Editor[] = [];
        for (const [who, at, version] of places) {
          const editor = await desk.open(who, at, version);
          written.by(editor);
          editors.push(await editor.synced());
        }
        await play(random, editors);
        for (const editor of editors) await editor.synced();
        const polled = { timeout: waitMs, interval: 200 };
        await expect.poll(() => written.astray(statesOf(editors)), polled).toEqual({});

        const fresh = [await desk.open("bob", 0), await desk.open("ann", 1, "2")];
        for (const editor of fresh) written.by(editor);
        for (const editor of fresh) await editor.synced();
        const everywhere = async (): Promise<Record<string, Uint8Array>> => ({
          ...statesOf([...editors, ...fresh]),
          "REST 0": await desk.state(0),
          "REST 1": await desk.state(1),
        });
        await expect.poll(async () => written.astray(await everywhere()), polled).toEqual({});
        // Lines did break, and nobody was told to stay away.
        const closes = editors.flatMap((editor) => editor.closes.map(({ code }) => code));
        expect(closes.length).toBeGreaterThan(editors.length);
        expect(closes.filter((code) => code >= 4400 && code <= 4499)).toEqual([]);
      },
      timeoutMs,
    );
  },
);
