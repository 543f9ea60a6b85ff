import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import type { Config } from "@parlance/server";
import { Command } from "commander";
import { erasures } from "../exports/erasures.ts";
import { type ExportedEvent, isInState, lineOf } from "../exports/lines.ts";
import { compactedMeanwhile, stateOfErased, statesOf } from "../exports/states.ts";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { CommandFailure, say, sayJson } from "../output.ts";
import { grouped, progressLine } from "../progress.ts";
import { askAsOperator, operatorAsks, silent } from "../running.ts";

const pageEvents = 200;
const pageRooms = 200;
const pageUsers = 200;

interface RoomSummary {
  readonly room: string;
  readonly kind: string;
  readonly title: string;
  readonly head: number;
  readonly floor: number;
}

interface OwnLine {
  readonly type: string;
  readonly room?: string;
}

interface UserSummary {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly kind: string;
}

export function exportCommand(): Command {
  const command = new Command("export")
    .description("Write rooms as JSON lines that parlance import takes to the same sequences.")
    .argument("[pattern]", "of room ids: * is any text, ? any character", "*")
    .option("--to <file>", "standard output if not given")
    .option("--scheduled", "also scheduled messages: where they are imported they are sent")
    .action(exportTo);
  return withExample(
    addInstallFlags(command),
    "parlance export --to everything.jsonl",
    "parlance export 'project-*' > projects.jsonl",
  );
}

async function exportTo(pattern: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const to = typeof options["to"] === "string" ? options["to"] : undefined;
  const out = new Output(to === undefined ? process.stdout : createWriteStream(to));
  const isScheduled = options["scheduled"] === true;
  const line = progressLine(options["json"] === true);
  let events = 0;
  const rooms = new Set<string>();
  await out.write({ parlance_export: 1 });
  for await (const { id, name, kind } of usersOf(config)) {
    if (kind !== "service") await out.write({ type: "user", id, name });
  }
  for await (const room of roomsOf(config, pattern)) {
    const { room: id, kind, title, head, floor } = room;
    rooms.add(id);
    if (floor > 0) {
      throw new CommandFailure(
        `${id}: its log begins behind ${floor}, and cannot be exported whole.`,
      );
    }
    await out.write({ type: "room", room: id, kind, title });
    // Twice: which message an erased version was of is told only by what comes later.
    const erased = await erasures(eventsOf(config, id, head));
    const { erasedTo } = erased;
    const state = erasedTo === 0 ? undefined : await stateOfErased(config, id, head, erasedTo);
    if (state !== undefined) await out.write(state);
    for await (const event of eventsOf(config, id, head)) {
      if (isInState(event) && event.sequence > (state?.sequence ?? 0)) throw compactedMeanwhile(id);
      await out.write(lineOf(event, erased));
      events += 1;
      if (events % 1_000 === 0)
        line.show(`${grouped(events)} events of ${grouped(rooms.size)} rooms`);
    }
    if (kind !== "document") continue;
    if (state !== undefined) {
      await out.write({ type: "document_erased", room: id, sequence: state.sequence });
    }
    for await (const other of statesOf(config, id, head)) {
      if (other.sequence !== state?.sequence) await out.write(other);
    }
  }
  let own = 0;
  // Behind all events: it is about them.
  for await (const { id, kind } of usersOf(config)) {
    if (kind === "service") continue;
    for (const item of await ownOf(config, id)) {
      if (item.room !== undefined && !rooms.has(item.room)) continue;
      // Both installs would send them.
      if (item.type === "scheduled" && !isScheduled) continue;
      await out.write(item);
      own += 1;
    }
  }
  await out.end();
  line.end();
  if (to === undefined) return;
  if (options["json"] === true) sayJson({ rooms: rooms.size, events, own, to });
  else {
    say(
      `${grouped(events)} events of ${grouped(rooms.size)} rooms, and ${grouped(own)} lines of what is people's own, are in ${to}.`,
    );
  }
}

/** One value a line, as fast as it is taken. */
class Output {
  readonly #stream: WriteStream | NodeJS.WriteStream;

  constructor(stream: WriteStream | NodeJS.WriteStream) {
    this.#stream = stream;
  }

  async write(value: object): Promise<void> {
    if (!this.#stream.write(`${JSON.stringify(value)}\n`)) await once(this.#stream, "drain");
  }

  async end(): Promise<void> {
    if (this.#stream === process.stdout) return;
    this.#stream.end();
    await once(this.#stream, "close");
  }
}

async function* roomsOf(config: Config, pattern: string): AsyncIterable<RoomSummary> {
  let after: string | undefined;
  do {
    const query = new URLSearchParams({ pattern, limit: String(pageRooms) });
    if (after !== undefined) query.set("after", after);
    const answer = await askAsOperator(config, "GET", `/rooms?${query.toString()}`);
    if (answer === undefined) throw silent(config);
    const page = answer.body as { readonly rooms: readonly RoomSummary[]; readonly next?: string };
    yield* page.rooms;
    after = page.next;
  } while (after !== undefined);
}

async function* usersOf(config: Config): AsyncIterable<UserSummary> {
  for (let after = 0; ; ) {
    const answer = await askAsOperator(config, "GET", `/users?after=${after}&limit=${pageUsers}`);
    if (answer === undefined) throw silent(config);
    const { users } = answer.body as { readonly users: readonly UserSummary[] };
    const last = users.at(-1);
    if (last === undefined) return;
    yield* users;
    after = last.number;
  }
}

/** Marks, preferences, drafts and the like of one person. */
async function ownOf(config: Config, user: string): Promise<readonly OwnLine[]> {
  const answer = await askAsOperator(config, "GET", `/users/${encodeURIComponent(user)}/own`);
  if (answer === undefined) throw silent(config);
  return (answer.body as { readonly items: readonly OwnLine[] }).items;
}

/** Up to where the room was when it was listed. */
async function* eventsOf(config: Config, room: string, head: number): AsyncIterable<ExportedEvent> {
  for (let after = 0; after < head; ) {
    const path = `/rooms/${encodeURIComponent(room)}/messages?after=${after}&limit=${pageEvents}`;
    const answer = await operatorAsks(config, "GET", path);
    if (answer === undefined) throw silent(config);
    const { events } = answer.body as { readonly events: readonly ExportedEvent[] };
    if (events.length === 0) return;
    for (const event of events) if (event.sequence <= head) yield event;
    after = events.at(-1)?.sequence ?? head;
  }
}
