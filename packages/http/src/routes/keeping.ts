import { type ClientMessageId, fields, type RoomId, replySchemas } from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Messages"];

const versionList: z.ZodType = replySchemas.list_versions.meta({ id: "VersionList" });
const pinned: z.ZodType = replySchemas.pin_message.meta({ id: "Pinned" });
const pinList: z.ZodType = replySchemas.list_pins.meta({ id: "PinList" });
const savedMessage: z.ZodType = replySchemas.save_message.meta({ id: "SavedMessage" });
const savedList: z.ZodType = replySchemas.list_saved.meta({ id: "SavedList" });

interface ForwardBody {
  from_room: RoomId;
  message_id: string;
  thread?: string;
}
const forwardBody: z.ZodType<ForwardBody> = z
  .object({
    from_room: fields.roomId,
    message_id: fields.messageRef,
    thread: fields.messageRef.exactOptional(),
  })
  .meta({ id: "Forward" });

/** Earlier versions, pins, saved messages, and forwarding. */
export function keepingRoutes({ app, callers, node, ids }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };
  const message = "/rooms/:room/messages/:message";

  app.get(
    `${message}/versions`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read what a message said, from its first version on",
        params: schemas.messageParams,
        response: { 200: versionList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_versions">(callers.of(request), {
        type: "list_versions",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
      }),
  );

  app.get(
    "/rooms/:room/pins",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read a room's pinned messages, the one pinned last first",
        params: schemas.roomParams,
        response: { 200: pinList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_pins">(callers.of(request), {
        type: "list_pins",
        id: 0,
        room: request.params.room,
      }),
  );

  app.get(
    "/saved",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read the messages that the caller saved, the one saved last first",
        description: "`next` of a page is `before` of the one that follows.",
        querystring: schemas.pageQuery,
        response: { 200: savedList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_saved">(callers.of(request), {
        type: "list_saved",
        id: 0,
        ...request.query,
      }),
  );

  for (const method of ["PUT", "DELETE"] as const) {
    const on = method === "PUT";
    app.route({
      method,
      url: `${message}/pin`,
      ...authenticated,
      schema: {
        tags,
        security,
        summary: on ? "Pin a message to its room" : "Take a pin off",
        params: schemas.messageParams,
        headers: schemas.messageHeaders,
        response: { 200: pinned, default: answers.failure },
      },
      handler: (request) => {
        const key = request.headers["idempotency-key"];
        return node.execute<"pin_message">(callers.of(request), {
          type: "pin_message",
          id: 0,
          room: request.params.room,
          message_id: request.params.message,
          on,
          ...(key === undefined ? {} : { client_message_id: key }),
        });
      },
    });
    app.route({
      method,
      url: `${message}/saved`,
      ...authenticated,
      schema: {
        tags,
        security,
        summary: on ? "Save a message for the caller" : "Forget a saved message",
        params: schemas.messageParams,
        response: { 200: savedMessage, default: answers.failure },
      },
      handler: (request) =>
        node.execute<"save_message">(callers.of(request), {
          type: "save_message",
          id: 0,
          room: request.params.room,
          message_id: request.params.message,
          on,
        }),
    });
  }

  app.post(
    "/rooms/:room/forwards",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Write what another message says",
        description:
          "Answered as a message that is written. Where it is from is shown to those who may read it there.",
        params: schemas.roomParams,
        headers: schemas.messageHeaders,
        body: forwardBody,
        response: { 201: answers.published, 200: answers.published, default: answers.failure },
      },
    },
    async (request, reply) => {
      const given = request.headers["idempotency-key"];
      const published = await node.execute<"forward_message">(callers.of(request), {
        type: "forward_message",
        id: 0,
        room: request.params.room,
        client_message_id: given ?? (ids.event() as string as ClientMessageId),
        ...request.body,
      });
      return reply.code(published.repeated === true ? 200 : 201).send(published);
    },
  );
}
