import {
  fields,
  type ImportedOwn,
  limits,
  ProtocolError,
  type Sequence,
  type UserId,
} from "@parlance/protocol";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import * as answers from "../answers.ts";
import type { HttpOptions, Importer } from "../options.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const userParams: z.ZodType<{ user: UserId }> = z.object({ user: fields.userId });
const documentItems: z.ZodType = z
  .object({ items: z.array(z.unknown()) })
  .meta({ id: "ExportedDocument" });
const ownItems: z.ZodType = z.object({ items: z.array(z.unknown()) }).meta({ id: "ExportedOwn" });
const stateQuery: z.ZodType<{ before?: Sequence }, Record<string, string>> = z.object({
  before: schemas.queryNumber(fields.sequence).exactOptional(),
}) as never;
/** A batch: a thousand short messages, or one state of a large document as base64. */
const importBytes = 4 * Math.ceil(limits.documentBytes / 3) + 2_097_152;

/** Taking in what was said elsewhere. */
export function importRoutes(
  { app, callers }: ApiParts,
  importer: Importer,
  { exportOwn, exportDocumentState }: Pick<HttpOptions, "exportOwn" | "exportDocumentState">,
): void {
  /* Security: whoever imports writes in everybody's name, at any time, and what is people's own is for nobody else to read. As with a move, only whoever signs with the secret. */
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

  if (exportDocumentState !== undefined) {
    app.get(
      "/admin/rooms/:room/document-state",
      {
        ...operator,
        schema: {
          tags: ["Operations"],
          security,
          summary: "A kept state of a document, as a line of an export",
          description:
            "The newest one, or the newest before a sequence; no item where there is none.",
          params: schemas.roomParams,
          querystring: stateQuery,
          response: { 200: documentItems, default: answers.failure },
        },
      },
      async (request) => {
        const item = await exportDocumentState(request.params.room, request.query.before);
        return { items: item === undefined ? [] : [item] };
      },
    );
  }

  if (exportOwn === undefined) return;
  app.get(
    "/admin/users/:user/own",
    {
      ...operator,
      schema: {
        tags: ["Operations"],
        security,
        summary: "What is one person's own, as lines of an export",
        description:
          "Marks, preferences, drafts, scheduled and saved messages, threads, the profile and its picture, in the order in which an import takes them.",
        params: userParams,
        response: { 200: ownItems, default: answers.failure },
      },
    },
    async (request) => {
      const items: ImportedOwn[] = [];
      for await (const item of exportOwn(request.params.user)) items.push(item);
      return { items };
    },
  );
}
