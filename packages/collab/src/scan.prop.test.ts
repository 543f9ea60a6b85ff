/** Whatever comes as an update: it is refused, or it can be loaded with everything that was there before. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { createDocuments } from "./index.ts";

const documents = createDocuments();

/** A document with every kind of content, and what several people wrote to it, update by update. */
function rich(): { readonly whole: Uint8Array; readonly updates: readonly Uint8Array[] } {
  const updates: Uint8Array[] = [];
  const one = new Y.Doc();
  const two = new Y.Doc();
  one.clientID = 11;
  two.clientID = 7;
  one.on("update", (update: Uint8Array, from: unknown) => {
    if (from !== two) updates.push(update);
    Y.applyUpdate(two, update, one);
  });
  two.on("update", (update: Uint8Array, from: unknown) => {
    if (from !== one) updates.push(update);
    Y.applyUpdate(one, update, two);
  });
  const text = one.getText("text");
  text.insert(0, "Hello 語 🦊");
  text.format(0, 4, { bold: true, color: "#0a7" });
  text.insertEmbed(3, { image: "x.png" });
  two.getText("text").insert(2, "between");
  two.getText("text").delete(1, 4);
  const map = one.getMap<unknown>("map");
  map.set("list", new Y.Array());
  map.set("any", [1, -7, 2.5, "a", null, true, { deep: [undefined, 12n] }]);
  map.set("any", new Uint8Array([1, 2, 255]));
  (two.getMap("map").get("list") as Y.Array<unknown>).push([1, "two", { three: 3 }]);
  const element = new Y.XmlElement("p");
  element.setAttribute("class", "x");
  one.getXmlFragment("xml").insert(0, [element, new Y.XmlText("in XML")]);
  two.getMap("map").set("sub", new Y.Doc({ guid: "inner", autoLoad: false }));
  one.getXmlFragment("xml").delete(0, 1);
  map.delete("any");
  return { whole: Y.encodeStateAsUpdate(one), updates };
}

const { whole, updates } = rich();

/** Takes an update as the server does, and checks that what it took is harmless. */
function take(state: Uint8Array, update: Uint8Array): "refused" | "taken" {
  if (!documents.isUpdate(update)) return "refused";
  const content = documents.open(state);
  const news = content.beyond(update);
  expect(documents.isUpdate(news)).toBe(true);
  if (content.fit(news) === "missing") return "refused";
  content.add(update);
  const merged = content.whole();
  expect(documents.isUpdate(merged)).toBe(true);
  // Nothing waits for what never comes, however it is loaded.
  const stepwise = new Y.Doc();
  Y.applyUpdate(stepwise, state);
  Y.applyUpdate(stepwise, news);
  const loaded = new Y.Doc();
  Y.applyUpdate(loaded, merged);
  for (const doc of [stepwise, loaded]) {
    expect(doc.store.pendingStructs).toBeNull();
    expect(doc.store.pendingDs).toBeNull();
  }
  expect(Y.encodeStateVector(loaded)).toEqual(Y.encodeStateVector(stepwise));
  // As JSON: shared types within the text know their documents, which are two.
  const said = (doc: Y.Doc): string => JSON.stringify(doc.getText("text").toDelta());
  expect(said(loaded)).toBe(said(stepwise));
  const again = documents.open(merged);
  expect(again.fit(again.beyond(update))).toBe("known");
  expect(documents.compact(merged)).toBeDefined();
  expect(content.since(Y.encodeStateVector(stepwise))?.length).toBeLessThan(merged.length + 1);
  return "taken";
}

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let left = value;
  while (left > 127) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  return [...bytes, left];
};

