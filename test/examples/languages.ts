/** The examples in other languages, run by their own interpreters. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { programPaths } from "../requirements.ts";

export const examples: string = join(import.meta.dirname, "../../examples");

/** Where Debian puts them. */
export const interpreters = programPaths;
export type Interpreter = "php" | "python3" | "curl" | "openssl";

/** What the examples read their settings from. */
export type Environment = Readonly<Record<string, string>>;

/** What a call came to: its value, an error that the server or the library names, or an argument that cannot be. */
export interface Outcome {
  readonly ok?: unknown;
  readonly refused?: {
    readonly code: string;
    readonly text: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
  readonly invalid?: string;
}

/** A library: its interpreter, and what drives it. */
export type Library = readonly [Interpreter, string];

/** Those that are called the same way. */
export const python: Library = ["python3", "driver.py"];
export const libraries: readonly Library[] = [["php", "driver.php"], python];

/** A process that has the library loaded and does one call after the other. */
export class Caller {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** It has ended, and everything it said is here. */
  readonly #closed: Promise<unknown>;
  #complaint = "";

  constructor([interpreter, driver]: Library, environment: Environment = {}) {
    const file = join(import.meta.dirname, "drivers", driver);
    this.#child = spawn(interpreters[interpreter], [file], {
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#closed = once(this.#child, "close");
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#complaint += chunk.toString()));
    // One that gave up at its start reads nothing; what it said is told by the call.
    this.#child.stdin?.on("error", () => {});
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("no output");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** Calls a function of the library. @throws Error with what the interpreter says where it gives up. */
  async call(name: string, ...values: readonly unknown[]): Promise<Outcome> {
    this.#child.stdin?.write(`${JSON.stringify([name, ...values])}\n`);
    const line = await this.#lines.next();
    if (line.done === true) {
      await this.#closed;
      throw new Error(`it ended: ${this.#complaint}`);
    }
    try {
      return JSON.parse(line.value) as Outcome;
    } catch {
      throw new Error(`no answer but: ${line.value}`);
    }
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }
}

/** How a program ended and what it said. */
export interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  environment: Environment = {},
): Promise<Done> {
  const child = spawn(program, args, {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, out, err };
}

/** Runs one of the scripts of `examples/curl`. */
export function shell(
  script: string,
  args: readonly string[],
  environment: Environment,
): Promise<Done> {
  return run("/bin/sh", [join(examples, "curl", script), ...args], environment);
}
