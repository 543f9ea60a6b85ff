import type { ClientMessageId } from "@parlance/protocol";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Messages"];

/** Writing, reading back, and how far somebody has read. */
export function messageRoutes({ app, callers, node, ids }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.post(
    "/rooms/:room/messages",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Write a message",
        description:
          "Answered after the commit. The same `Idempotency-Key` with the same text and data again answers with " +
          "the first place and `repeated: true`; with others it is a `conflict`. With `open` the message grows by appends until it is closed.",
        params: schemas.roomParams,
        headers: schemas.messageHeaders,
        body: schemas.newMessageBody,
        response: { 201: answers.published, 200: answers.published, default: answers.failure },
      },
    },
    async (request, reply) => {
      const given = request.headers["idempotency-key"];
      const published = await node.execute<"publish">(callers.of(request), {
        type: "publish",
        id: 0,
        room: request.params.room,
        client_message_id: given ?? (ids.event() as string as ClientMessageId),
        ...request.body,
      });
      return reply.code(published.repeated === true ? 200 : 201).send(published);
    },
  );

  app.get(
    "/rooms/:room/messages",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read a page of the log, oldest first",
        description:
          "All durable events, without holes. `before` and `after` exclude each other; neither means the " +
          "newest page.",
        params: schemas.roomParams,
        querystring: schemas.historyQuery,
        response: { 200: answers.historyPage, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"history">(callers.of(request), {
        type: "history",
        id: 0,
        room: request.params.room,
        ...request.query,
      }),
  );

  app.put(
    "/rooms/:room/read-mark",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Move the caller's read mark",
        params: schemas.roomParams,
        body: schemas.readMarkBody,
        response: { 200: answers.markedRead, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"mark_read">(callers.of(request), {
        type: "mark_read",
        id: 0,
        room: request.params.room,
        sequence: request.body.sequence,
      }),
  );
}
