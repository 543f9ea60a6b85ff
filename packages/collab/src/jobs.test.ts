import * as encoding from "lib0/encoding";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { createDocuments, threadedJobs } from "./index.ts";

/** Each letter of somebody else's stands before another one of what is there, and all begin at the same place. */
function crafted(count: number): Uint8Array {
  const made = encoding.createEncoder();
  for (const number of [1, count, 5, 0]) encoding.writeVarUint(made, number);
  for (let at = 0; at < count; at += 1) {
    encoding.writeUint8(made, 0x40 | 4);
    encoding.writeVarUint(made, 9);
    encoding.writeVarUint(made, at);
    encoding.writeVarString(made, "x");
  }
  encoding.writeVarUint(made, 0);
  return encoding.toUint8Array(made);
}

test("a document that takes for ever to build holds nobody up: it is given up in time", async () => {
  const documents = createDocuments(threadedJobs());
  const count = 40_000;
  const base = new Y.Doc();
  base.clientID = 9;
  base.getText("t").insert(0, "a".repeat(count));
  const content = documents.open(Y.encodeStateAsUpdate(base));
  const update = crafted(count);
  expect(content.fit(update)).toBe("new");
  content.add(update);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 20);
  expect(await documents.compact(content.whole())).toBeUndefined();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(20);
  // The next job is done as ever.
  const fine = Y.encodeStateAsUpdate(base);
  expect(await documents.compact(fine)).toEqual(createDocuments().open(fine).whole());
}, 30_000);
