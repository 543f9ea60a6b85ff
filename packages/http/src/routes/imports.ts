import { ProtocolError } from "@parlance/protocol";
import type { FastifyRequest } from "fastify";
import * as answers from "../answers.ts";
import type { Importer } from "../options.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

/** A batch: a thousand short messages. */
const importBytes = 2_097_152;

/** Taking in what was said elsewhere. */
export function importRoutes({ app, callers }: ApiParts, importer: Importer): void {
  /* Security: whoever imports writes in everybody's name, at any time. As with a move, only whoever signs with the secret. */
  const operator = {
    onRequest: async (request: FastifyRequest) => {
      await callers.authenticateOperator(request);
      const { key, session } = callers.of(request);
      if (key !== undefined || session !== undefined) throw new ProtocolError("not_found");
    },
  };

  app.post(
    "/admin/import",
    {
      ...operator,
      bodyLimit: importBytes,
      schema: {
        tags: ["Operations"],
        security,
        summary: "Import users, rooms and events",
        description:
          "Items of the export format, in order. Each has a result of its own; what was imported before is `repeated`. `dry_run` only looks at them.",
        body: schemas.importBody,
        response: { 200: answers.importResults, default: answers.failure },
      },
    },
    async (request) => {
      const { items, dry_run: isTrial = false } = request.body;
      return { results: await importer(items, isTrial) };
    },
  );
}
