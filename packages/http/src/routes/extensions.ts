import { fields, type Json } from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import type { ExtensionRoute } from "../options.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Plug-ins"];

/** Commands of plug-ins: `POST /x/<plugin>/<command>`, with the command's data as the body. */
export function extensionRoutes(
  { app, callers, node }: ApiParts,
  routes: readonly ExtensionRoute[],
): void {
  for (const { plugin, command, summary, data, answer } of routes) {
    app.post(
      `/x/${plugin}/${command}`,
      {
        onRequest: callers.authenticate,
        schema: {
          tags,
          security,
          summary,
          // The plug-in checks it; what is here describes it.
          body: bodyOf(data),
          response: { 200: z.unknown().meta({ ...answer }), default: answers.failure },
        },
      },
      async (request, reply) => {
        const asked = { type: "rpc", id: 0, method: `${plugin}.${command}` } as const;
        const result = await node.execute<"rpc">(callers.of(request), {
          ...asked,
          data: request.body,
        });
        // Any JSON, texts and null included.
        return reply
          .type("application/json; charset=utf-8")
          .serializer((text: unknown) => text as string)
          .send(JSON.stringify(result.data));
      },
    );
  }
}

function bodyOf(schema: ExtensionRoute["data"]): z.ZodType<Json> {
  return fields.rpcData.meta({ ...schema }) as z.ZodType<Json>;
}
