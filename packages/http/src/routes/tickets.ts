import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Streams"];

/** What clients get in with that cannot set a header. */
export function ticketRoutes({ app, callers, tickets }: ApiParts): void {
  app.post(
    "/tickets",
    {
      onRequest: callers.authenticate,
      schema: {
        tags,
        security,
        summary: "Get a connection ticket",
        description:
          "For the query of an event stream (`?ticket=…`) of exactly these rooms, or of a document of `y-websocket`. It has 60 seconds to be used for the " +
          "first time, is good again while its stream is open and five minutes longer, and ends with the session, key " +
          "or token that asked for it.",
        body: schemas.ticketBody,
        response: { 201: answers.ticket, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { room, rooms = room === undefined ? [] : [room] } = request.body;
      const { text, expiresAt } = tickets.issue(callers.of(request), rooms);
      return reply.code(201).send({ ticket: text, expires_at: new Date(expiresAt).toISOString() });
    },
  );
}
