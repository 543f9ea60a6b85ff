/** Going back to an earlier state, for every kind of shared type. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { compact } from "./compact.ts";
import { revert } from "./revert.ts";

/** What a document shows, whatever it is made of. */
function shown(doc: Y.Doc): unknown {
  return {
    text: doc.getText("text").toDelta(),
    map: doc.getMap("map").toJSON(),
    list: doc.getArray("list").toJSON(),
    xml: doc.getXmlFragment("xml").toJSON(),
  };
}

const of = (...updates: readonly Uint8Array[]): Y.Doc => {
  const doc = new Y.Doc();
  shown(doc);
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
};

/** One change of somebody's, of any kind. Numbers are taken modulo what is there. */
interface Step {
  readonly what: number;
  readonly at: number;
  readonly value: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.nat(10),
  at: fc.nat(50),
  value: fc.nat(9),
});

function edit(doc: Y.Doc, { what, at, value }: Step): void {
  const text = doc.getText("text");
  const map = doc.getMap<unknown>("map");
  const list = doc.getArray<unknown>("list");
  const xml = doc.getXmlFragment("xml");
  switch (what) {
    case 0:
    case 1:
      text.insert(at % (text.length + 1), `<${value}>`, value > 6 ? { bold: true } : {});
      return;
    case 2:
      if (text.length > 0)
        text.delete(at % text.length, Math.min(value, text.length - (at % text.length)));
      return;
    case 3:
      if (text.length > 2)
        text.format(at % (text.length - 1), 2, { em: value % 2 === 0 ? true : null });
      return;
    case 4:
      map.set(`k${value % 3}`, at);
      return;
    case 5:
      map.delete(`k${value % 3}`);
      return;
    case 6: {
      const inner = new Y.Map();
      inner.set("v", at);
      map.set(`k${value % 3}`, inner);
      return;
    }
    case 7:
      list.insert(at % (list.length + 1), value > 5 ? [new Y.Text(`t${value}`)] : [value, { at }]);
      return;
    case 8:
      if (list.length > 0) list.delete(at % list.length, 1);
      return;
    case 9: {
      const element = new Y.XmlElement("p");
      element.setAttribute("n", String(value));
      element.insert(0, [new Y.XmlText(`x${at}`)]);
      xml.insert(at % (xml.length + 1), [element]);
      return;
    }
    default:
      if (xml.length > 0) xml.delete(at % xml.length, 1);
  }
}

describe("going back to an earlier state", () => {
  test("shows what it showed, whatever was written since, also where deleted texts were forgotten", () => {
    const steps = fc.array(step, { maxLength: 25 });
    fc.assert(
      fc.property(steps, steps, fc.boolean(), (before, since, isCompacted) => {
        const doc = new Y.Doc();
        for (const one of before) edit(doc, one);
        const then = Y.encodeStateAsUpdate(doc);
        const wanted = shown(of(then));
        // Two write since, at the same time.
        const other = of(then);
        since.forEach((one, at) => edit(at % 2 === 0 ? doc : other, one));
        Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
        const whole = Y.encodeStateAsUpdate(doc);
        const now = isCompacted ? (compact(whole) ?? whole) : whole;
        const back = revert(now, isCompacted ? (compact(then) ?? then) : then);
        expect(shown(of(now, back))).toEqual(wanted);
        // Others have what was deleted meanwhile, and come out the same.
        Y.applyUpdate(doc, back);
        expect(shown(doc)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });
});
