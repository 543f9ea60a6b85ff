import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Rooms"];

/** Rooms and who belongs to them. */
export function roomRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/rooms",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List the caller's rooms and those to discover",
        response: { 200: answers.roomList, default: answers.failure },
      },
    },
    (request) => node.execute<"list_rooms">(callers.of(request), { type: "list_rooms", id: 0 }),
  );

  app.post(
    "/rooms",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Make a room",
        body: schemas.createRoomBody,
        response: { 201: answers.room, default: answers.failure },
      },
    },
    async (request, reply) => {
      const room = await node.execute<"create_room">(callers.of(request), {
        type: "create_room",
        id: 0,
        ...request.body,
      });
      return reply.code(201).send(room);
    },
  );

  app.get(
    "/rooms/:room",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Look at one room",
        params: schemas.roomParams,
        response: { 200: answers.room, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_room">(callers.of(request), {
        type: "get_room",
        id: 0,
        room: request.params.room,
      }),
  );

  app.get(
    "/rooms/:room/members",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List the members of a room",
        params: schemas.roomParams,
        response: { 200: answers.memberList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_members">(callers.of(request), {
        type: "list_members",
        id: 0,
        room: request.params.room,
      }),
  );

  app.put(
    "/rooms/:room/members/:user",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Bring somebody in, or change a role",
        params: schemas.memberParams,
        body: schemas.memberBody,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"add_member">(callers.of(request), {
        type: "add_member",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );

  app.delete(
    "/rooms/:room/members/:user",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Put somebody out",
        params: schemas.memberParams,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"remove_member">(callers.of(request), {
        type: "remove_member",
        id: 0,
        ...request.params,
      }),
  );

  for (const type of ["join", "leave"] as const) {
    app.post(
      `/rooms/:room/${type}`,
      {
        ...authenticated,
        schema: {
          tags,
          security,
          summary: type === "join" ? "Become a member" : "Stop being a member",
          params: schemas.roomParams,
          response: { 200: answers.membershipChanged, default: answers.failure },
        },
      },
      (request) => node.execute(callers.of(request), { type, id: 0, room: request.params.room }),
    );
  }
}
