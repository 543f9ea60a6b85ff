/** Entries of a stream, and the publications in them. */
import { ProtocolError, type Publication } from "@parlance/protocol";
import { textOf } from "../line/overheard.ts";
import { type ForeignReader, maxPublicationBytes, readBytes } from "../read.ts";

/** What Redis sends: the id, and names and values in turn. */
export interface Entry {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/** Out of an answer of Redis. What was deleted while it was pending is left out: it has no fields, or is nothing at all. */
export function entriesOf(answer: unknown): readonly Entry[] {
  if (!Array.isArray(answer)) return [];
  return (answer as readonly (readonly unknown[] | null)[]).flatMap((row) => {
    const [id, fields] = row ?? [];
    return Array.isArray(fields) ? [{ id: String(id), fields: fields as readonly Buffer[] }] : [];
  });
}

/** Fields whose values are JSON, where the publication's members are fields of their own. */
const jsonFields: ReadonlySet<string> = new Set(["data", "rooms", "users", "everyone"]);

/**
 * Either one field `publication`, JSON, or the publication's members as fields: texts as they are, the others as JSON.
 *
 * @throws ProtocolError `too_large`, or `bad_request` with `field` where one is at fault.
 */
export function readEntry({ fields }: Entry, foreign: readonly ForeignReader[] = []): Publication {
  const members: Record<string, unknown> = {};
  const length = fields.reduce((sum, field) => sum + field.length, 0);
  if (length > maxPublicationBytes)
    throw new ProtocolError("too_large", { limit: maxPublicationBytes });
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [name = Buffer.alloc(0), value = Buffer.alloc(0)] = fields.slice(index, index + 2);
    const field = textOf(name);
    if (field === "publication") return readBytes(value, foreign);
    members[field] = jsonFields.has(field) ? jsonOf(field, value) : textOf(value);
  }
  return readBytes(Buffer.from(JSON.stringify(members)), foreign);
}

function jsonOf(field: string, value: Buffer): unknown {
  try {
    return JSON.parse(textOf(value));
  } catch (cause) {
    throw new ProtocolError("bad_request", { field, rule: "not JSON in UTF-8" }, { cause });
  }
}
