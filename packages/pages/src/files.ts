import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One file and where it is served. */
export interface ServedFile {
  /** Path of its address. */
  readonly path: string;
  /** Below `static/`. */
  readonly file: string;
  readonly kind: "page" | "script" | "style";
  /** Loaded by pages of other origins too. */
  readonly isForOthers: boolean;
}

const ours = { isForOthers: false } as const;

/** Everything but `/mmb/client.js`, which is made for the install by `mmbClientScript`. */
export const files: readonly ServedFile[] = [
  { path: "/portico/client.js", file: "portico/client.js", kind: "script", isForOthers: true },
  // Where PorticoEstate's own pages look for it.
  {
    path: "/src/WebSocket/client.js",
    file: "portico/client.js",
    kind: "script",
    isForOthers: true,
  },
  { path: "/chatlogger", file: "chatlogger/index.html", kind: "page", ...ours },
  { path: "/websocket-test", file: "websocket-test/index.html", kind: "page", ...ours },
  {
    path: "/websocket-test/websocket-test.css",
    file: "websocket-test/websocket-test.css",
    kind: "style",
    ...ours,
  },
  {
    path: "/websocket-test/websocket-test.js",
    file: "websocket-test/websocket-test.js",
    kind: "script",
    ...ours,
  },
  { path: "/playground", file: "playground/index.html", kind: "page", ...ours },
  { path: "/playground/playground.css", file: "playground/playground.css", kind: "style", ...ours },
  { path: "/playground/playground.js", file: "playground/playground.js", kind: "script", ...ours },
  { path: "/playground/code.js", file: "playground/code.js", kind: "script", ...ours },
  {
    path: "/playground/connections.js",
    file: "playground/connections.js",
    kind: "script",
    ...ours,
  },
  { path: "/playground/dialects.js", file: "playground/dialects.js", kind: "script", ...ours },
  { path: "/playground/yjs.js", file: "playground/yjs.js", kind: "script", ...ours },
  { path: "/pages/frames.js", file: "pages/frames.js", kind: "script", ...ours },
  { path: "/pages/theme.js", file: "pages/theme.js", kind: "script", ...ours },
  { path: "/pages/tokens.css", file: "pages/tokens.css", kind: "style", ...ours },
  { path: "/pages/page.css", file: "pages/page.css", kind: "style", ...ours },
];

/**
 * The text of a file below `static/`.
 *
 * @throws Error of the file system if the install is not whole.
 */
export function readServed(file: string): string {
  return readFileSync(join(import.meta.dirname, "../static", file), "utf8");
}
