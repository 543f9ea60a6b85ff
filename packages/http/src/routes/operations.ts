import type { KeyRecord, UserRecord } from "@parlance/core";
import { ProtocolError, type UserId } from "@parlance/protocol";
import type { FastifyRequest } from "fastify";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Operations"];

/** For operators: keys and tokens with the scope `admin`. To everybody else these paths are `not_found`. */
export function operationRoutes(parts: ApiParts): void {
  const { app, callers, keys, users, accounts, clock } = parts;
  const operator = { onRequest: callers.authenticateOperator };

  app.get(
    "/admin/nodes",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "The nodes that serve this install",
        description:
          "Those that said so in the last 17 seconds, the one that started first at the beginning.",
        response: { 200: answers.nodeList, default: answers.failure },
      },
    },
    async () => ({
      nodes: (await parts.nodes()).map(({ startedAt, heardMs, ...facts }) => ({
        ...facts,
        started_at: new Date(startedAt).toISOString(),
        heard_ms: heardMs,
      })),
    }),
  );

  app.get(
    "/admin/users",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "List users in the order of their numbers",
        querystring: schemas.userListQuery,
        response: { 200: answers.userList, default: answers.failure },
      },
    },
    async (request) => {
      const { after = 0, limit = usersOfPage } = request.query;
      const found = await users.users(after, limit);
      const last = found.length === limit ? found.at(-1) : undefined;
      return {
        users: found.map(userView),
        ...(last === undefined ? {} : { next: last.number }),
      };
    },
  );

  app.post(
    "/admin/users",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Make an account",
        body: schemas.signUpBody,
        response: { 201: answers.account, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { device_id: _, ...account } = request.body;
      const { id, name, kind, number } = await accounts.createAccount(account);
      return reply.code(201).send({ user: { id, name, kind, number } });
    },
  );

  for (const action of ["disable", "enable"] as const) {
    app.post(
      `/admin/users/:user/${action}`,
      {
        ...operator,
        schema: {
          tags,
          security,
          summary: action === "disable" ? "Disable a user; ends its sessions" : "Enable a user",
          description: "By the user's id, or an account's name. The reason is for the log.",
          params: schemas.userParams,
          body: schemas.reasonBody,
          response: { 204: answers.nothing, default: answers.failure },
        },
      },
      async (request, reply) => {
        const { user: named } = request.params;
        const user = (await users.user(named)) ?? (await users.userByUsername(named));
        if (user === undefined) throw new ProtocolError("not_found");
        await users.setDisabled(user.id, action === "disable", clock.now());
        const { reason } = request.body ?? {};
        const by = callers.of(request).user;
        const fields = { user_id: user.id, by, ...(reason === undefined ? {} : { reason }) };
        if (action === "disable") parts.report("info", "user_disabled", fields);
        else parts.report("info", "user_enabled", fields);
        return reply.code(204).send();
      },
    );
  }

  const setAdmin = async (
    request: FastifyRequest,
    ref: UserId,
    isAdmin: boolean,
  ): Promise<void> => {
    // By its id or its user name.
    const user = (await users.user(ref)) ?? (await users.userByUsername(ref));
    // Nobody else signs in here, so nobody else's session could be one.
    if (user?.kind !== "account") throw new ProtocolError("not_found");
    await users.setAdmin(user.id, isAdmin, clock.now());
    const fields = { user_id: user.id, by: callers.of(request).user, admin: isAdmin };
    parts.report("info", "admin_changed", fields);
  };
  app.put(
    "/admin/users/:user/admin",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Make an administrator of an account, by its id or user name",
        params: schemas.userParams,
        response: { 204: answers.nothing, default: answers.failure },
      },
    },
    async (request, reply) => {
      await setAdmin(request, request.params.user, true);
      return reply.code(204).send();
    },
  );
  app.delete(
    "/admin/users/:user/admin",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Make an account an administrator no longer; on every node within two seconds",
        params: schemas.userParams,
        response: { 204: answers.nothing, default: answers.failure },
      },
    },
    async (request, reply) => {
      await setAdmin(request, request.params.user, false);
      return reply.code(204).send();
    },
  );

  app.get(
    "/admin/keys",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "List API keys",
        response: { 200: answers.keyList, default: answers.failure },
      },
    },
    async () => ({ keys: (await keys.listKeys()).map(keyView) }),
  );

  app.post(
    "/admin/keys",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Make an API key; its token is told once",
        description:
          "`rooms`: names or patterns with `*` of the rooms that it is for, reading too; absent: all. `bot`: the user " +
          "`service:<name>` is a bot with this display name. Neither goes with the scope `admin`.",
        body: schemas.keyBody,
        response: { 201: answers.newKey, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { record, token } = await keys.createKey(request.body);
      return reply.code(201).send({ key: keyView(record), token });
    },
  );

  app.delete(
    "/admin/keys/:id",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Revoke an API key; closes what is connected by it",
        params: schemas.keyParams,
        response: { 204: answers.nothing, default: answers.failure },
      },
    },
    async (request, reply) => {
      if (!(await keys.revokeKey(request.params.id))) throw new ProtocolError("not_found");
      return reply.code(204).send();
    },
  );
}

/** Where the request does not say. */
const usersOfPage = 100;

function userView({ createdAt, isAdmin, ...user }: UserRecord): object {
  return { ...user, admin: isAdmin === true, created_at: new Date(createdAt).toISOString() };
}

/** A key as operators see it. */
export function keyView({ createdAt, id, name, scopes, rooms, bot, revoked }: KeyRecord): object {
  return {
    id,
    name,
    scopes,
    ...(rooms === undefined ? {} : { rooms }),
    ...(bot === undefined ? {} : { bot }),
    created_at: new Date(createdAt).toISOString(),
    revoked,
  };
}
