/** Builds the web app into `packages/web/dist` and tells what its first load weighs. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "vite";

const root = join(import.meta.dirname, "../packages/web");
/** PERFORMANCE P15: bytes of the first load, gzipped. There are no parts that come later. */
const mostBytes = 200 * 1_024;
/** What a server may send compressed; it finds `.gz` and `.br` beside each file. */
const compressible: ReadonlySet<string> = new Set([".html", ".js", ".css", ".svg"]);

await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn" });
const bytes = await compressAll(join(root, "dist"));
console.log(`Built packages/web/dist, ${(bytes / 1_024).toFixed(1)} kB gzipped.`);
if (bytes > mostBytes) {
  console.error(`That is more than ${mostBytes / 1_024} kB.`);
  process.exitCode = 1;
}

/** Puts compressed copies beside the files. Returns what they weigh together, gzipped. */
async function compressAll(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  let total = 0;
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    if (!file.isFile() || !compressible.has(extname(path))) continue;
    const content = await readFile(path);
    const gzipped = gzipSync(content, { level: 9 });
    await writeFile(`${path}.gz`, gzipped);
    await writeFile(`${path}.br`, brotliCompressSync(content));
    total += gzipped.length;
  }
  return total;
}
