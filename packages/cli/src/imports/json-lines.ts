/**
 * The export format, and what people write by hand: one JSON value on a line. An export's lines pass as they are; `message`, `edit`,
 * `delete`, `reaction` and `member` become events, with ids made of their keys.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { keyOf, messageIdOf } from "./ids.ts";
import type { Source, SourceItem } from "./source.ts";

/** What a line by hand may have, by its `type`. */
interface Line {
  readonly type?: unknown;
  readonly room?: string;
  /** The message's own, unique in its room. */
  readonly key?: string | number;
  readonly author?: string;
  readonly name?: string;
  readonly time?: string;
  readonly text?: string;
  readonly data?: unknown;
  readonly emoji?: string;
  readonly user?: string;
  readonly role?: string;
  readonly thread?: string | number;
}

/** @throws the system's error if it cannot be read. */
export async function openJsonLines(path: string): Promise<Source> {
  const { size } = await stat(path);
  let done = 0;
  async function* items(): AsyncIterable<SourceItem> {
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
    let number = 0;
    for await (const line of lines) {
      number += 1;
      done += Buffer.byteLength(line) + 1;
      if (line.trim() === "") continue;
      const item = readLine(line);
      if (!isHeader(item)) yield { item, at: `line ${number}` };
    }
  }
  return { name: path, bytes: size, done: () => done, items };
}

function isHeader(item: unknown): boolean {
  return typeof item === "object" && item !== null && "parlance_export" in item;
}

/** An item; the text itself where it is none, which the server refuses. */
function readLine(line: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return line;
  }
  return typeof value === "object" && value !== null ? itemOf(value as Line) : value;
}

function itemOf(line: Line): unknown {
  const { type, room = "", key = "", author = "", name = author, text, data, emoji } = line;
  const message_id = messageIdOf(room, String(key));
  const said = { text, ...(data === undefined ? {} : { data }) };
  switch (type) {
    case "message": {
      const { thread } = line;
      const of = thread === undefined ? {} : { thread: messageIdOf(room, String(thread)) };
      return eventOf(line, "message.created", { ...said, author_name: name, ...of }, message_id);
    }
    case "edit":
      return eventOf(line, "message.edited", { message_id, ...said, editor_name: name });
    case "delete":
      return eventOf(line, "message.deleted", { message_id, by: author });
    case "reaction":
      return eventOf(line, "reaction.added", { message_id, emoji, user_name: name });
    case "member": {
      const { user = "", role = "member" } = line;
      const member = { user, name: line.name ?? user, role };
      return eventOf({ ...line, author: user }, "member.joined", member);
    }
    default:
      return line;
  }
}

function eventOf(line: Line, event: string, data: object, id?: string): unknown {
  const { room = "", author, time } = line;
  const key = keyOf(event, room, id ?? JSON.stringify([author, time, data]));
  return {
    type: "event",
    room,
    id: id ?? key,
    event,
    author,
    time,
    client_message_id: key,
    data,
  };
}
