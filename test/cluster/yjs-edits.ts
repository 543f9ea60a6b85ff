/** Edits of a document by chance: a text with formats, a map, and a list of values and of maps. */
import type { Random } from "@parlance/testkit/simulation";
import * as Y from "yjs";

/** Few, so that people meet at the same ones. */
const keys = ["a", "b", "c", "d", "e", "f"] as const;
const words = ["x", "yz", "größer ", "\n", "→", "hello "] as const;

/** A place in something of so many parts; the end is one. */
const place = (random: Random, length: number): number => random.between(0, length);

function editText(text: Y.Text, random: Random): void {
  const at = place(random, text.length);
  const rest = text.length - at;
  if (rest === 0 || random.chance(0.6)) text.insert(at, random.pick(words));
  else if (random.chance(0.7)) text.delete(at, random.between(1, Math.min(4, rest)));
  else text.format(at, Math.min(5, rest), { bold: random.chance(0.5) ? true : null });
}

function editMap(map: Y.Map<unknown>, random: Random): void {
  const key = random.pick(keys);
  const inner = map.get(key);
  if (inner instanceof Y.Map && random.chance(0.6)) inner.set(random.pick(keys), random.next());
  else if (random.chance(0.2)) map.delete(key);
  else if (random.chance(0.3)) map.set(key, new Y.Map([["made", random.between(1, 99)]]));
  else map.set(key, random.between(1, 999));
}

function editArray(array: Y.Array<unknown>, random: Random): void {
  const at = place(random, array.length);
  const rest = array.length - at;
  const there = array.get(at);
  if (there instanceof Y.Map && random.chance(0.4)) there.set(random.pick(keys), random.next());
  else if (rest > 0 && random.chance(0.35)) array.delete(at, Math.min(rest, 2));
  else if (random.chance(0.4)) array.insert(at, [new Y.Map([["made", random.next()]])]);
  else array.insert(at, [random.between(1, 999), random.pick(words)]);
}

/** One change, or two in one transaction. */
export function edit(doc: Y.Doc, random: Random): void {
  doc.transact(() => {
    const times = random.chance(0.2) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const kind = random.pick(["text", "text", "map", "array"] as const);
      if (kind === "text") editText(doc.getText("t"), random);
      else if (kind === "map") editMap(doc.getMap("m"), random);
      else editArray(doc.getArray("a"), random);
    }
  });
}

/** What an update says, read into an empty document: in words, and all of it, byte for byte. */
export interface Whole {
  readonly said: unknown;
  readonly bytes: string;
}

/** Of one content there is one reading, whoever stored or sent it in however many pieces. */
export function wholeOf(update: Uint8Array): Whole {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  const said = {
    text: doc.getText("t").toDelta() as unknown,
    map: doc.getMap("m").toJSON(),
    array: doc.getArray("a").toJSON(),
  };
  const bytes = Buffer.from(Y.encodeStateAsUpdate(doc)).toString("base64");
  doc.destroy();
  return { said, bytes };
}
