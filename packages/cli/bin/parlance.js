#!/usr/bin/env node
/* Plain JavaScript for any Node from 18 on: what follows is TypeScript, which Node runs by itself from 22.18 on.
 * An older one hands over to the Node that `npm ci` installed beside this, or says what to do. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  keepCompiled();
  await import(bundled() ?? "../src/main.ts");
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      `Parlance needs Node 22.18 or newer; this is ${process.versions.node}. Install a newer one from ` +
        "https://nodejs.org, or run npm ci here, which brings one along on Linux.",
    );
    process.exitCode = 1;
  } else {
    handOver(node);
  }
}

/* Saves a third of the start from the second time on: threads read the variable when they begin. Not in the system's directory
 * for temporary files, where another user of the machine could lay out code for us; where ours cannot be written, nothing is kept. */
function keepCompiled() {
  const modules = join(dirname(fileURLToPath(import.meta.url)), "../../../node_modules");
  if (!existsSync(modules)) return;
  const { directory } = nodeModule.enableCompileCache?.(join(modules, ".cache/parlance")) ?? {};
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= join(modules, ".cache/parlance");
}

/* The same program as a few modules (scripts/build-server.ts), if each file that it was made of is as it was. */
function bundled() {
  const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
  const place = join(root, "node_modules/.cache/parlance-bundle");
  try {
    const { main, files } = JSON.parse(readFileSync(join(place, "list.json"), "utf8"));
    for (const [path, size, mtimeMs, ctimeMs] of files) {
      const now = statSync(`${root}/${path}`);
      /* A sealed list, that of an image, has whole seconds and no times of the entries. */
      const same =
        ctimeMs === undefined
          ? Math.floor(now.mtimeMs / 1_000) === mtimeMs
          : now.mtimeMs === mtimeMs && now.ctimeMs === ctimeMs;
      if (now.size !== size || !same) return undefined;
    }
    const path = join(place, main);
    return existsSync(path) ? pathToFileURL(path).href : undefined;
  } catch {
    return undefined;
  }
}

function pinnedNode() {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const node = join(folder, "node_modules", ".bin", "node");
    if (existsSync(node)) return node;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

/* The channel lets the other process notice when this one is killed, so that none is left behind. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
  child.on("error", (error) => {
    console.error(`${node} could not be started: ${error.message}`);
    process.exitCode = 1;
  });
}
