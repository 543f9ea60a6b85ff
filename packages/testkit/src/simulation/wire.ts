import type { Dialect, Wire } from "@parlance/core";

/** A wire whose frames end with a line feed, which JSON text does not contain. */
export function createLineWire(dialect: Dialect): Wire {
  return {
    dialect,
    frame: (payload) => {
      if (typeof payload !== "string") throw new TypeError("lines are text");
      return Buffer.from(`${payload}\n`);
    },
    join: (frames) => Buffer.concat(frames),
  } satisfies Wire;
}

/** Takes bytes as they come, cut anywhere, and gives back the lines that are whole. */
export class LineReader {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): string[] {
    const all = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const end = all.lastIndexOf(0x0a) + 1;
    this.#rest = all.subarray(end);
    if (end === 0) return [];
    return all.toString("utf8", 0, end - 1).split("\n");
  }
}
