import type { Node, RateView } from "@parlance/core";
import type { Callers } from "./caller.ts";
import type { ApiInstance } from "./routes/parts.ts";

/**
 * What is left of the narrowest of a caller's rates, as many clients know it (draft-ietf-httpapi-ratelimit-headers-03): tokens of
 * the whole bucket, tokens left, and seconds until it is full again.
 */
export function rateHeaders(view: RateView | undefined): Readonly<Record<string, string>> {
  if (view === undefined) return {};
  const { burst, perSecond, remaining } = view;
  return {
    "ratelimit-limit": `${burst}`,
    "ratelimit-remaining": `${remaining}`,
    "ratelimit-reset": `${Math.ceil((burst - remaining) / perSecond)}`,
    "ratelimit-policy": `${burst};w=${Math.ceil(burst / perSecond)}`,
  };
}

/** On every answer to somebody who is limited, refused or not: of reads where the request reads, else of writes. */
export function addRateHeaders(app: ApiInstance, callers: Callers, node: Pick<Node, "rate">): void {
  app.addHook("onSend", async (request, reply) => {
    const identity = callers.known(request);
    if (identity === undefined) return;
    reply.headers(rateHeaders(node.rate(identity, request.method === "GET" ? "reads" : "writes")));
  });
}
