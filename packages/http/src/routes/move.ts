import { ProtocolError } from "@parlance/protocol";
import type { FastifyRequest } from "fastify";
import * as answers from "../answers.ts";
import type { MoveControl } from "../options.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Operations"];

/** Moving the install to another database. */
export function moveRoutes({ app, callers }: ApiParts, move: MoveControl): void {
  /* Security: a move sends everything that is stored to an address of the caller's choice, hashes of passwords included. So
   * an API key is not enough, whatever its scopes, nor an administrator's session: only whoever signs with the secret, and
   * could be anybody anyway. */
  const operator = {
    onRequest: async (request: FastifyRequest) => {
      await callers.authenticateOperator(request);
      const { key, session } = callers.of(request);
      if (key !== undefined || session !== undefined) throw new ProtocolError("not_found");
    },
  };

  app.get(
    "/admin/move",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "How far the move to another database is",
        response: { 200: answers.move, default: answers.failure },
      },
    },
    async () => move.view(),
  );

  app.post(
    "/admin/move",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Begin to move the install to another database",
        body: schemas.moveBody,
        response: { 200: answers.move, default: answers.failure },
      },
    },
    async (request) => {
      const { to, replace = false, only_node: onlyNode = false } = request.body;
      return move.begin({ to, replace, onlyNode });
    },
  );

  app.delete(
    "/admin/move",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Abandon the move",
        response: { 200: answers.move, default: answers.failure },
      },
    },
    async () => move.abandon(),
  );
}
