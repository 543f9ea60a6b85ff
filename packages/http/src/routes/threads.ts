import { fields, type RoomId, replySchemas, type Sequence } from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Threads"];

const threadPage: z.ZodType = replySchemas.list_thread.meta({ id: "ThreadPage" });
const threadList: z.ZodType = replySchemas.list_threads.meta({ id: "ThreadList" });
const threadStanding: z.ZodType = replySchemas.follow_thread.meta({ id: "ThreadStanding" });

interface ThreadsQuery {
  room?: RoomId;
  unread?: "true";
  before?: number;
  limit?: number;
}
const threadsQuery: z.ZodType<ThreadsQuery> = z.object({
  room: fields.roomId.exactOptional(),
  unread: z.literal("true").exactOptional(),
  before: schemas.queryNumber(fields.sequence).exactOptional(),
  limit: schemas.queryNumber(fields.threadLimit).exactOptional(),
});
const markBody: z.ZodType<{ sequence: Sequence }> = z
  .object({ sequence: fields.sequence })
  .meta({ id: "ThreadMark" });

/** What is written under messages. `:message` names the root or any message of its thread. */
export function threadRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };
  const thread = "/rooms/:room/messages/:message/thread";

  app.get(
    "/threads",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read the threads that the caller follows, the one written in last first",
        description:
          "Only those of rooms that the caller may read now. `next` of a page is `before` of the one that follows.",
        querystring: threadsQuery,
        response: { 200: threadList, default: answers.failure },
      },
    },
    (request) => {
      const { unread, ...query } = request.query;
      return node.execute<"list_threads">(callers.of(request), {
        type: "list_threads",
        id: 0,
        ...query,
        ...(unread === undefined ? {} : { unread: true }),
      });
    },
  );

  app.get(
    thread,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read a page of a thread, oldest first, with the caller's standing in it",
        params: schemas.messageParams,
        querystring: schemas.pageQuery,
        response: { 200: threadPage, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_thread">(callers.of(request), {
        type: "list_thread",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        ...request.query,
      }),
  );

  for (const method of ["PUT", "DELETE"] as const) {
    app.route({
      method,
      url: `${thread}/following`,
      ...authenticated,
      schema: {
        tags,
        security,
        summary: method === "PUT" ? "Follow a thread" : "Stop following a thread",
        params: schemas.messageParams,
        response: { 200: threadStanding, default: answers.failure },
      },
      handler: (request) =>
        node.execute<"follow_thread">(callers.of(request), {
          type: "follow_thread",
          id: 0,
          room: request.params.room,
          message_id: request.params.message,
          on: method === "PUT",
        }),
    });
  }

  app.put(
    `${thread}/read-mark`,
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Move the caller's private mark in a thread",
        params: schemas.messageParams,
        body: markBody,
        response: { 200: threadStanding, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"mark_thread_read">(callers.of(request), {
        type: "mark_thread_read",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        sequence: request.body.sequence,
      }),
  );
}
