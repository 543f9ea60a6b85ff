/** The Ubuntu IRC history of `PARLANCE_SAMPLE_DATA`, as people talked, oldest first. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";

interface Line {
  readonly day: string;
  readonly time?: string;
  readonly kind: string;
  readonly from: string;
  readonly text?: string;
}

/** Something that somebody said. `at` is in milliseconds since 1970, never smaller than that before; `from` is visible ASCII. */
export interface Said {
  readonly at: number;
  readonly from: string;
  readonly text: string;
}

/** @param folder Where `ubuntu-irc.jsonl.gz` is. @throws Error if it is not there. */
export async function ubuntuHistory(
  folder: string = process.env["PARLANCE_SAMPLE_DATA"] ?? "",
): Promise<readonly Said[]> {
  const said: Said[] = [];
  const source = createReadStream(join(folder, "ubuntu-irc.jsonl.gz"));
  const input = createInterface({ input: source.pipe(createGunzip()) });
  let last = 0;
  for await (const line of input) {
    const { day, time, from, text } = JSON.parse(line) as Line;
    if (text === undefined || text.trim() === "") continue;
    const given = Date.parse(`${day}T${time ?? "00:00"}Z`);
    last = Math.max(last, Number.isNaN(given) ? last : given);
    said.push({ at: last, from: from.replaceAll(/[^\x21-\x7e]/g, "_"), text });
  }
  return said.toSorted((left, right) => left.at - right.at);
}
