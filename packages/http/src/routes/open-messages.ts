import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Messages"];

/** Messages that grow: what comes after `POST /rooms/:room/messages` with `open`. */
export function openMessageRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.post(
    "/rooms/:room/messages/:message/append",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Append to one's own open message",
        description:
          "Answered once it is stored, with the `length` that is. `at` counts UTF-16 code units; text before what is there " +
          "already is a repeat and harmless, `at` beyond it is a `conflict` whose details say the `length` that is stored.",
        params: schemas.messageParams,
        body: schemas.appendBody,
        response: { 200: answers.textAppended, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"append_text">(callers.of(request), {
        type: "append_text",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        ...request.body,
      }),
  );

  app.post(
    "/rooms/:room/messages/:message/close",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Close one's own open message",
        description:
          "With a `length` that is not the stored one it is a `conflict` and stays open. Repeating is harmless.",
        params: schemas.messageParams,
        body: schemas.closeBody,
        response: { 200: answers.messageChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"close_message">(callers.of(request), {
        type: "close_message",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        ...request.body,
      }),
  );

  app.post(
    "/rooms/:room/messages/:message/cancel",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "End an open message before it is done",
        description: "Its text so far stays. For its writer, and whom the room's kind lets.",
        params: schemas.messageParams,
        response: { 200: answers.messageChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"cancel_message">(callers.of(request), {
        type: "cancel_message",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
      }),
  );

  app.get(
    "/rooms/:room/messages/:message/text",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read a message's text from a position on",
        description:
          "At most 65,536 UTF-16 code units; the rest is asked for from where it ends. Of an open message, what is stored.",
        params: schemas.messageParams,
        querystring: schemas.textQuery,
        response: { 200: answers.textPage, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_text">(callers.of(request), {
        type: "get_text",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        from: request.query.from ?? 0,
      }),
  );
}
