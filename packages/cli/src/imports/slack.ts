/** A Slack export: a folder or zip file with `users.json`, `channels.json` and a file for each day of each channel. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandFailure } from "../output.ts";
import { keyOf, messageIdOf } from "./ids.ts";
import { emojiOf, textOf } from "./slack-text.ts";
import type { Source, SourceItem } from "./source.ts";
import { openZip } from "./zip.ts";

interface SlackUser {
  readonly id: string;
  readonly name?: string;
  readonly real_name?: string;
  readonly profile?: { readonly display_name?: string; readonly real_name?: string };
}

interface SlackChannel {
  readonly id: string;
  readonly name?: string;
  readonly members?: readonly string[];
}

interface SlackMessage {
  readonly type?: string;
  readonly subtype?: string;
  readonly user?: string;
  readonly username?: string;
  readonly bot_id?: string;
  readonly text?: string;
  /** Seconds since 1970 with a fraction: a message's name in its channel. */
  readonly ts?: string;
  readonly thread_ts?: string;
  readonly edited?: { readonly user?: string; readonly ts?: string };
  readonly reactions?: readonly { readonly name: string; readonly users?: readonly string[] }[];
  readonly files?: readonly {
    readonly name?: string;
    readonly title?: string;
    readonly url_private?: string;
    readonly permalink?: string;
    readonly mimetype?: string;
    readonly size?: number;
  }[];
}

