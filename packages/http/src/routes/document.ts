import { readFileSync } from "node:fs";
import type { ApiInstance } from "./parts.ts";

const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

const files = [
  { path: "/api", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/api/reader.js", file: "reader.js", type: "text/javascript; charset=utf-8" },
  { path: "/api/reader.css", file: "reader.css", type: "text/css; charset=utf-8" },
] as const;

/** The API's own description, for programs (`/api/openapi.json`) and for people (`/api`). */
export function documentRoutes(app: ApiInstance): void {
  app.get("/api/openapi.json", { schema: { hide: true } }, async () => app.swagger());

  for (const { path, file, type } of files) {
    const body = readFileSync(new URL(`../page/${file}`, import.meta.url));
    app.get(path, { schema: { hide: true } }, async (_, reply) =>
      reply
        .headers({
          "content-type": type,
          "content-security-policy": pagePolicy,
          "cache-control": "no-cache",
        })
        .serializer((page: unknown) => page as string)
        .send(body),
    );
  }
}
