/** The command line as Markdown, for `docs/operations/command-line.md`: what `--help` says, of every command. */
import { settings } from "@parlance/server";
import type { Command, Option } from "commander";
import { createProgram, everyCommand, minWidthToWrap, pathOf } from "./program.ts";

const columns = 100;
/** Commands with a flag for every setting. */
const takesSettings: ReadonlySet<string> = new Set(["start", "config"]);

/** Ends with a line feed. Settings, which `start` and `config` have flags for, are in configuration.md. */
export function commandLineMarkdown(): string {
  const program = createProgram();
  const flags = new Set(settings.map(({ flag }) => flag));
  const sections = everyCommand(program).map((command) => {
    const title = `${pathOf(command).split(" ").length === 2 ? "##" : "###"} ${pathOf(command)}`;
    return `${title}

\`\`\`text
${helpOf(command, flags)}
\`\`\`
`;
  });
  return `${intro}\n${sections.join("\n")}`;
}

function helpOf(command: Command, flags: ReadonlySet<string | undefined>): string {
  let text = "";
  const isSetting = takesSettings.has(command.name());
  const isShown = (option: Option): boolean =>
    !option.hidden && !(isSetting && flags.has(option.long));
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
    getOutHelpWidth: () => columns,
  });
  command.configureHelp({ minWidthToWrap, visibleOptions: (each) => each.options.filter(isShown) });
  command.outputHelp();
  return text.trimEnd();
}

const intro = `# The command line

What \`parlance --help\` and \`parlance <command> --help\` say. This file is made from the commands themselves, by
\`node packages/cli/src/write-document.ts\`; a test compares.

- **Which install**: commands find the running server by \`running.json\` in the data directory (\`--data-dir\`, ./data if not given), and
  ask it as its operator, with a token that the install's secret signs for that one request. Where no server runs, those that
  can (\`key\`, \`users\`, \`ban\`, \`spool\`, \`backup\`, \`doctor\`, …) work on the data itself. \`start\` and \`config\` have a flag for every
  [setting](configuration.md) that is no secret.
- **Exit codes**: 0 done, 1 not done (said in words on standard error), 2 not understood, with a line of usage.
- **\`--json\`**: one JSON value on standard output, nothing left out and nothing wrapped; \`tail\` and \`logs\` give one in each line.
- **Width**: in a terminal nothing is wider than it is; long cells go on in the next line. Into a pipe or a file lines are whole.
- **Colour** only in a terminal, and not with \`NO_COLOR\`. Progress of what takes long is on standard error.
- Names and texts that people chose are shown without what would command a terminal.
`;
