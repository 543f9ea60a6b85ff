import { fields, type RoomId, replySchemas } from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const mentionList: z.ZodType = replySchemas.list_mentions.meta({ id: "MentionList" });

interface MentionsQuery {
  room?: RoomId;
  before?: number;
  limit?: number;
}
const mentionsQuery: z.ZodType<MentionsQuery> = z.object({
  room: fields.roomId.exactOptional(),
  before: schemas.queryNumber(fields.sequence).exactOptional(),
  limit: schemas.queryNumber(fields.pageLimit).exactOptional(),
});

/** Where somebody was mentioned. */
export function mentionRoutes({ app, callers, node }: ApiParts): void {
  app.get(
    "/mentions",
    {
      onRequest: callers.authenticate,
      schema: {
        tags: ["Messages"],
        security,
        summary: "Read messages that mention the caller, the newest first",
        description:
          "Only those of rooms that the caller may read now. `next` of a page is `before` of the one that follows.",
        querystring: mentionsQuery,
        response: { 200: mentionList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_mentions">(callers.of(request), {
        type: "list_mentions",
        id: 0,
        ...request.query,
      }),
  );
}
