import type { Config } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { CommandFailure, printable, say, sayJson, sayTable } from "../output.ts";
import { askAsOperator, operatorAsks, serverUrl } from "../running.ts";

interface Summary {
  readonly room: string;
  readonly kind: string;
  readonly title: string;
  readonly head: number;
  readonly floor: number;
  readonly messages: number;
  readonly members: number;
  readonly online: number;
  readonly last_at?: string;
}

interface Page {
  readonly rooms: readonly Summary[];
  readonly silent: readonly string[];
  readonly next?: string;
}

interface Member {
  readonly user: { readonly id: string; readonly name: string };
  readonly role: string;
  readonly read_mark?: number;
}

const pageRooms = 200;

export function roomsCommand(): Command {
  const list = new Command("list")
    .description("List rooms in the order of their ids.")
    .argument("[pattern]", "of ids: * is any text, ? any character")
    .option("--limit <count>", "how many at most, 1-100000", "1000")
    .option("--after <room>", "begin behind this room")
    .action(listRooms);
  const show = new Command("show")
    .description("Show one room and its members.")
    .argument("<room>")
    .action(showRoom);
  const command = new Command("rooms").description("All rooms of the install.");
  command.addCommand(
    withExample(addInstallFlags(list), "parlance rooms", "parlance rooms 'job:*' --json"),
    { isDefault: true },
  );
  command.addCommand(withExample(addInstallFlags(show), "parlance rooms show general"));
  return withExample(
    command,
    "parlance rooms",
    "parlance rooms 'job:*'",
    "parlance rooms show general",
  );
}

async function listRooms(pattern: string | undefined, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const limit = wholeNumber(options, "limit", [1, 100_000], "rooms list");
  const found: Summary[] = [];
  const silent = new Set<string>();
  let next = typeof options["after"] === "string" ? options["after"] : undefined;
  do {
    const page = await pageOf(config, pattern, next, Math.min(pageRooms, limit - found.length));
    found.push(...page.rooms);
    for (const node of page.silent) silent.add(node);
    next = page.next;
  } while (next !== undefined && found.length < limit);
  if (options["json"] === true) {
    sayJson({ rooms: found, silent: [...silent], ...(next === undefined ? {} : { next }) });
    return;
  }
  if (found.length === 0) {
    say("No rooms.");
    return;
  }
  sayTable([
    ["ROOM", "KIND", "TITLE", "HEAD", "MEMBERS", "ONLINE", "LAST EVENT"],
    ...found.map((room) => [
      room.room,
      room.kind,
      printable(room.title),
      String(room.head),
      String(room.members),
      String(room.online),
      minuteOf(room.last_at),
    ]),
  ]);
  if (next !== undefined) say(`More: --after ${next}`);
  if (silent.size > 0) say(`Who is online is not known of: ${[...silent].join(", ")}`);
}

async function showRoom(room: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const { rooms } = await pageOf(config, room, undefined, 1);
  const [summary] = rooms;
  if (summary === undefined) throw new CommandFailure(`There is no room ${room}.`);
  const answer = await operatorAsks(config, "GET", `/rooms/${encodeURIComponent(room)}/members`);
  const { members } = (answer?.body ?? { members: [] }) as { readonly members: readonly Member[] };
  if (options["json"] === true) {
    sayJson({ ...summary, member_list: members });
    return;
  }
  say(`${summary.room}: ${printable(summary.title)}`);
  say(`  ${summary.kind}, ${summary.online} online`);
  say(
    `  ${summary.head} events, ${summary.messages} messages, the log begins behind ${summary.floor}`,
  );
  say(`  last event ${minuteOf(summary.last_at)}`);
  say(`  ${summary.members} members`);
  sayTable(members.map(({ user, role }) => [`    ${user.id}`, printable(user.name), role]));
}

async function pageOf(
  config: Config,
  pattern: string | undefined,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (pattern !== undefined) query.set("pattern", pattern);
  if (after !== undefined) query.set("after", after);
  const answer = await askAsOperator(config, "GET", `/rooms?${query.toString()}`);
  if (answer === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  return answer.body as Page;
}

function minuteOf(time: string | undefined): string {
  return time === undefined ? "-" : `${time.slice(0, 10)} ${time.slice(11, 16)}Z`;
}
