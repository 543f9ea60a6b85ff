import type { FastifyInstance } from "fastify";
import type { HttpOptions } from "./options.ts";

/** Answers are data: nothing in them may run, be framed, or be taken for another type. */
const always: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

const allowedMethods = "GET, POST, PUT, PATCH, DELETE";
const exposedHeaders =
  "retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-policy";
const allowedHeaders = "authorization, content-type, idempotency-key";

/**
 * Security headers on every answer, and CORS for allowed origins only. Tokens travel in a header that no
 * page sends by itself, so a foreign page has nothing to forge with.
 */
export function addHeaders(
  app: FastifyInstance,
  options: Pick<HttpOptions, "allowsOrigin" | "publicUrl">,
): void {
  const isSecure = options.publicUrl.startsWith("https:");
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(always);
    reply.header("content-security-policy", dataPolicy);
    if (isSecure) reply.header("strict-transport-security", "max-age=31536000");
    if (!request.url.startsWith("/api/")) return;
    reply.header("cache-control", "no-store");
    reply.header("vary", "Origin, Authorization");
    const { origin } = request.headers;
    if (origin === undefined) return;
    if (!options.allowsOrigin(origin, request.socket.localAddress)) return;
    reply.header("access-control-allow-origin", origin);
    reply.header("cross-origin-resource-policy", "cross-origin");
    reply.header("access-control-expose-headers", exposedHeaders);
    if (request.method === "OPTIONS" && request.headers["access-control-request-method"]) {
      reply.header("access-control-allow-methods", allowedMethods);
      reply.header("access-control-allow-headers", allowedHeaders);
      reply.header("access-control-max-age", "600");
      await reply.code(204).send();
    }
  });
}
