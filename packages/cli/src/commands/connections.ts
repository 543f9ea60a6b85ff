import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { CommandFailure, duration, printable, say, sayJson, sayTable } from "../output.ts";
import { askAsOperator, serverUrl } from "../running.ts";

interface Row {
  readonly connection_id: string;
  readonly node: string;
  readonly user?: string;
  readonly shown_as?: string;
  readonly name?: string;
  readonly dialect: string;
  readonly address: string;
  readonly connected_ms: number;
  readonly heard_ms: number;
  readonly unsent_bytes: number;
  readonly lagging: boolean;
  readonly rooms: number;
}

interface Listed {
  readonly total: number;
  readonly connections: readonly Row[];
  readonly silent: readonly string[];
  readonly next?: string;
}

const watchMs = 2_000;

export function connectionsCommand(): Command {
  const command = new Command("connections")
    .description("Who is connected, on all nodes.")
    .option("--node <id>", "of one node only, by the first letters of its id")
    .option("--user <id>", "of one user only")
    .option("--room <room>", "subscribed to one room only")
    .option("--limit <count>", "how many at most, 1-5000", "1000")
    .option("--after <place>", "go on behind this place, as the list before said")
    .option("--watch", "show it again every two seconds, until Ctrl+C")
    .action(connections);
  return withExample(
    addInstallFlags(command),
    "parlance connections --room general",
    "parlance connections --user ada --json",
  );
}

async function connections(options: Options): Promise<void> {
  const { config } = configFrom(options);
  wholeNumber(options, "limit", [1, 5_000], "connections");
  for (;;) {
    const listed = await list(config, options);
    if (options["json"] === true) sayJson(listed);
    else {
      if (options["watch"] === true && process.stdout.isTTY)
        process.stdout.write("\u001b[H\u001b[2J");
      show(listed);
    }
    if (options["watch"] !== true) return;
    await pause(watchMs);
  }
}

async function list(config: Config, options: Options): Promise<Listed> {
  const query = new URLSearchParams();
  for (const name of ["user", "room", "limit", "after"]) {
    const value = options[name];
    if (typeof value === "string") query.set(name, value);
  }
  const { node } = options;
  if (typeof node === "string") query.set("node", await nodeBy(config, node));
  const answer = await askAsOperator(config, "GET", `/connections?${query.toString()}`);
  if (answer === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  return answer.body as Listed;
}

async function nodeBy(config: Config, letters: string): Promise<string> {
  const answer = await askAsOperator(config, "GET", "/nodes");
  const { nodes = [] } = (answer?.body ?? {}) as { nodes?: readonly { readonly id: string }[] };
  const found = nodes.filter(({ id }) => id.startsWith(letters));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first.id;
  throw new CommandFailure(
    found.length === 0 ? `No node's id begins with ${letters}.` : `Several begin with ${letters}.`,
  );
}

function show({ connections: rows, total, silent, next }: Listed): void {
  if (rows.length === 0) say("Nobody is connected who matches.");
  else {
    sayTable([
      ["ID", "USER", "DIALECT", "NODE", "ADDRESS", "SINCE", "HEARD", "ROOMS", "UNSENT"],
      ...rows.map((row) => [
        row.connection_id,
        whoOf(row),
        row.dialect,
        row.node.slice(0, 8),
        row.address,
        duration(row.connected_ms),
        duration(row.heard_ms),
        String(row.rooms),
        row.lagging ? `${row.unsent_bytes}, lagging` : String(row.unsent_bytes),
      ]),
    ]);
  }
  say(`${rows.length} of ${total}`);
  if (next !== undefined) say(`More: --after ${next}`);
  if (silent.length > 0) say(`Not asked, as they do not answer: ${silent.join(", ")}`);
}

function whoOf({ user, shown_as: shown }: Row): string {
  return printable(user ?? (shown === undefined ? "-" : `(${shown})`));
}
