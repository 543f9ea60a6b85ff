/** Builds the web app into `packages/web/dist` and tells what its first load weighs. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "vite";

const root = join(import.meta.dirname, "../packages/web");
/** Bytes of the first load, gzipped: the page, and what it names. Parts that come when they are needed do not count. */
const mostBytes = 200 * 1_024;
/** What a server may send compressed; it finds `.gz` and `.br` beside each file. */
const compressible: ReadonlySet<string> = new Set([".html", ".js", ".css", ".svg"]);

await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn" });
const sizes = await compressAll(join(root, "dist"));
const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
const first = await firstLoad(join(root, "dist"), sizes);
console.log(
  `Built packages/web/dist: first load ${kilobytes(first)}, all of it ${kilobytes(all)} gzipped.`,
);
if (first > mostBytes) {
  console.error(`That is more than ${kilobytes(mostBytes)}.`);
  process.exitCode = 1;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_024).toFixed(1)} kB`;
}

/** What a browser fetches before the app can start: scripts, modules that these import, and style sheets. */
async function firstLoad(folder: string, gzipped: ReadonlyMap<string, number>): Promise<number> {
  const page = await readFile(join(folder, "index.html"), "utf8");
  const named = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(
    (found) => found[1],
  );
  return ["index.html", ...named].reduce((sum, name) => sum + (gzipped.get(name ?? "") ?? 0), 0);
}

/** Puts compressed copies beside the files. Returns what each weighs gzipped, by its path. */
async function compressAll(folder: string): Promise<ReadonlyMap<string, number>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = new Map<string, number>();
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    if (!file.isFile() || !compressible.has(extname(path))) continue;
    const content = await readFile(path);
    const gzipped = gzipSync(content, { level: 9 });
    await writeFile(`${path}.gz`, gzipped);
    await writeFile(`${path}.br`, brotliCompressSync(content));
    sizes.set(relative(folder, path), gzipped.length);
  }
  return sizes;
}
