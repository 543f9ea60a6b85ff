import type { ClientMessageId } from "@parlance/protocol";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Messages"];

/** Messages as they are now, and what changes them. `:message` is a message's id or its number. */
export function messageChangeRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/rooms/:room/message-list",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read a page of messages as they are now, oldest first",
        description:
          "Edits and reactions are folded in. The newest page, the nearest messages before the sequence `before` or after the sequence " +
          "`after`, those on both sides of the sequence `around`, or of the first event of the time `at` (ISO 8601) or later. One of them. " +
          "Those of threads are not among them unless `with_threads` is `true`.",
        params: schemas.roomParams,
        querystring: schemas.messageListQuery,
        response: { 200: answers.messageList, default: answers.failure },
      },
    },
    (request) => {
      const { with_threads: withThreads, ...query } = request.query;
      return node.execute<"list_messages">(callers.of(request), {
        type: "list_messages",
        id: 0,
        room: request.params.room,
        ...query,
        ...(withThreads === undefined ? {} : { with_threads: true }),
      });
    },
  );

  app.get(
    "/rooms/:room/stats",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Count a room's messages and their authors",
        params: schemas.roomParams,
        response: { 200: answers.roomStats, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"room_stats">(callers.of(request), {
        type: "room_stats",
        id: 0,
        room: request.params.room,
      }),
  );

  app.get(
    "/rooms/:room/messages/:message",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read one message as it is now",
        params: schemas.messageParams,
        response: { 200: answers.message, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_message">(callers.of(request), {
        type: "get_message",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
      }),
  );

  app.patch(
    "/rooms/:room/messages/:message",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Replace text and data of the caller's own message",
        params: schemas.messageParams,
        headers: schemas.messageHeaders,
        body: schemas.messageBody,
        response: { 200: answers.messageChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"edit_message">(callers.of(request), {
        type: "edit_message",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        ...request.body,
        ...repeatable(request.headers),
      }),
  );

  app.delete(
    "/rooms/:room/messages/:message",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Erase a message and all its versions",
        params: schemas.messageParams,
        headers: schemas.messageHeaders,
        response: { 200: answers.messageChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"delete_message">(callers.of(request), {
        type: "delete_message",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        ...repeatable(request.headers),
      }),
  );

  for (const method of ["PUT", "DELETE"] as const) {
    app.route({
      method,
      url: "/rooms/:room/messages/:message/reactions/:emoji",
      ...authenticated,
      schema: {
        tags,
        security,
        summary: method === "PUT" ? "React to a message" : "Take a reaction off",
        params: schemas.reactionParams,
        headers: schemas.messageHeaders,
        response: { 200: answers.reacted, default: answers.failure },
      },
      handler: (request) =>
        node.execute<"react">(callers.of(request), {
          type: "react",
          id: 0,
          room: request.params.room,
          message_id: request.params.message,
          emoji: request.params.emoji,
          on: method === "PUT",
          ...repeatable(request.headers),
        }),
    });
  }
}

function repeatable(headers: schemas.MessageHeaders): { client_message_id?: ClientMessageId } {
  const key = headers["idempotency-key"];
  return key === undefined ? {} : { client_message_id: key };
}
