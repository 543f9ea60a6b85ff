/** What the storage threads load: each of them pays for it at every start, in time and in memory. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

/** Paths of the modules that are loaded for one of ours. That a thread's file refuses to run elsewhere comes after they are. */
function loadedFor(file: string): readonly string[] {
  const program = `
    import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({ load(url, context, next) { seen.push(url); return next(url, context); } });
    try { await import(${JSON.stringify(new URL(file, import.meta.url).href)}); } catch {}
    console.log(JSON.stringify(seen));`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return JSON.parse(run.stdout) as readonly string[];
}

test.each(["./reader-thread.ts", "./writer-thread.ts"])("%s loads no other world", (file) => {
  const loaded = loadedFor(file);
  expect(loaded.some((url) => url.endsWith("sqlite/database.ts"))).toBe(true);
  expect(
    loaded.filter((url) => /node_modules|core\/src\/index|protocol\/src\/index/.test(url)),
  ).toEqual([]);
});
