import {
  type ClientMessageId,
  choices,
  commandName,
  fields,
  type JsonObject,
  limits,
  type RoomId,
  replySchemas,
  type UserId,
} from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const voted: z.ZodType = replySchemas.vote.meta({ id: "Voted" });
const pollClosed: z.ZodType = replySchemas.close_poll.meta({ id: "PollClosed" });
const onlyYou: z.ZodType = replySchemas.tell_only_you.meta({ id: "OnlyYou" });
const slashCommand: z.ZodType = replySchemas.register_command.meta({ id: "SlashCommand" });
const commandList: z.ZodType = replySchemas.list_commands.meta({ id: "CommandList" });
const commandRun: z.ZodType = replySchemas.run_command.meta({ id: "CommandRun" });

interface VoteBody {
  choices: readonly number[];
}
const voteBody: z.ZodType<VoteBody> = z.object({ choices }).meta({ id: "Vote" });

interface OnlyYouBody {
  user: UserId;
  text: string;
  data?: JsonObject;
}
const onlyYouBody: z.ZodType<OnlyYouBody> = z
  .object({
    user: fields.userId,
    text: fields.messageText,
    data: fields.messageData.exactOptional(),
  })
  .meta({ id: "NewOnlyYou" });

interface CommandBody {
  description: string;
  usage?: string;
}
const commandBody: z.ZodType<CommandBody> = z
  .object({
    description: fields.line(limits.commandDescriptionLength),
    usage: fields.line(limits.commandDescriptionLength).exactOptional(),
  })
  .meta({ id: "NewCommand" });

interface RunBody {
  text: string;
}
const runBody: z.ZodType<RunBody> = z
  .object({ text: z.string().max(limits.commandTextLength) })
  .meta({ id: "CommandText" });

const nameParams: z.ZodType<{ name: string }> = z.object({ name: commandName });
const roomNameParams: z.ZodType<{ room: RoomId; name: string }> = z.object({
  room: fields.roomId,
  name: commandName,
});

/** Polls, slash commands, and what only one person sees. */
export function askingRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };
  const message = "/rooms/:room/messages/:message";
  const keyed = (key: string | undefined): { client_message_id?: ClientMessageId } =>
    key === undefined ? {} : { client_message_id: key as ClientMessageId };

  app.put(
    `${message}/vote`,
    {
      ...authenticated,
      schema: {
        tags: ["Polls"],
        security,
        summary: "Choose in a poll, instead of what was chosen before",
        description:
          "`choices` are places in the poll's options, from 0; an empty list takes the vote back.",
        params: schemas.messageParams,
        body: voteBody,
        response: { 200: voted, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"vote">(callers.of(request), {
        type: "vote",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
        choices: request.body.choices,
      }),
  );

  app.post(
    `${message}/close-poll`,
    {
      ...authenticated,
      schema: {
        tags: ["Polls"],
        security,
        summary: "End a poll",
        params: schemas.messageParams,
        response: { 200: pollClosed, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"close_poll">(callers.of(request), {
        type: "close_poll",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
      }),
  );

  app.post(
    "/rooms/:room/only-you",
    {
      ...authenticated,
      schema: {
        tags: ["Commands"],
        security,
        summary: "Tell one reader of a room something that nobody else sees",
        description:
          "For API keys with the scope `publish`. It is shown on that user's connections of the moment, and kept nowhere.",
        params: schemas.roomParams,
        body: onlyYouBody,
        response: { 200: onlyYou, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"tell_only_you">(callers.of(request), {
        type: "tell_only_you",
        id: 0,
        room: request.params.room,
        ...request.body,
      }),
  );

  app.get(
    "/rooms/:room/commands",
    {
      ...authenticated,
      schema: {
        tags: ["Commands"],
        security,
        summary: "Read the slash commands that applications offer in a room",
        params: schemas.roomParams,
        response: { 200: commandList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_commands">(callers.of(request), {
        type: "list_commands",
        id: 0,
        room: request.params.room,
      }),
  );

  app.post(
    "/rooms/:room/commands/:name",
    {
      ...authenticated,
      schema: {
        tags: ["Commands"],
        security,
        summary: "Give a slash command of an application",
        params: roomNameParams,
        headers: schemas.messageHeaders,
        body: runBody,
        response: { 200: commandRun, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"run_command">(callers.of(request), {
        type: "run_command",
        id: 0,
        ...request.params,
        text: request.body.text,
        ...keyed(request.headers["idempotency-key"]),
      }),
  );

  app.put(
    "/commands/:name",
    {
      ...authenticated,
      schema: {
        tags: ["Commands"],
        security,
        summary: "Offer a slash command to people, or describe it anew",
        description: "For API keys with the scope `publish`; the command is the key's own.",
        params: nameParams,
        body: commandBody,
        response: { 200: slashCommand, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"register_command">(callers.of(request), {
        type: "register_command",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );

  app.delete(
    "/commands/:name",
    {
      ...authenticated,
      schema: {
        tags: ["Commands"],
        security,
        summary: "Offer a slash command no longer",
        params: nameParams,
        response: { 204: z.null(), default: answers.failure },
      },
    },
    async (request, reply) => {
      const command = { type: "remove_command", id: 0, ...request.params } as const;
      await node.execute<"remove_command">(callers.of(request), command);
      return reply.code(204).send(null);
    },
  );
}