describe("updates of whatever origin", () => {
  test("real ones are taken, each in its turn, and none before what it stands on", () => {
    let state = Uint8Array.of(0, 0);
    for (const [place, update] of updates.entries()) {
      for (const later of updates.slice(place + 1)) {
        if (documents.open(state).fit(later) !== "missing") take(state, later);
      }
      expect(take(state, update)).toBe("taken");
      state = documents.merge([state, update]) as typeof state;
    }
    const all = documents.open(state);
    expect(all.fit(all.beyond(whole))).toBe("known");
    expect(documents.open(undefined).fit(updates[3] as Uint8Array)).toBe("missing");
  });

  test("random bytes and cut ones are refused, or do no harm", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        take(whole, bytes);
        take(Uint8Array.of(0, 0), bytes);
      }),
      { numRuns: 3_000 },
    );
    for (let length = 0; length < whole.length; length += 1) {
      expect(documents.isUpdate(whole.slice(0, length))).toBe(false);
      expect(documents.isUpdate(Uint8Array.from([...whole, 0]))).toBe(false);
    }
  });

  test("real ones with bytes changed, taken out and put in are refused, or do no harm", () => {
    const edit = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.nat(2) });
    let taken = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(whole, ...updates),
        fc.array(edit, { minLength: 1, maxLength: 2 }),
        fc.boolean(),
        (update, edits, isFresh) => {
          const bytes = [...update];
          for (const { at, byte, how } of edits) {
            const place = at % bytes.length;
            if (how === 0) bytes[place] = byte;
            else if (how === 1) bytes.splice(place, 1);
            else bytes.splice(place, 0, byte);
          }
          const state = isFresh ? Uint8Array.of(0, 0) : whole;
          if (take(state, Uint8Array.from(bytes)) === "taken") taken += 1;
        },
      ),
      { numRuns: 6_000 },
    );
    // Many are good ones, or nothing would have been tried.
    expect(taken).toBeGreaterThan(50);
  });

  test("structs made by hand, with every kind of reference, are refused, or do no harm", () => {
    const id = fc.tuple(fc.constantFrom(3, 7, 11, 400), fc.nat(24));
    const struct = fc.record({
      origin: fc.option(id),
      right: fc.option(id),
      parent: fc.option(id),
      sub: fc.boolean(),
      length: fc.integer({ min: 0, max: 4 }),
      kind: fc.constantFrom("gone", "deleted", "string", "type", "format", "skip", "any"),
    });
    const made = fc.array(
      fc.tuple(fc.constantFrom(3, 7, 11, 400), fc.nat(22), fc.array(struct, { maxLength: 4 })),
      { maxLength: 3 },
    );
    let taken = 0;
    fc.assert(
      fc.property(made, fc.array(fc.tuple(id, fc.nat(5)), { maxLength: 3 }), (clients, deletes) => {
        const bytes: number[] = [];
        const each = [...new Map(clients.map((one) => [one[0], one])).values()];
        const listed = each.filter(([, , structs]) => structs.length > 0);
        listed.sort(([left], [right]) => right - left);
        bytes.push(...varint(listed.length));
        for (const [client, clock, structs] of listed) {
          bytes.push(...varint(structs.length), ...varint(client), ...varint(clock));
          for (const { origin, right, parent, sub, length, kind } of structs) {
            const text = [length, ...Array.from({ length }, () => 97)];
            if (kind === "gone" || kind === "skip") {
              bytes.push(kind === "gone" ? 0 : 10, length);
              continue;
            }
            const refs = { deleted: 1, string: 4, type: 7, format: 6, any: 8 } as const;
            bytes.push(
              refs[kind] | (origin === null ? 0 : 128) | (right === null ? 0 : 64) | (sub ? 32 : 0),
            );
            for (const ref of [origin, right]) {
              if (ref !== null) bytes.push(...varint(ref[0]), ...varint(ref[1]));
            }
            if (origin === null && right === null) {
              if (parent === null) bytes.push(1, 4, 116, 101, 120, 116);
              else bytes.push(0, ...varint(parent[0]), ...varint(parent[1]));
              if (sub) bytes.push(1, 107);
            }
            if (kind === "deleted") bytes.push(length);
            else if (kind === "string") bytes.push(...text);
            else if (kind === "type") bytes.push(length);
            else if (kind === "format") bytes.push(1, 98, 4, 116, 114, 117, 101);
            else bytes.push(length, ...Array.from({ length }, () => 126));
          }
        }
        bytes.push(...varint(deletes.length > 0 ? 1 : 0));
        if (deletes.length > 0) {
          bytes.push(11, ...varint(deletes.length));
          for (const [[, clock], length] of deletes) bytes.push(...varint(clock), length);
        }
        if (take(whole, Uint8Array.from(bytes)) === "taken") taken += 1;
      }),
      { numRuns: 6_000 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  test("huge counts, clocks, lengths and depths are refused without trying them", () => {
    const huge = varint(Number.MAX_SAFE_INTEGER);
    const began = performance.now();
    for (const bytes of [
      huge,
      [1, ...huge],
      [1, 1, 5, ...huge, 0, 1, 0],
      [1, ...huge, 5, 0, 0, 1],
      // A gap of all clocks, and a text that says it is as long.
      [1, 1, 5, 0, 0, ...huge, 0],
      [1, 1, 5, 0, 4, 1, 1, 97, ...huge],
      [1, 1, 5, 0, 8, 1, 1, 97, ...huge],
      [0, 1, 5, ...huge],
      [0, 1, 5, 1, ...huge, 1],
      [0, 1, 5, 1, 0, ...huge],
      // Values within values.
      [
        1,
        1,
        5,
        0,
        8,
        1,
        1,
        97,
        1,
        ...Array.from({ length: 100_000 }, () => [117, 1]).flat(),
        126,
        0,
      ],
      [
        1,
        1,
        5,
        0,
        5,
        1,
        1,
        97,
        ...varint(200_000),
        ...Array.from({ length: 200_000 }, () => 91),
        0,
      ],
      // Longer numbers than there are.
      Array.from({ length: 40 }, () => 255),
    ]) {
      expect(documents.isUpdate(Uint8Array.from(bytes))).toBe(false);
    }
    expect(performance.now() - began).toBeLessThan(5_000);
    for (const vector of [huge, [1, 5, ...huge], [2, 5, 1, 5, 1], [1, 5, 1, 0], []]) {
      expect(documents.open(whole).since(Uint8Array.from(vector))).toBeUndefined();
    }
  });
});
