import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { CommandFailure, printable, say, sayJson } from "../output.ts";
import { operatorAsks, serverUrl } from "../running.ts";

interface View {
  readonly room: string;
  readonly sequence: number;
  readonly author: string;
  readonly author_name: string;
  readonly text: string;
  readonly time: string;
}

interface Page {
  readonly hits: readonly {
    readonly message: View;
    readonly room_title: string;
    readonly before?: readonly View[];
    readonly after?: readonly View[];
  }[];
  readonly next?: string;
}

export function searchCommand(): Command {
  const command = new Command("search")
    .description("Find messages in all rooms, the newest first.")
    .argument("<query...>", 'words, "phrases", begin*, from:, in:, has:, before:, after:, on:')
    .option("-n, --limit <count>", "how many at most, 1-50", "20")
    .option("--room <room>", "only there")
    .option("--context <count>", "so many messages before and after each, 0-5", "0")
    .option("--cursor <place>", "behind this one: the end of the page before tells it")
    .action(search);
  return withExample(
    addInstallFlags(command),
    "parlance search 'invoice from:ann after:2026-01'",
    `parlance search '"release notes"' --room general --context 2`,
  );
}

async function search(query: readonly string[], options: Options): Promise<void> {
  const { config } = configFrom(options);
  const parameters = new URLSearchParams({
    q: query.join(" "),
    limit: String(wholeNumber(options, "limit", [1, 50], "search")),
    context: String(wholeNumber(options, "context", [0, 5], "search")),
  });
  for (const name of ["room", "cursor"]) {
    const value = options[name];
    if (typeof value === "string") parameters.set(name, value);
  }
  const answer = await operatorAsks(config, "GET", `/search?${parameters.toString()}`);
  if (answer === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  const page = answer.body as Page;
  if (options["json"] === true) {
    sayJson(page);
    return;
  }
  if (page.hits.length === 0) say("Nothing is found.");
  for (const { message, before = [], after = [] } of page.hits) {
    for (const beside of before) say(`  ${line(beside)}`);
    say(line(message));
    for (const beside of after) say(`  ${line(beside)}`);
  }
  if (page.next !== undefined) say(`More: --cursor ${page.next}`);
}

/** `general 42 2026-01-02 12:30Z Ada: the text`. */
function line({ room, sequence, time, author_name: name, author, text }: View): string {
  const minute = `${time.slice(0, 10)} ${time.slice(11, 16)}Z`;
  return printable(`${room} ${sequence} ${minute} ${name === "" ? author : name}: ${text}`);
}
