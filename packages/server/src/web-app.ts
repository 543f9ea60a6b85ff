import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fastifyStatic from "@fastify/static";
import type { HttpReply, HttpServer } from "@parlance/http";
import { hasWebApp, type WebFiles } from "./web-files.ts";

/** Nothing inline, nothing from elsewhere. `ws:` is needed beside `'self'`, which not all browsers take to mean it. */
const pagePolicy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** Addresses that the app itself draws; everything else that is no file is not found. */
const pages = [
  "/",
  "/room/:room",
  "/room/:room/:sequence",
  "/room/:room/:sequence/thread",
  "/invite/:token",
  "/settings",
  "/admin",
] as const;

/**
 * Serves the web app, the SDK at `/client/parlance.js`, the custom elements at `/client/elements.js`, and the room for
 * other pages below `/client/widget/`.
 */
export async function serveWebApp(http: HttpServer, files: WebFiles): Promise<void> {
  serveModule(http, "/client/parlance.js", files.client);
  serveModule(http, "/client/elements.js", files.elements);
  const widget = existsSync(files.widget) ? readdirSync(files.widget) : [];
  for (const name of widget.filter((one) => one.endsWith(".js"))) {
    serveModule(http, `/client/widget/${name}`, join(files.widget, name));
  }
  await http.register(async (web) => {
    web.addHook("onRequest", async (_, reply) => {
      reply.header("content-security-policy", pagePolicy);
    });
    // `//x` and `..` are refused by the file server in ways of its own; they are just no files of ours.
    web.setErrorHandler((error: Error & { readonly statusCode?: number }, _, reply) => {
      if (error.statusCode === undefined || error.statusCode >= 500) throw error;
      reply.callNotFound();
    });
    if (!hasWebApp(files)) {
      web.get("/", async (_, reply) => sendPage(reply, notBuiltPage));
      return;
    }
    const index = readFileSync(join(files.app, "index.html"), "utf8");
    for (const page of pages) web.get(page, async (_, reply) => sendPage(reply, index));
    await web.register(fastifyStatic, {
      root: files.app,
      prefix: "/",
      index: false,
      decorateReply: false,
      cacheControl: false,
      // The build writes a `.br` and a `.gz` beside each file.
      preCompressed: true,
      setHeaders(reply, path) {
        // Vite puts the content's hash into the names of what is in `assets/`.
        const isHashed = path.includes("/assets/");
        const lifetime = isHashed ? "public, max-age=31536000, immutable" : "no-cache";
        reply.header("cache-control", lifetime);
      },
    });
  });
}

/** A module that other people's pages load. The address stays, so each use asks whether it is still the same one. */
function serveModule(http: HttpServer, address: string, path: string): void {
  if (!existsSync(path)) return;
  const body = readFileSync(path);
  const gzipped = gzipSync(body, { level: 9 });
  const tag = createHash("sha256").update(body).digest("base64url");
  http.get(address, async (request, reply) => {
    const isGzipped = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    const etag = isGzipped ? `"${tag}-gzip"` : `"${tag}"`;
    reply.headers({
      "cache-control": "no-cache",
      etag,
      vary: "accept-encoding",
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    });
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    if (isGzipped) reply.header("content-encoding", "gzip");
    return reply.type("text/javascript; charset=utf-8").send(isGzipped ? gzipped : body);
  });
}

function sendPage(reply: HttpReply, page: string): HttpReply {
  return reply
    .headers({ "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" })
    .send(page);
}

const notBuiltPage = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Parlance</title></head>
  <body>
    <h1>Parlance is running</h1>
    <p>The web app is not built. In the repository: <code>npm run build:web</code>, then start again.</p>
    <p>The API is described at <a href="/api">/api</a>.</p>
  </body>
</html>
`;