/** The files of an export. */
interface Files {
  readonly names: readonly string[];
  readonly bytes: number;
  read(name: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Lists of channels, and what their rooms are. */
const lists = [
  ["channels.json", "public"],
  ["groups.json", "private"],
  ["mpims.json", "direct"],
  ["dms.json", "direct"],
] as const;

/** What people did not write: who came, went, or changed what. */
const ofTheSystem =
  /^(channel|group)_(join|leave|topic|purpose|name|archive|unarchive|convert.*)$|^(pinned_item|unpinned_item|bot_add|bot_remove|tombstone|huddle_thread|reminder_add)$/;

/** @throws CommandFailure if it is no export. */
export async function openSlack(path: string): Promise<Source> {
  const files = (await stat(path)).isDirectory() ? await filesIn(path) : await filesOf(path);
  if (!files.names.includes("users.json") || !files.names.includes("channels.json")) {
    throw new CommandFailure(`${path} is no Slack export: it has no users.json and channels.json.`);
  }
  let done = 0;
  const json = async <T>(name: string): Promise<readonly T[]> => {
    const bytes = await files.read(name);
    done += bytes.length;
    try {
      return JSON.parse(bytes.toString("utf8")) as T[];
    } catch (error) {
      throw new CommandFailure(`${name} is no JSON.`, { cause: error });
    }
  };

  async function* items(): AsyncIterable<SourceItem> {
    const users = await json<SlackUser>("users.json");
    const names = new Map(users.map((user) => [user.id, nameOf(user)]));
    for (const [id, name] of names) {
      yield { item: { type: "user", id: userOf(id), name }, at: `users.json ${id}` };
    }
    for (const [list, kind] of lists) {
      if (!files.names.includes(list)) continue;
      for (const channel of await json<SlackChannel>(list)) {
        yield* channelItems(files.names, json, names, channel, kind);
      }
    }
  }
  return { name: path, bytes: files.bytes, done: () => done, items };
}

const dayFile = /^\/\d{4}-\d{2}-\d{2}\.json$/;

async function* channelItems(
  all: readonly string[],
  json: <T>(name: string) => Promise<readonly T[]>,
  names: ReadonlyMap<string, string>,
  channel: SlackChannel,
  kind: "public" | "private" | "direct",
): AsyncIterable<SourceItem> {
  const room = roomOf(channel, kind);
  const members = channel.members ?? [];
  const people = members.map((id) => names.get(id) ?? id).join(", ");
  const title = (channel.name ?? people).slice(0, 120) || channel.id;
  yield { item: { type: "room", room, kind, title }, at: `${channel.name ?? channel.id}` };
  const folder = channel.name ?? channel.id;
  const days = all
    .filter((name) => name.startsWith(`${folder}/`) && dayFile.test(name.slice(folder.length)))
    .sort();
  /** Edits, which were made later than what follows their message: given when it is their time. */
  const later: { readonly ts: number; readonly item: SourceItem }[] = [];
  let last = 0;
  for (const day of days) {
    const messages = [...(await json<SlackMessage>(day))].sort(
      (a, b) => Number(a.ts) - Number(b.ts),
    );
    for (const [number, message] of messages.entries()) {
      const ts = Number(message.ts);
      while ((later[0]?.ts ?? Infinity) <= ts) yield (later.shift() as { item: SourceItem }).item;
      if (message.type !== "message" || ofTheSystem.test(message.subtype ?? "")) continue;
      const at = `${day} ${number + 1}`;
      yield* messageItems(room, names, message, at);
      last = Math.max(last, ts);
      if (message.edited?.ts === undefined) continue;
      later.push({ ts: Number(message.edited.ts), item: editOf(room, names, message, at) });
      later.sort((a, b) => a.ts - b.ts);
    }
  }
  for (const { item } of later) yield item;
  // Behind what was said: who is a member has read it.
  for (const member of members) {
    const data = { user: userOf(member), name: names.get(member) ?? member, role: "member" };
    const event = {
      event: "member.joined",
      author: userOf(member),
      time: timeOf(String(last)),
      data,
    };
    yield { item: eventOf(room, keyOf("member", room, member), event), at: `${folder} ${member}` };
  }
}

function* messageItems(
  room: string,
  names: ReadonlyMap<string, string>,
  message: SlackMessage,
  at: string,
): Iterable<SourceItem> {
  const { ts = "", thread_ts: root, reactions = [] } = message;
  const id = messageIdOf(room, ts);
  const author = authorOf(names, message);
  const files = filesOfMessage(message);
  const data = {
    text: shownText(names, message),
    author_name: author.name,
    ...(files.length === 0 ? {} : { data: { files } }),
    ...(root === undefined || root === ts ? {} : { thread: messageIdOf(room, root) }),
  };
  const event = { event: "message.created", author: author.id, time: timeOf(ts), data };
  yield { item: eventOf(room, id, event), at };
  for (const { name, users = [] } of reactions) {
    for (const user of users) {
      const reaction = {
        event: "reaction.added",
        author: userOf(user),
        time: timeOf(ts),
        data: { message_id: id, emoji: emojiOf(name), user_name: names.get(user) ?? user },
      };
      yield { item: eventOf(room, keyOf("reaction", room, ts, name, user), reaction), at };
    }
  }
}

/** The export has only the last version: the edit says that there was another. */
function editOf(
  room: string,
  names: ReadonlyMap<string, string>,
  message: SlackMessage,
  at: string,
): SourceItem {
  const { ts = "", edited } = message;
  const author = authorOf(names, message);
  const files = filesOfMessage(message);
  const data = {
    message_id: messageIdOf(room, ts),
    text: shownText(names, message),
    editor_name: author.name,
    ...(files.length === 0 ? {} : { data: { files } }),
  };
  const event = {
    event: "message.edited",
    author: author.id,
    time: timeOf(edited?.ts ?? ts),
    data,
  };
  return { item: eventOf(room, keyOf("edit", room, ts, edited?.ts ?? ""), event), at };
}

function eventOf(room: string, id: string, event: object): object {
  return { type: "event", room, id, client_message_id: id, ...event };
}

function shownText(names: ReadonlyMap<string, string>, message: SlackMessage): string {
  const text = textOf(message.text ?? "", names);
  const links = filesOfMessage(message).map(({ name, url }) =>
    url === "" ? name : `${name}: ${url}`,
  );
  return [...(text === "" ? [] : [text]), ...links].join("\n") || "…";
}

function filesOfMessage({ files = [] }: SlackMessage): readonly {
  readonly name: string;
  readonly url: string;
  readonly media_type?: string;
  readonly bytes?: number;
}[] {
  return files.map(({ name, title, url_private, permalink, mimetype, size }) => ({
    name: name ?? title ?? "file",
    url: url_private ?? permalink ?? "",
    ...(mimetype === undefined ? {} : { media_type: mimetype }),
    ...(size === undefined ? {} : { bytes: size }),
  }));
}

function authorOf(
  names: ReadonlyMap<string, string>,
  { user, username, bot_id: bot }: SlackMessage,
): { readonly id: string; readonly name: string } {
  const id = user ?? bot ?? "unknown";
  return { id: userOf(id), name: lineOf(names.get(id) ?? username ?? id) };
}

function userOf(id: string): string {
  return `slack:${id}`;
}

/** A display name: one line of at most 64 units. */
function lineOf(name: string): string {
  return (
    name
      .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")
      .trim()
      .slice(0, 64)
      .trim() || "?"
  );
}

function nameOf({ id, name, real_name, profile }: SlackUser): string {
  const names = [profile?.display_name, profile?.real_name, real_name, name, id];
  return lineOf(names.find((one) => one !== undefined && one.trim() !== "") ?? id);
}

/** Private and direct rooms have ids that nobody guesses by their names. */
function roomOf({ id, name }: SlackChannel, kind: string): string {
  if (kind !== "public") return `r_slack_${id.toLowerCase()}`;
  const slug = (name ?? id).replaceAll(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return slug === "" ? `slack-${id}` : slug.slice(0, 128);
}

function timeOf(ts: string): string {
  const ms = Number(ts) * 1_000;
  return new Date(Number.isFinite(ms) ? ms : 0).toISOString();
}

async function filesIn(path: string): Promise<Files> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  const names: string[] = [];
  let bytes = 0;
  for (const entry of found) {
    if (!entry.isFile() || !entry.name.endsWith(".json")) continue;
    const full = join(entry.parentPath, entry.name);
    names.push(
      full
        .slice(path.length)
        .replace(/^[/\\]+/, "")
        .replaceAll("\\", "/"),
    );
    bytes += (await stat(full)).size;
  }
  return { names, bytes, read: (name) => readFile(join(path, name)), close: async () => {} };
}

async function filesOf(path: string): Promise<Files> {
  const zip = await openZip(path);
  const names = zip.names.filter((name) => name.endsWith(".json"));
  // Packed: what has been read is counted unpacked, so the end comes sooner than is told.
  return { names, bytes: (await stat(path)).size * 8, read: zip.read, close: zip.close };
}
