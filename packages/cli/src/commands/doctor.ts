import { examineInstall, type Finding } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { say, sayJson } from "../output.ts";
import { progressLine } from "../progress.ts";

const marks: Readonly<Record<Finding["state"], string>> = {
  fine: "fine     ",
  attention: "attention",
  broken: "broken   ",
};
const colours: Readonly<Record<Finding["state"], number>> = { fine: 32, attention: 33, broken: 31 };

export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("Look for trouble, and tell what to do. Exit code 1 if something is broken.")
    .option("--quiet-line", "keep a quiet line through the proxy for two heartbeats")
    .action(doctor);
  return withExample(
    addInstallFlags(command),
    "parlance doctor",
    "parlance doctor --quiet-line --json",
  );
}

async function doctor(options: Options): Promise<void> {
  const loaded = configFrom(options);
  const isJson = options["json"] === true;
  const line = progressLine(isJson || !process.stderr.isTTY);
  const findings = await examineInstall(
    loaded,
    (about) => line.show(`Looking at: ${about} …`),
    options["quietLine"] === true,
  );
  line.clear();
  if (findings.some(({ state }) => state === "broken")) process.exitCode = 1;
  if (isJson) {
    sayJson(findings);
    return;
  }
  for (const { about, state, found, advice } of findings) {
    say(`${painted(state)}  ${about}: ${found}`);
    if (advice !== undefined) say(`           ${advice}`);
  }
  const count = (state: Finding["state"]): number =>
    findings.filter((finding) => finding.state === state).length;
  say("");
  say(`${count("fine")} fine, ${count("attention")} to look at, ${count("broken")} broken.`);
}

function painted(state: Finding["state"]): string {
  const mark = marks[state];
  const isPlain = process.env["NO_COLOR"] !== undefined || !process.stdout.isTTY;
  return isPlain ? mark : `\u001b[${colours[state]}m${mark}\u001b[0m`;
}
