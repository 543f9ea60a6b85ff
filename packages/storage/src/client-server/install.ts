/** What an install is known by, made once, in its own database. */
import { randomBytes } from "node:crypto";
import { type Mark, readMark } from "../sql/marks.ts";
import { randomPart } from "../sql/random-part.ts";
import type { Session } from "./session.ts";
import { metaColumns } from "./tables.ts";

export interface Install {
  readonly id: string;
  /** Of the keyed hash that tells whether a repeat has the same body: 32 bytes. */
  readonly payloadKey: Uint8Array;
  /** Absent of an install that may be used. */
  readonly mark?: Mark;
}

/** Reads it, made first where it is absent. Safe on several nodes at once. */
export async function readInstall(session: Session): Promise<Install> {
  const text = (value: string): Uint8Array => Buffer.from(value, "latin1");
  await session.insertNew({
    table: "meta",
    columns: metaColumns,
    rows: [
      ["install_id", text(randomPart() + randomPart())],
      ["install_part", text(randomPart())],
      ["payload_key", randomBytes(32)],
    ],
  });
  const rows = await session.all<{ name: string; value: Uint8Array }>(
    "SELECT name, value FROM {meta}",
  );
  const meta = new Map(rows.map(({ name, value }) => [name, value]));
  const id = meta.get("install_id");
  const payloadKey = meta.get("payload_key");
  if (id === undefined || payloadKey === undefined) throw new Error("the install has no identity");
  const mark = readMark((name) => {
    const value = meta.get(name);
    return value === undefined ? undefined : Buffer.from(value).toString("utf8");
  });
  return {
    id: Buffer.from(id).toString("latin1"),
    payloadKey,
    ...(mark === undefined ? {} : { mark }),
  };
}
