import * as answers from "../answers.ts";
import * as roomSchemas from "../room-schemas.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Rooms"];

/** How people come to rooms and are kept out of them. */
export function entranceRoutes(parts: ApiParts): void {
  banRoutes(parts);
  inviteRoutes(parts);
  joiningRoutes(parts);
}

/** Who is kept out. */
function banRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/rooms/:room/bans",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List who is banned from a room",
        params: schemas.roomParams,
        response: { 200: answers.banList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_bans">(callers.of(request), {
        type: "list_bans",
        id: 0,
        ...request.params,
      }),
  );

  app.put(
    "/rooms/:room/bans/:user",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Ban somebody from a room",
        params: schemas.memberParams,
        body: roomSchemas.banBody,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"ban_member">(callers.of(request), {
        type: "ban_member",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );

  app.delete(
    "/rooms/:room/bans/:user",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Let somebody come back who was banned",
        params: schemas.memberParams,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"unban_member">(callers.of(request), {
        type: "unban_member",
        id: 0,
        ...request.params,
      }),
  );
}

/** Links that let people in. What opens them is never in an address, since those are written down. */
function inviteRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.post(
    "/rooms/:room/invites",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Make a link that lets people in",
        params: schemas.roomParams,
        body: roomSchemas.inviteBody,
        response: { 201: answers.inviteMade, default: answers.failure },
      },
    },
    async (request, reply) => {
      const made = await node.execute<"create_invite">(callers.of(request), {
        type: "create_invite",
        id: 0,
        ...request.params,
        ...request.body,
      });
      return reply.code(201).send(made);
    },
  );

  app.get(
    "/rooms/:room/invites",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List the links of a room that are good",
        params: schemas.roomParams,
        response: { 200: answers.inviteList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_invites">(callers.of(request), {
        type: "list_invites",
        id: 0,
        ...request.params,
      }),
  );

  app.delete(
    "/rooms/:room/invites/:invite",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Make a link useless",
        params: roomSchemas.inviteParams,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"revoke_invite">(callers.of(request), {
        type: "revoke_invite",
        id: 0,
        room: request.params.room,
        invite_id: request.params.invite,
      }),
  );

  app.post(
    "/invites/preview",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Tell what a link leads to",
        body: roomSchemas.inviteTokenBody,
        response: { 200: answers.invitePreview, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_invite">(callers.of(request), {
        type: "get_invite",
        id: 0,
        ...request.body,
      }),
  );

  app.post(
    "/invites/accept",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Become a member by a link",
        body: roomSchemas.inviteTokenBody,
        response: { 200: answers.room, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"accept_invite">(callers.of(request), {
        type: "accept_invite",
        id: 0,
        ...request.body,
      }),
  );
}

/** Finding rooms and asking to be let in. */
function joiningRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/directory",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Find rooms by the beginnings of words",
        querystring: roomSchemas.directoryQuery,
        response: { 200: answers.directoryPage, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_directory">(callers.of(request), {
        type: "list_directory",
        id: 0,
        ...request.query,
      }),
  );

  app.post(
    "/rooms/:room/join-requests",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Ask to be let into a private room that is listed",
        params: schemas.roomParams,
        body: roomSchemas.joinRequestBody,
        response: { 200: answers.joinAsked, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"ask_to_join">(callers.of(request), {
        type: "ask_to_join",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );

  app.get(
    "/rooms/:room/join-requests",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List who waits to be let in",
        params: schemas.roomParams,
        response: { 200: answers.joinRequestList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_join_requests">(callers.of(request), {
        type: "list_join_requests",
        id: 0,
        ...request.params,
      }),
  );

  app.put(
    "/rooms/:room/join-requests/:user",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Let somebody in who asked, or do not",
        params: schemas.memberParams,
        body: roomSchemas.joinAnswerBody,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"answer_join_request">(callers.of(request), {
        type: "answer_join_request",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );
}
