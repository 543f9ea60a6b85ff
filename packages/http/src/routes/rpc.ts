import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Questions"];

/** Questions that the application behind the server answers. */
export function rpcRoutes({ app, callers, node }: ApiParts): void {
  app.post(
    "/rpc/:method",
    {
      onRequest: callers.authenticate,
      schema: {
        tags,
        security,
        summary: "Ask the application",
        description:
          "Hands `data` to the application behind the server, together with who asks, and answers with what it says. Where it " +
          "refuses, that is `rpc_failed` with its own words; where it is silent, `unavailable`, and what it did is not known.",
        params: schemas.rpcParams,
        body: schemas.rpcBody,
        response: { 200: answers.rpcAnswer, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"rpc">(callers.of(request), {
        type: "rpc",
        id: 0,
        method: request.params.method,
        ...request.body,
      }),
  );
}
