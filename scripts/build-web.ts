/** Builds the web app into `packages/web/dist` and tells what its first load weighs. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const root = join(import.meta.dirname, "../packages/web");
/** PERFORMANCE P15: bytes of the first load, gzipped. */
const mostBytes = 200 * 1_024;

await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn" });
const bytes = await gzippedBytes(join(root, "dist"));
console.log(`Built packages/web/dist, ${(bytes / 1_024).toFixed(1)} kB gzipped.`);
if (bytes > mostBytes) {
  console.error(`That is more than ${mostBytes / 1_024} kB.`);
  process.exitCode = 1;
}

/** Everything that the page loads first: there are no parts that come later. */
async function gzippedBytes(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => gzipSync(await readFile(join(file.parentPath, file.name))).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
