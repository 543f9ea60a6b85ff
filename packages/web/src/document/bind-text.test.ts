import fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { changeBetween, movedBy } from "./bind-text.ts";

const letters = fc.string({
  unit: fc.constantFrom("a", "b", "\n", "😀", "😁", "é"),
  maxLength: 12,
});

test("what was typed is found whole: it turns one text into the other, and cuts no letter in two", () => {
  fc.assert(
    fc.property(letters, letters, fc.nat(), (before, after, place) => {
      const caret = place % (after.length + 1);
      const { at, gone, come } = changeBetween(before, after, caret);
      expect(before.slice(0, at) + come + before.slice(at + gone)).toBe(after);
      expect(come.isWellFormed()).toBe(true);
      expect(before.slice(at, at + gone).isWellFormed()).toBe(true);
    }),
  );
});

test("of several places it is the one where the caret is", () => {
  expect(changeBetween("aa", "aaa", 1)).toEqual({ at: 0, gone: 0, come: "a" });
  expect(changeBetween("aa", "aaa", 3)).toEqual({ at: 2, gone: 0, come: "a" });
});

test("a caret stays beside its letter, whatever others write and take away", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }),
      fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }),
      fc.array(fc.record({ at: fc.nat(20), gone: fc.nat(4), come: letters }), { maxLength: 5 }),
      (before, after, edits) => {
        const doc = new Y.Doc();
        const text = doc.getText("page");
        text.insert(0, `${before}|${after}`);
        let caret = before.length;
        text.observe(({ delta }) => {
          caret = movedBy(caret, delta as Parameters<typeof movedBy>[1]);
        });
        for (const { at, gone, come } of edits) {
          const mark = text.toJSON().indexOf("|");
          const from = Math.min(at, text.length);
          const most = from <= mark ? mark - from : text.length - from;
          doc.transact(() => {
            text.delete(from, Math.min(gone, most));
            text.insert(from, come);
          });
          const now = text.toJSON().indexOf("|");
          // What comes where it stands comes behind it.
          expect([now, now - come.length]).toContain(caret);
          caret = now;
        }
      },
    ),
  );
});
