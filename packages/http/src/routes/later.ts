import {
  type ClientMessageId,
  fields,
  type JsonObject,
  type MentionWish,
  mentionWish,
  type PollWish,
  pollWish,
  type RoomId,
  replySchemas,
} from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Drafts"];

const draft: z.ZodType = replySchemas.save_draft.meta({ id: "Draft" });
const draftList: z.ZodType = replySchemas.list_drafts.meta({ id: "DraftList" });
const scheduled: z.ZodType = replySchemas.schedule_message.meta({ id: "ScheduledMessage" });
const scheduledList: z.ZodType = replySchemas.list_scheduled.meta({ id: "ScheduledList" });

interface DraftBody {
  text: string;
  thread?: string;
  reply_to?: string;
  edited_at?: string;
}
const draftBody: z.ZodType<DraftBody> = z
  .object({
    text: fields.openText,
    thread: fields.messageRef.exactOptional(),
    reply_to: fields.messageRef.exactOptional(),
    edited_at: fields.moment.exactOptional(),
  })
  .meta({ id: "NewDraft" });

interface ScheduleBody {
  room: RoomId;
  at: string;
  text: string;
  data?: JsonObject;
  thread?: string;
  reply_to?: string;
  poll?: PollWish;
  mentions?: MentionWish;
}
const scheduleBody: z.ZodType<ScheduleBody> = z
  .object({
    room: fields.roomId,
    at: fields.moment,
    text: fields.messageText,
    data: fields.messageData.exactOptional(),
    thread: fields.messageRef.exactOptional(),
    reply_to: fields.messageRef.exactOptional(),
    poll: pollWish.exactOptional(),
    mentions: mentionWish.exactOptional(),
  })
  .meta({ id: "NewScheduledMessage" });

const keyParams: z.ZodType<{ key: ClientMessageId }> = z.object({ key: fields.clientMessageId });

/** What somebody has not sent yet. */
export function laterRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/drafts",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read the caller's drafts, the newest first",
        response: { 200: draftList, default: answers.failure },
      },
    },
    (request) => node.execute<"list_drafts">(callers.of(request), { type: "list_drafts", id: 0 }),
  );

  app.put(
    "/rooms/:room/draft",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Keep what the caller is writing in a room, or in a thread of it",
        description:
          "The newest by `edited_at` wins; the answer is what is kept now. An empty text is none.",
        params: schemas.roomParams,
        body: draftBody,
        response: { 200: draft, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"save_draft">(callers.of(request), {
        type: "save_draft",
        id: 0,
        room: request.params.room,
        ...request.body,
      }),
  );

  app.get(
    "/scheduled",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read what the caller has waiting to be sent, the next first",
        response: { 200: scheduledList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_scheduled">(callers.of(request), { type: "list_scheduled", id: 0 }),
  );

  app.put(
    "/scheduled/:key",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Have a message sent at a time, or change it before",
        description: "`:key` is chosen by the caller and is the message's client message id.",
        params: keyParams,
        body: scheduleBody,
        response: { 200: scheduled, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"schedule_message">(callers.of(request), {
        type: "schedule_message",
        id: 0,
        client_message_id: request.params.key,
        ...request.body,
      }),
  );

  app.delete(
    "/scheduled/:key",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Take back what was not sent yet",
        params: keyParams,
        response: { 200: scheduled, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"cancel_scheduled">(callers.of(request), {
        type: "cancel_scheduled",
        id: 0,
        client_message_id: request.params.key,
      }),
  );
}
