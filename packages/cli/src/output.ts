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
  constructor(message: string, command: string) {
    super(`error: ${message}\n(parlance ${command} --help tells how it is used)`);
    this.name = "UsageFailure";
  }
}

/** One line of what a command says. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The result for scripts: one JSON value. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Rows in columns, as wide as their widest cell. */
export function sayTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  for (const row of rows) {
    say(
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
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
