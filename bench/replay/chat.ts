import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** One line of real chat. */
export interface ChatLine {
  readonly from: string;
  readonly text: string;
  readonly day: string;
}

/**
 * The first so many messages of a gzipped file of JSON lines `{day, kind, from, text}`.
 *
 * @throws Error if the file is not there or holds fewer.
 */
export function readChat(file: string, count: number): readonly ChatLine[] {
  const lines: ChatLine[] = [];
  for (const line of gunzipSync(readFileSync(file)).toString("utf8").split("\n")) {
    if (lines.length >= count) return lines;
    if (line === "") continue;
    const entry = JSON.parse(line) as Partial<ChatLine> & { kind: string };
    if (entry.kind !== "message" || entry.from === undefined || entry.day === undefined) continue;
    // What has nothing to see in it is refused by the server, and is not what this is about.
    if (entry.text === undefined || !/[\p{L}\p{N}\p{P}\p{S}]/u.test(entry.text)) continue;
    lines.push({ from: entry.from, text: `${entry.from}: ${entry.text}`, day: entry.day });
  }
  return lines;
}
