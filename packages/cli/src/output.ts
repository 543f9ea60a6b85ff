import { ConfigError } from "@parlance/server";

/** Expected failure of a command: told in one line, without a stack. */
export class CommandFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandFailure";
  }
}

/** A command that was used in a way that it does not have: exit code 2. */
export class UsageFailure extends CommandFailure {
  /** As it is typed behind `parlance`. */
  readonly command: string;

  constructor(message: string, command: string) {
    super(`error: ${message}`);
    this.name = "UsageFailure";
    this.command = command;
  }
}

/** Columns of the terminal; undefined where the output is no terminal, and nothing is wrapped. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? Math.max(minWidth, process.stdout.columns) : undefined;
}

/** Nobody reads in less. */
const minWidth = 40;
/** No column is made narrower, as long as there is one that is wider. */
const minColumn = 8;
const gap = "  ";

/** One line of what a command says, broken where a terminal would. */
export function say(line: string): void {
  const indent = `${/^ */.exec(line)?.[0] ?? ""}  `;
  const [first = "", ...rest] = wrapped(line, terminalWidth());
  const again = rest.length === 0 ? [] : wrapped(rest.join(""), narrower(indent.length));
  process.stdout.write([first, ...again.map((each) => indent + each), ""].join("\n"));
}

function narrower(by: number): number | undefined {
  const width = terminalWidth();
  return width === undefined ? undefined : width - by;
}

/** The result for scripts: one JSON value. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Rows in columns, as wide as their widest cell; where the terminal is narrower, the widest are broken into lines. */
export function sayTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  shrink(widths, terminalWidth());
  for (const row of rows) {
    const cells = row.map((cell, index) => wrapped(cell, widths[index]));
    const height = Math.max(1, ...cells.map((lines) => lines.length));
    for (let line = 0; line < height; line += 1) {
      const texts = cells.map((lines, index) => (lines[line] ?? "").padEnd(widths[index] ?? 0));
      process.stdout.write(`${texts.join(gap).trimEnd()}\n`);
    }
  }
}

function shrink(widths: number[], width: number | undefined): void {
  if (width === undefined) return;
  const spare = (): number =>
    width - widths.reduce((sum, each) => sum + each, 0) - gap.length * (widths.length - 1);
  while (spare() < 0) {
    const widest = Math.max(...widths);
    if (widest <= minColumn) return;
    widths[widths.indexOf(widest)] = widest - 1;
  }
}

/** At spaces where there are some, else wherever the width ends: nothing is left out. */
function wrapped(text: string, width: number | undefined): readonly string[] {
  if (width === undefined || text.length <= width) return [text];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const at = space > width / 2 ? space : width;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).replace(/^ /, "");
  }
  return rest === "" ? lines : [...lines, rest];
}

/** What others chose, as a terminal may have it: it obeys what is in it. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

/** `3 s`, `5 min`, `2 h`, `4 d`: how long something is or was. */
export function duration(ms: number): string {
  const s = Math.round(ms / 1_000);
  if (s < 120) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 120) return `${min} min`;
  const h = Math.round(min / 60);
  return h < 48 ? `${h} h` : `${Math.round(h / 24)} d`;
}

/** Says on the error stream why a command was not done. */
export function tellFailure(error: unknown): void {
  if (error instanceof ConfigError) {
    for (const line of error.lines) process.stderr.write(`${line}\n`);
  } else if (error instanceof CommandFailure) {
    process.stderr.write(`${error.message}\n`);
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${text}\n`);
  }
}
