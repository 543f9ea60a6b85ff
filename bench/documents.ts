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
/** Of what is written; formats and places come on top. */
const wanted = Number(values.megabytes) * 745_000;
const runs = 7;
const room = "doc_bench" as RoomId;

/** Paragraphs as an editor leaves them: each written in several goes, with formats and deletions. */
function large(): Y.Doc {
  const doc = new Y.Doc();
  const body = doc.getXmlFragment("body");
  const words = "what somebody wrote here, ";
  for (let bytes = 0; bytes < wanted; ) {
    const text = new Y.XmlText();
    const paragraph = new Y.XmlElement("p");
    paragraph.insert(0, [text]);
    body.push([paragraph]);
    for (let piece = 0; piece < 12; piece += 1) {
      text.insert((piece * 31) % (text.length + 1), words.repeat(1 + (piece % 7)));
      bytes += words.length * (1 + (piece % 7)) + 12;
    }
    text.format(10, 40, { bold: true });
    text.delete(60, 9);
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
/** Medians in milliseconds: by the clock, and of the processor in all threads, which says more on a machine that others use. */
async function measure(
  work: () => unknown,
): Promise<{ readonly clock: number; readonly cpu: number }> {
  const clock: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const began = performance.now();
    const used = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(used);
    clock.push(performance.now() - began);
    cpu.push((user + system) / 1_000);
  }
  return { clock: Math.round(median(clock)), cpu: Math.round(median(cpu)) };
}

const directory = await mkdtemp(join(tmpdir(), "bench-documents-"));
const store = await openSqlite({ directory });
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
    cold: await measure(async () => {
      const content = await open();
      return [documents.toText(content.whole()), documents.toText(content.vector())];
    }),
    cold_without_updates: await measure(async () => {
      const stored = await store.directory.documentState(room);
      const content = documents.open(stored?.state);
      return [documents.toText(content.whole()), documents.toText(content.vector())];
    }),
    of_that_read: await measure(() => store.directory.documentState(room)),
    warm: await measure(() => [documents.toText(warm.whole()), documents.toText(warm.vector())]),
    difference: await measure(() => warm.since(Y.encodeStateVector(doc))),
    update: await measure(() => warm.fit(warm.beyond(tail[0] as Uint8Array))),
    compact: await measure(() => documents.compact(warm.whole())),
  };
  console.log(JSON.stringify(figures));
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
