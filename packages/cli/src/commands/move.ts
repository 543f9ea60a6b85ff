import { setTimeout as pause } from "node:timers/promises";
import { type Config, type MoveView, takeMoveBack } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { tellable } from "../install.ts";
import { CommandFailure, say, sayJson, UsageFailure } from "../output.ts";
import { grouped, partOf, progressLine } from "../progress.ts";
import { askAsOperator } from "../running.ts";

/** How often the server is asked how far it is. */
const pollMs = 250;

export function moveCommand(): Command {
  return withExample(
    addInstallFlags(
      new Command("move")
        .description("Move the running install to another database while it serves.")
        .option("--to <address>", "as in database_url: sqlite:<directory>, postgres://…, mysql://…")
        .option("--replace", "overwrite what is there")
        .option("--only-node", "no other server uses the database that is left")
        .option("--status", "tell how far it is")
        .option("--abandon", "stop it; everything stays where it was")
        .action(move),
    ),
    "parlance move --to postgres://parlance@db.example/parlance",
  );
}

async function move(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const isJson = options["json"] === true;
  const to = typeof options["to"] === "string" ? options["to"] : undefined;
  if (options["status"] === true) return tell(await asked(config, "GET"), isJson);
  if (options["abandon"] === true) return abandon(config, to, isJson);
  if (to === undefined) throw new UsageFailure("--to: where to?", "move");
  const begun = await asked(config, "POST", {
    to,
    ...(options["replace"] === true ? { replace: true } : {}),
    ...(options["onlyNode"] === true ? { only_node: true } : {}),
  });
  if (begun.phase === "refused") throw new CommandFailure(begun.reason);
  const line = progressLine(isJson);
  let view: MoveView = begun;
  while (!isOver(view)) {
    line.show(describe(view));
    await pause(pollMs);
    view = await asked(config, "GET");
  }
  line.end();
  tell(view, isJson);
}

async function abandon(config: Config, to: string | undefined, isJson: boolean): Promise<void> {
  const answer = await askAsOperator(config, "DELETE", "/move");
  if (answer !== undefined) return tell(answer.body as MoveView, isJson);
  let trouble: string | undefined;
  try {
    trouble = await takeMoveBack(config, to);
  } catch (error) {
    throw tellable(error, config);
  }
  if (trouble !== undefined) throw new CommandFailure(trouble);
  if (isJson) sayJson({ phase: "abandoned" });
  else say("The move is taken back: the install is where it was.");
}

async function asked(config: Config, method: "GET" | "POST", body?: object): Promise<MoveView> {
  const answer = await askAsOperator(config, method, "/move", body);
  if (answer !== undefined) return answer.body as MoveView;
  throw new CommandFailure(
    "No server of this install answers. An install is moved by its running server: start it first. A move that was " +
      "under way when it ended did nothing, and can be begun again.",
  );
}

type UnderWay = Exclude<MoveView, { readonly phase: "none" | "refused" }>;

function isOver(view: MoveView): boolean {
  return !("to" in view) || ["done", "failed", "abandoned"].includes(view.phase);
}

function describe(view: MoveView): string {
  if (!("to" in view)) return view.phase;
  switch (view.phase) {
    case "copying":
      return `${partOf(view.rows, view.total)}, now ${view.table ?? ""}`;
    case "catching_up":
    case "switching":
      return `catching up: ${grouped(view.changes)} changes`;
    default:
      return view.phase.replace("_", " ");
  }
}

function tell(view: MoveView, isJson: boolean): void {
  if (isJson) sayJson(view);
  if ("to" in view && view.phase === "failed") {
    process.exitCode = 1;
    if (!isJson)
      process.stderr.write(`The move failed, and everything stays where it was: ${view.reason}\n`);
    return;
  }
  if (isJson) return;
  if (!("to" in view)) say(view.phase === "refused" ? view.reason : "No move is under way.");
  else if (view.phase === "done") for (const text of doneLines(view)) say(text);
  else if (view.phase === "abandoned") say("The move is abandoned: the install is where it was.");
  else say(`To ${view.to}: ${describe(view)}`);
}

function doneLines(view: UnderWay): readonly string[] {
  return [
    `Moved to ${view.to}: ${grouped(view.total)} rows and ${grouped(view.changes)} changes in ` +
      `${(view.elapsed_ms / 1_000).toFixed(1)} s; writes waited ${view.held_ms} ms.`,
    "The server uses it already. Before its next start, let PARLANCE_DATABASE_URL (database_url) name it: a server that is",
    "started on the database it has left refuses.",
  ];
}
