/** Sends items to the server, batch by batch, and writes down what became of each and how far it came. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Source, SourceItem } from "./source.ts";

/** What travels together: below the server's bound, and long enough that commits are shared. */
const batchItems = 1_000;
const batchChars = 500_000;

export interface ItemResult {
  readonly outcome: "imported" | "repeated" | "refused";
  readonly sequence?: number;
  readonly why?: string;
}

/** How far an import is. */
export interface ImportCounts {
  /** Items that the server has answered, in all runs. */
  items: number;
  imported: number;
  repeated: number;
  refused: number;
}

export interface ImportRun {
  readonly source: Source;
  /** @throws what ends the import; what was answered before stays so. */
  readonly send: (items: readonly unknown[]) => Promise<readonly ItemResult[]>;
  /** A line for each item goes to its end. Absent: none. */
  readonly report?: string;
  /** Where it is kept how far this source is. Absent: from the beginning, and nothing is kept. */
  readonly place?: string;
  readonly onProgress: (counts: ImportCounts) => void;
}

/** Imports what was not answered in a run before. @returns the counts of all runs. */
export async function runImport(run: ImportRun): Promise<ImportCounts> {
  const { source, onProgress } = run;
  const counts = readPlace(run) ?? { items: 0, imported: 0, repeated: 0, refused: 0 };
  const done = counts.items;
  let batch: SourceItem[] = [];
  let chars = 0;
  let seen = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const results = await run.send(batch.map(({ item }) => item));
    note(run, batch, results, counts);
    batch = [];
    chars = 0;
    onProgress(counts);
  };
  for await (const each of source.items()) {
    seen += 1;
    if (seen <= done) continue;
    const length = JSON.stringify(each.item).length;
    if (batch.length >= batchItems || (batch.length > 0 && chars + length > batchChars))
      await flush();
    batch.push(each);
    chars += length;
  }
  await flush();
  // The next time all is looked at anew: that is how it is seen that nothing is missing.
  if (run.place !== undefined) rmSync(run.place, { force: true });
  return counts;
}

function note(
  run: ImportRun,
  batch: readonly SourceItem[],
  results: readonly ItemResult[],
  counts: ImportCounts,
): void {
  const lines = batch.map(({ at, item }, n) => {
    const result = results[n] ?? { outcome: "refused", why: "no answer" };
    counts[result.outcome] += 1;
    counts.items += 1;
    const { id, room } = (typeof item === "object" && item !== null ? item : {}) as {
      readonly id?: unknown;
      readonly room?: unknown;
    };
    return JSON.stringify({ at, room, id, ...result });
  });
  // The report first: after a kill in between some lines are there twice, and none is missing.
  if (run.report !== undefined) appendFileSync(run.report, `${lines.join("\n")}\n`);
  if (run.place !== undefined) {
    const next = `${run.place}.new`;
    writeFileSync(next, JSON.stringify({ source: mark(run.source), counts }));
    renameSync(next, run.place);
  }
}

/** What a source is recognised by when an import goes on. */
function mark({ name, bytes }: Source): string {
  return createHash("sha256")
    .update(JSON.stringify([name, bytes]))
    .digest("hex");
}

function readPlace({ place, source }: ImportRun): ImportCounts | undefined {
  if (place === undefined || !existsSync(place)) return undefined;
  try {
    const kept = JSON.parse(readFileSync(place, "utf8")) as {
      readonly source: string;
      readonly counts: ImportCounts;
    };
    return kept.source === mark(source) ? { ...kept.counts } : undefined;
  } catch {
    // Not whole: everything is sent again, and found to be repeated.
    return undefined;
  }
}
