/**
 * `node scripts/build-server.ts`: the command line and the server as a few modules below `node_modules/.cache/parlance-bundle`,
 * from which `packages/cli/bin/parlance.js` starts in half the time: what costs is to find, read and link 1400 modules.
 *
 * It is a cache. `list.json` has size and times of every file that went into it; where one of them differs now, or there is no
 * bundle, the command starts from the sources. Where the bundler is absent (`npm ci --omit=dev`), none is made.
 *
 * `--seal` makes none, but notes the files of the one that is there once more, by size and second of change only: an image keeps
 * these, while each of its layers gives the entries new times.
 */
import { randomUUID } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Rolldown from "rolldown";

const root = resolve(import.meta.dirname, "..");
const place = join(root, "node_modules/.cache/parlance-bundle");
/** How long an older bundle stays for a process that was started from it, in milliseconds. */
const keptMs = 24 * 60 * 60_000;
/** Modules with machine code are found where they are installed; the others are optional and not there. */
const external = [/^node:(?!http$)/, /^@node-rs\//, "bufferutil", "utf-8-validate"];
/** The first module of a thread or process of ours. */
const started = /new URL\("\.\/((?:[a-z]+-thread|worker)\.ts)", import\.meta\.url\)/g;

/** Paths beside a module stay those of its source; what is started becomes a module of the bundle. */
const places: Rolldown.Plugin = {
  name: "places",
  transform(code, id) {
    if (!/import\.meta|__dirname|__filename/.test(code) || !id.startsWith(root)) return null;
    return code
      .replaceAll(started, (_, file: string) => {
        const name = `${basename(file, ".ts")}.mjs`;
        this.emitFile({ type: "chunk", id: join(dirname(id), file), fileName: name });
        return `new URL("./${name}", import.meta["url"])`;
      })
      .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
      .replaceAll(/(?:\bimport\.meta\.dir|\b__dir)name\b/g, JSON.stringify(dirname(id)))
      .replaceAll(/(?:\bimport\.meta\.file|\b__file)name\b/g, JSON.stringify(id));
  },
};

/**
 * An import of `node:http` by an ES module reads all its exports, and three of them load Node's whole HTTP client (undici, with
 * HTTP/2), which few starts need. Asked for this way, only what is used is read.
 */
const lazyHttp: Rolldown.Plugin = {
  name: "lazy-http",
  resolveId: (id) => (id === "node:http" ? "\0http" : null),
  load: (id) =>
    id === "\0http" ? 'module.exports = process.getBuiltinModule("node:http");' : null,
};

const bundler = process.argv.includes("--seal") ? "seal" : await loadBundler();
if (bundler === "seal") {
  seal();
} else if (bundler === undefined) {
  console.log("no bundle: the bundler is not installed; the server starts from its sources");
} else {
  await build(bundler);
}

async function loadBundler(): Promise<typeof Rolldown | undefined> {
  return existsSync(join(root, "node_modules/rolldown")) ? import("rolldown") : undefined;
}

async function build({ rolldown }: typeof Rolldown): Promise<void> {
  const folder = randomUUID();
  mkdirSync(join(place, folder), { recursive: true });
  const bundle = await rolldown({
    cwd: root,
    platform: "node",
    input: { main: "packages/cli/src/main.ts" },
    external,
    plugins: [lazyHttp, places],
    logLevel: "silent",
  });
  const { output } = await bundle.write({
    dir: join(place, folder),
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    // Blanks and comments only: what is read at each start gets smaller, and errors still name functions.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    comments: false,
  });
  await bundle.close();
  const modules = output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
  const files = new Set([
    ...modules.map((id) => id.replace(/\?.*$/, "")).filter((id) => id.startsWith(root)),
    ...globSync("packages/*/package.json", { cwd: root }).map((path) => join(root, path)),
    join(root, "node_modules/.package-lock.json"),
    import.meta.filename,
  ]);
  const list = {
    main: `${folder}/main.mjs`,
    files: [...files].filter((path) => existsSync(path)).map(described),
  };
  // In one step: who starts meanwhile sees the one before or this one.
  const text = join(place, `${folder}.json`);
  writeFileSync(text, JSON.stringify(list));
  renameSync(text, join(place, "list.json"));
  removeOld(folder);
  const bytes = output.reduce(
    (sum, part) => sum + (part.type === "chunk" ? part.code.length : 0),
    0,
  );
  console.log(
    `the server as ${output.length} modules of ${list.files.length} files, ${(bytes / 1e6).toFixed(1)} MB`,
  );
}

/** As `parlance.js` compares it. The time of the last change of its entry is there since nobody can set it back. */
function described(path: string): readonly [string, number, number, number] {
  const { size, mtimeMs, ctimeMs } = statSync(path);
  return [relative(root, path), size, mtimeMs, ctimeMs];
}

/** Of other people's packages some went with the tools (`npm prune`): those that are asked for if they are there. */
function seal(): void {
  const list = join(place, "list.json");
  const { main, files } = JSON.parse(readFileSync(list, "utf8")) as {
    readonly main: string;
    readonly files: readonly (readonly [string, ...unknown[]])[];
  };
  const left = files.filter(
    ([file]) => !file.startsWith("node_modules/") || existsSync(join(root, file)),
  );
  const sealed = left.map(([file]) => {
    const path = join(root, file);
    const { size, mtimeMs, atime } = statSync(path);
    const seconds = Math.floor(mtimeMs / 1_000);
    // Those who pack the layers round as they like.
    utimesSync(path, atime, seconds);
    return [file, size, seconds];
  });
  writeFileSync(list, JSON.stringify({ main, files: sealed }));
  console.log(`the bundle is sealed: ${sealed.length} files`);
}

function removeOld(current: string): void {
  for (const name of readdirSync(place)) {
    const path = join(place, name);
    if (name === current || name === "list.json") continue;
    if (Date.now() - statSync(path).mtimeMs > keptMs) rmSync(path, { recursive: true });
  }
}
