import { Readable } from "node:stream";
import { type ByteRange, type FileStore, harmlessMediaType } from "@parlance/core";
import { type FileView, ProtocolError, replySchemas } from "@parlance/protocol";
import type { FastifyReply } from "fastify";
import type { z } from "zod";
import * as answers from "../answers.ts";
import { attachment } from "../attachment.ts";
import { rangeOf } from "../range.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Files"];

const fileDeleted: z.ZodType = replySchemas.delete_file.meta({ id: "FileDeleted" });

/*
 * Security: what people send is theirs, and a browser must never run it as ours. It is saved instead of shown, its type
 * is not guessed, and were it shown all the same it would be in a sandbox without scripts and an origin of its own.
 */
const fileHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "private, no-store",
  "accept-ranges": "bytes",
};

/** Shared files: those of a room, and the bytes of one. */
export function fileRoutes({ app, callers, node }: ApiParts, store: FileStore): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/rooms/:room/files",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List the files of a room, newest first",
        params: schemas.roomParams,
        querystring: schemas.fileListQuery,
        response: { 200: answers.fileList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_files">(callers.of(request), {
        type: "list_files",
        id: 0,
        room: request.params.room,
        ...request.query,
      }),
  );

  app.delete(
    "/rooms/:room/files/:file",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Remove a file: its owner, or who looks after the room",
        description: "The bytes go, and the message of the file says no more what it was.",
        params: schemas.roomFileParams,
        response: { 200: fileDeleted, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"delete_file">(callers.of(request), {
        type: "delete_file",
        id: 0,
        room: request.params.room,
        file_id: request.params.file,
      }),
  );

  app.get(
    "/files/:file",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Download a file",
        description:
          "To whoever may read its room at that moment; to others it is as if it were not there. Always an " +
          "attachment. One range of bytes may be asked for.",
        params: schemas.fileParams,
        response: {
          200: answers.fileContent,
          206: answers.fileContent,
          default: answers.failure,
        },
      },
    },
    async (request, reply) => {
      const { file } = request.params;
      const view = await node.execute<"get_file">(callers.of(request), {
        type: "get_file",
        id: 0,
        file_id: file,
      });
      reply.headers(fileHeaders).header("etag", etagOf(view));
      const { range, "if-range": condition } = request.headers;
      // RFC 9110 §13.1.5: with another condition than this file's, the range does not count.
      const isSame = condition === undefined || condition === etagOf(view);
      const part = isSame ? rangeOf(range, view.bytes) : undefined;
      if (part === "unsatisfiable") return refuseRange(reply, view.bytes);
      return send(reply, view, await open(store, view, part), part);
    },
  );
}

function etagOf(view: FileView): string {
  return `"${view.sha256}"`;
}

async function open(
  store: FileStore,
  view: FileView,
  range: ByteRange | undefined,
): Promise<Readable> {
  const content = await store.read(view.file_id, range);
  if (content === undefined) throw new ProtocolError("not_found");
  const stream = Readable.from(content.stream, { objectMode: false });
  // Also where the peer has gone before anything was read.
  stream.once("close", () => content.close());
  return stream;
}

function send(
  reply: FastifyReply,
  view: FileView,
  stream: Readable,
  range: ByteRange | undefined,
): FastifyReply {
  const { first, last } = range ?? { first: 0, last: view.bytes - 1 };
  if (range !== undefined) {
    reply.code(206).header("content-range", `bytes ${first}-${last}/${view.bytes}`);
  }
  return reply
    .header("content-type", harmlessMediaType(view.media_type))
    .header("content-disposition", attachment(view.name))
    .header("content-length", last - first + 1)
    .send(stream);
}

/** RFC 9110 §15.5.17: tells the size, so that the client can ask for what there is. */
function refuseRange(reply: FastifyReply, bytes: number): FastifyReply {
  const error = new ProtocolError("bad_request", { field: "range", limit: bytes });
  return reply
    .code(416)
    .header("content-range", `bytes */${bytes}`)
    .send({ error: error.toWire() });
}
