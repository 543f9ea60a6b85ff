/**
 * `node scripts/build-client.ts`: the SDK and the elements as one minified ES module each, and the room for pages
 * without a build with the parts that it loads when they are needed; with their sizes over the wire.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

// What is built is what people get, whoever builds it: packages have more in them for those who develop or test.
process.env["NODE_ENV"] = "production";

/** What is built, and how many bytes it may have, gzipped. */
const modules = [
  { package: "client", file: "parlance.js", maxSize: 10_240 },
  // It has the SDK in it: 4 kB are its own.
  { package: "elements", file: "elements.js", maxSize: 14_336 },
] as const;

for (const { package: name, file, maxSize } of modules) {
  const home = resolve(import.meta.dirname, "../packages", name);
  await build({
    root: home,
    configFile: false,
    logLevel: "warn",
    build: {
      target: "es2024",
      minify: true,
      // A library's blanks are kept otherwise.
      rolldownOptions: { output: { minify: true } },
      lib: { entry: join(home, "src/index.ts"), formats: ["es"], fileName: () => file },
    },
  });
  const size = gzipSync(readFileSync(join(home, "dist", file)), { level: 9 }).length;
  console.log(`packages/${name}/dist/${file}: ${size} bytes gzipped, at most ${maxSize}`);
  if (size > maxSize) process.exitCode = 1;
}

/** What a page fetches before its room can begin, and all that one page can fetch: with one language beside English, the largest. Gzipped. */
const widget = {
  home: resolve(import.meta.dirname, "../packages/widget"),
  first: 2_048,
  all: 242_000,
};
await build({
  root: widget.home,
  configFile: false,
  /* A package says "use client", which means nothing here, and who starts for the first time would read about it. */
  logLevel: "error",
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    minify: true,
    lib: { entry: join(widget.home, "src/index.ts"), formats: ["es"], fileName: () => "widget.js" },
    rolldownOptions: { output: { minify: true, chunkFileNames: "[name]-[hash].js" } },
  },
});
const sizes = new Map(
  readdirSync(join(widget.home, "dist"))
    .filter((name) => name.endsWith(".js"))
    .map((name) => [
      name,
      gzipSync(readFileSync(join(widget.home, "dist", name)), { level: 9 }).length,
    ]),
);
const first = sizes.get("widget.js") ?? 0;
const languages = [...sizes].flatMap(([name, size]) => (/^[a-z]{2}-/.test(name) ? [size] : []));
const others = languages.reduce((sum, size) => sum + size, 0) - Math.max(...languages);
const all = [...sizes.values()].reduce((sum, size) => sum + size, -others);
console.log(
  `packages/widget/dist: widget.js ${first} bytes gzipped, at most ${widget.first}; all that a page can fetch ${all}, at most ${widget.all}`,
);
if (first > widget.first || all > widget.all) process.exitCode = 1;
