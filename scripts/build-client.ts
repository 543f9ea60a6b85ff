/** `node scripts/build-client.ts`: the SDK as one minified ES module, with its size over the wire. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const home = resolve(import.meta.dirname, "../packages/client");
/** Bytes, gzipped. */
const maxSize = 10_240;

await build({
  root: home,
  configFile: false,
  logLevel: "warn",
  build: {
    target: "es2024",
    minify: true,
    // A library's blanks are kept otherwise.
    rolldownOptions: { output: { minify: true } },
    lib: { entry: join(home, "src/index.ts"), formats: ["es"], fileName: () => "parlance.js" },
  },
});

const size = gzipSync(readFileSync(join(home, "dist/parlance.js")), { level: 9 }).length;
console.log(`packages/client/dist/parlance.js: ${size} bytes gzipped, at most ${maxSize}`);
if (size > maxSize) process.exitCode = 1;
