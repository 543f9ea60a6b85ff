import * as answers from "../answers.ts";
import * as roomSchemas from "../room-schemas.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Rooms"];

/** Direct rooms, what is set in rooms, roles. */
export function roomSettingRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.post(
    "/direct",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Give the direct room of the caller and 1-8 others, made where there is none",
        body: roomSchemas.directBody,
        response: { 200: answers.room, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"open_direct">(callers.of(request), {
        type: "open_direct",
        id: 0,
        ...request.body,
      }),
  );

  app.patch(
    "/rooms/:room",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Set a room's title, topic and how it behaves",
        description: "What is null goes back to its default; what is absent stays as it is.",
        headers: schemas.messageHeaders,
        params: schemas.roomParams,
        body: roomSchemas.roomChangesBody,
        response: { 200: answers.roomUpdated, default: answers.failure },
      },
    },
    (request) => {
      const key = request.headers["idempotency-key"];
      return node.execute<"update_room">(callers.of(request), {
        type: "update_room",
        id: 0,
        ...request.params,
        changes: request.body,
        ...(key === undefined ? {} : { client_message_id: key }),
      });
    },
  );

  app.put(
    "/rooms/:room/members/:user/role",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Give a member another role",
        params: schemas.memberParams,
        body: roomSchemas.roleBody,
        response: { 200: answers.membershipChanged, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"set_role">(callers.of(request), {
        type: "set_role",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );
}
