import * as answers from "../answers.ts";
import * as roomSchemas from "../room-schemas.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Rooms"];

/** What is a person's own: preferences, what is unread, and who has read what. */
export function preferenceRoutes({ app, callers, node }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/me/preferences",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read all that the caller prefers",
        response: { 200: answers.allPreferences, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_preferences">(callers.of(request), {
        type: "get_preferences",
        id: 0,
      }),
  );

  app.patch(
    "/me/preferences",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Set what the caller prefers everywhere",
        body: roomSchemas.preferencesBody,
        response: { 200: answers.preferencesSet, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"set_preferences">(callers.of(request), {
        type: "set_preferences",
        id: 0,
        changes: request.body,
      }),
  );

  app.patch(
    "/rooms/:room/preferences",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Set how the caller wants to see one room",
        params: schemas.roomParams,
        body: roomSchemas.roomPreferencesBody,
        response: { 200: answers.roomPreferencesSet, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"set_room_preferences">(callers.of(request), {
        type: "set_room_preferences",
        id: 0,
        room: request.params.room,
        changes: request.body,
      }),
  );

  app.post(
    "/rooms/:room/unread",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Make everything from a place on unread again, for the caller alone",
        params: schemas.roomParams,
        body: roomSchemas.unreadBody,
        response: { 200: answers.markedRead, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"mark_unread">(callers.of(request), {
        type: "mark_unread",
        id: 0,
        ...request.params,
        ...request.body,
      }),
  );

  app.get(
    "/rooms/:room/messages/:message/seen-by",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List who has read a message, as far as they tell",
        params: schemas.messageParams,
        response: { 200: answers.seenBy, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"seen_by">(callers.of(request), {
        type: "seen_by",
        id: 0,
        room: request.params.room,
        message_id: request.params.message,
      }),
  );
}
