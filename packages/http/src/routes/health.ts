import * as answers from "../answers.ts";
import type { ApiParts } from "./parts.ts";

const tags = ["Health"];

/** For load balancers. Open to everybody, so nothing but states in one word. */
export function healthRoutes({ app, readiness }: Pick<ApiParts, "app" | "readiness">): void {
  app.get(
    "/health",
    { schema: { tags, summary: "Alive", response: { 200: answers.health } } },
    async (_, reply) => {
      reply.header("cache-control", "no-store");
      return { status: "ok" as const };
    },
  );

  app.get(
    "/ready",
    {
      schema: {
        tags,
        summary: "Fit to serve, and what is degraded",
        response: { 200: answers.readiness, 503: answers.readiness },
      },
    },
    async (_, reply) => {
      const state = await readiness();
      const isUsable = state.status === "ready" || state.status === "degraded";
      reply.header("cache-control", "no-store");
      return reply.code(isUsable ? 200 : 503).send(state);
    },
  );
}
