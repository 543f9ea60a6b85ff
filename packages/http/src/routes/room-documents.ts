import {
  type ClientMessageId,
  fields,
  limits,
  type RoomId,
  replySchemas,
  type Sequence,
} from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const synced: z.ZodType = replySchemas.sync_document.meta({ id: "DocumentSynced" });
const updated: z.ZodType = replySchemas.update_document.meta({ id: "DocumentUpdated" });
const versionList: z.ZodType = replySchemas.list_document_versions.meta({ id: "DocumentVersions" });
const named: z.ZodType = replySchemas.name_document_version.meta({ id: "DocumentVersionNamed" });
const versionText: z.ZodType = replySchemas.get_document_version.meta({ id: "DocumentVersion" });

/** A full update as base64, with some room for the rest of the body. */
const updateBodyBytes = 4 * Math.ceil(limits.documentUpdateBytes / 3) + 4_096;

interface UpdateBody {
  update: string;
  client_message_id?: ClientMessageId;
}
const updateBody: z.ZodType<UpdateBody> = z
  .object({
    update: fields.base64(limits.documentUpdateBytes),
    client_message_id: fields.clientMessageId.exactOptional(),
  })
  .meta({ id: "NewDocumentUpdate" });

const nameBody: z.ZodType<{ name: string }> = z
  .object({ name: fields.roomTitle })
  .meta({ id: "NewDocumentVersion" });

/** In a query `+` is a blank, so what stands there is written with `-` and `_`, padding or not. */
const vectorQuery: z.ZodType<{ state_vector?: string }> = z.object({
  state_vector: z
    .string()
    .max(1_500)
    .regex(/^[A-Za-z0-9_-]*={0,2}$/)
    .exactOptional(),
});

const versionsQuery: z.ZodType<
  { before?: Sequence; limit?: number },
  Record<string, string>
> = z.object({
  before: schemas.queryNumber(fields.sequence).exactOptional(),
  limit: schemas.queryNumber(z.int().min(1).max(limits.pageVersions)).exactOptional(),
}) as never;

const versionParams: z.ZodType<{ room: RoomId; version: Sequence }> = z.object({
  room: fields.roomId,
  version: schemas.queryNumber(fields.sequence),
}) as never;

/** Base64 as commands take it, of the kind for addresses. */
function vectorOf(text: string | undefined): { state_vector?: string } {
  if (text === undefined) return {};
  return { state_vector: Buffer.from(text, "base64url").toString("base64") };
}

/** What people write together: what a reader lacks, updates, and versions. */
export function roomDocumentRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };
  const tags = ["Documents"];
  const base = "/rooms/:room/document";

  app.get(
    base,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read what one lacks of a document",
        description:
          "`state_vector` is base64url: what one has. Without it all of the document is told, as one update of Yjs in base64.",
        params: schemas.roomParams,
        querystring: vectorQuery,
        response: { 200: synced, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"sync_document">(callers.of(request), {
        type: "sync_document",
        id: 0,
        room: request.params.room,
        ...vectorOf(request.query.state_vector),
      }),
  );

  app.get(
    `${base}/state`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Load a document as bytes",
        description: "One update of Yjs, first encoding, as it is.",
        params: schemas.roomParams,
        querystring: vectorQuery,
        response: { default: answers.failure },
      },
    },
    async (request, reply) => {
      const { update, sequence } = await node.execute<"sync_document">(callers.of(request), {
        type: "sync_document",
        id: 0,
        room: request.params.room,
        ...vectorOf(request.query.state_vector),
      });
      return reply
        .headers({
          "content-type": "application/octet-stream",
          "content-disposition": "attachment",
          "parlance-sequence": String(sequence),
        })
        .send(Buffer.from(update, "base64"));
    },
  );

  app.post(
    `${base}/updates`,
    {
      ...authenticated,
      bodyLimit: updateBodyBytes,
      schema: {
        tags,
        security,
        summary: "Write to a document",
        description:
          "`update` is one of Yjs, first encoding, in base64. What it adds is in the log when this is answered; one that adds nothing is `repeated`.",
        params: schemas.roomParams,
        body: updateBody,
        response: { 200: updated, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"update_document">(callers.of(request), {
        type: "update_document",
        id: 0,
        room: request.params.room,
        ...request.body,
      }),
  );

  app.get(
    `${base}/versions`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List what a document said, newest first",
        params: schemas.roomParams,
        querystring: versionsQuery,
        response: { 200: versionList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_document_versions">(callers.of(request), {
        type: "list_document_versions",
        id: 0,
        room: request.params.room,
        ...request.query,
      }),
  );

  app.post(
    `${base}/versions`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Keep what a document says now, under a name",
        params: schemas.roomParams,
        body: nameBody,
        response: { 200: named, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"name_document_version">(callers.of(request), {
        type: "name_document_version",
        id: 0,
        room: request.params.room,
        ...request.body,
      }),
  );

  app.get(
    `${base}/versions/:version`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read what a version of a document says",
        params: versionParams,
        response: { 200: versionText, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_document_version">(callers.of(request), {
        type: "get_document_version",
        id: 0,
        ...request.params,
      }),
  );

  app.post(
    `${base}/versions/:version/restore`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Make a document say what a version says",
        params: versionParams,
        response: { 200: updated, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"restore_document">(callers.of(request), {
        type: "restore_document",
        id: 0,
        ...request.params,
      }),
  );
}
