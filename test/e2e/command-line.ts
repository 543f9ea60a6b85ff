/** Runs the `parlance` command as people do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const program: string = join(import.meta.dirname, "../../packages/cli/bin/parlance.js");

/** How a command ended and what it said. */
export interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function parlance(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Done> {
  const child = spawn(process.execPath, [program, ...args], {
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
