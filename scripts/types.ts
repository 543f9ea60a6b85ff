/**
 * `npm run types`: checks every package's `tsconfig.json` and the root one (tests, scripts, benchmarks) with
 * the native compiler, two at a time. Prints one line each, and what the compiler said where it objects.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
/* Each compiler uses several threads and some hundred MB by itself. */
const atOnce = Math.min(2, availableParallelism());

function projects(): string[] {
  const packages = readdirSync(join(root, "packages"))
    .map((name) => join("packages", name))
    .filter((path) => existsSync(join(root, path, "tsconfig.json")));
  return [...packages.toSorted(), "."];
}

function check(project: string): Promise<boolean> {
  const started = performance.now();
  return new Promise((settle, fail) => {
    const compiler = spawn(
      process.execPath,
      [join(root, "node_modules/@typescript/native/bin/tsc"), "-p", project, "--pretty", "false"],
      { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
    );
    let said = "";
    compiler.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    compiler.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    compiler.on("error", fail);
    compiler.on("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const ok = code === 0;
      console.log(`${ok ? "ok  " : "FAIL"} ${project === "." ? "tests" : project} (${seconds} s)`);
      if (!ok) console.log(said.trimEnd());
      settle(ok);
    });
  });
}

const waiting = projects();
const total = waiting.length;
let failed = 0;
async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!(await check(next))) failed += 1;
  }
}
await Promise.all(Array.from({ length: atOnce }, work));
console.log(`types: ${total - failed} projects passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
