/** `node scripts/build-client.ts`: the SDK and the elements as one minified ES module each, with their sizes over the wire. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

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
