import { type Identity, wireUser } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Accounts"];

/** Signing up, in and out, and who the caller is. */
export function accountRoutes(parts: ApiParts): void {
  const { app, accounts, callers } = parts;
  const authenticated = { onRequest: callers.authenticate };

  app.post(
    "/accounts",
    {
      schema: {
        tags,
        summary: "Sign up",
        body: schemas.signUpBody,
        response: { 201: answers.signedIn, default: answers.failure },
      },
    },
    async (request, reply) => {
      if (!parts.signUpAllowed) throw new ProtocolError("forbidden", { reason: "no sign-up here" });
      const { device_id: device, ...account } = request.body;
      await accounts.createAccount({ ...account, address: request.ip });
      const { username, password } = account;
      const identity = await accounts.signIn({
        username,
        password,
        ...(device === undefined ? {} : { device }),
      });
      return reply.code(201).send(signedIn(identity));
    },
  );

  app.post(
    "/sessions",
    {
      schema: {
        tags,
        summary: "Sign in",
        body: schemas.signInBody,
        response: { 201: answers.signedIn, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { device_id: device, ...login } = request.body;
      const identity = await accounts.signIn({
        ...login,
        address: request.ip,
        ...(device === undefined ? {} : { device }),
      });
      return reply.code(201).send(signedIn(identity));
    },
  );

  app.post(
    "/guests",
    {
      schema: {
        tags,
        summary: "Come in as a guest",
        body: schemas.guestBody,
        response: { 201: answers.signedIn, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { device_id: device, name } = request.body;
      const identity = await accounts.guest({
        name,
        address: request.ip,
        ...(device === undefined ? {} : { device }),
      });
      return reply.code(201).send(signedIn(identity));
    },
  );

  app.delete(
    "/sessions/current",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Sign out",
        response: { 204: answers.nothing, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { session } = callers.of(request);
      // A JWT or a key has no session that could end here.
      if (session === undefined) throw new ProtocolError("not_found");
      await accounts.signOut(session);
      return reply.code(204).send();
    },
  );

  app.get(
    "/me",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Who the caller is",
        response: { 200: answers.me, default: answers.failure },
      },
    },
    async (request) => {
      const identity = callers.of(request);
      return {
        user: wireUser(identity),
        ...(identity.session === undefined ? {} : { session_id: identity.session }),
        ...(identity.scopes === undefined ? {} : { scopes: identity.scopes }),
        ...(identity.expiresAt === undefined ? {} : { expires_at: isoTime(identity.expiresAt) }),
      };
    },
  );

  app.put(
    "/me/password",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Change the password; ends all other sessions",
        body: schemas.passwordBody,
        response: { 204: answers.nothing, default: answers.failure },
      },
    },
    async (request, reply) => {
      const identity = callers.of(request);
      await accounts.changePassword(identity, request.body);
      return reply.code(204).send();
    },
  );
}

function signedIn(identity: Identity): object {
  return {
    user: wireUser(identity),
    token: identity.issuedToken,
    session_id: identity.session,
    expires_at: isoTime(identity.expiresAt ?? 0),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
