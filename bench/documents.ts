/**
 * `node bench/documents.ts [--megabytes 10]`: how long the server works until somebody has a large document, on SQLite. Cold: read
 * from its newest state and the updates behind it; warm: it is in memory. Not counted: the line, and what the reader does with it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createDocuments } from "@parlance/collab";
import type { RoomId } from "@parlance/protocol";
import { openSqlite } from "@parlance/storage/sqlite";
import * as Y from "yjs";

const { values } = parseArgs({ options: { megabytes: { type: "string", default: "10" } } });
const wanted = Number(values.megabytes) * 1_000_000;
const runs = 7;
const room = "doc_bench" as RoomId;

/** A text as people leave it: written in pieces at places all over, with formats and deletions. */
function large(): Y.Doc {
  const doc = new Y.Doc();
  const text = doc.getText("t");
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let bytes = 0; bytes < wanted; ) {
    for (let piece = 0; piece < 1_000; piece += 1) {
      text.insert(random(text.length + 1), "what somebody wrote here, ".repeat(1 + random(8)));
      if (piece % 10 === 0) text.delete(random(text.length - 9), 9);
      if (piece % 25 === 0) text.format(random(text.length - 40), 40, { bold: true });
    }
    bytes = Y.encodeStateAsUpdate(doc).length;
  }
  return doc;
}

const documents = createDocuments();
const doc = large();
const state = Y.encodeStateAsUpdate(doc);
const tail: Uint8Array[] = [];
doc.on("update", (update: Uint8Array) => void tail.push(update));
for (let at = 0; at < 200; at += 1) doc.getText("t").insert(at, "x");

const median = (figures: number[]): number => figures.sort((a, b) => a - b)[runs >> 1] ?? 0;
async function measure(work: () => unknown): Promise<number> {
  const figures: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const began = performance.now();
    await work();
    figures.push(performance.now() - began);
  }
  return Math.round(median(figures) * 10) / 10;
}

const directory = await mkdtemp(join(tmpdir(), "bench-documents-"));
const store = await openSqlite({ path: join(directory, "store.db") } as never);
try {
  await store.directory.putDocumentState(room, { sequence: 1, time: 0, state }, 0);
  const open = async () => {
    const stored = await store.directory.documentState(room);
    const content = documents.open(stored?.state);
    for (const update of tail) content.add(update);
    return content;
  };
  const warm = await open();
  const figures = {
    megabytes: Math.round(state.length / 100_000) / 10,
    cold_ms: await measure(async () => {
      const content = await open();
      return [documents.toText(content.whole()), documents.toText(content.vector())];
    }),
    of_that_read_ms: await measure(() => store.directory.documentState(room)),
    warm_ms: await measure(() => [documents.toText(warm.whole()), documents.toText(warm.vector())]),
    difference_ms: await measure(() => warm.since(Y.encodeStateVector(doc))),
    update_ms: await measure(() => warm.fit(warm.beyond(tail[0] as Uint8Array))),
    compact_ms: await measure(() => documents.compact(warm.whole())),
  };
  console.log(JSON.stringify(figures));
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
