import type { Authenticator, Identity } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import type { FastifyRequest } from "fastify";

/**
 * The only place where a request says who acts: its bearer token. Cookies, queries, bodies and `X-User-…` headers
 * say nothing. It runs before anything of the request is read, so a stranger cannot make the server parse much.
 */
export interface Callers {
  /** @throws ProtocolError as `Authenticator`, and `unauthenticated` without a bearer token. */
  authenticate(request: FastifyRequest): Promise<void>;
  /**
   * An operator: a key or token with the scope `admin`, or the session of an administrator.
   *
   * @throws ProtocolError `not_found` for everybody else, who need not know what is here.
   */
  authenticateOperator(request: FastifyRequest): Promise<void>;
  /** The identity of a request that was authenticated. */
  of(request: FastifyRequest): Identity;
  /** The same, where it was. */
  known(request: FastifyRequest): Identity | undefined;
}

export function createCallers(authenticator: Authenticator): Callers {
  const identities = new WeakMap<FastifyRequest, Identity>();

  async function identify(request: FastifyRequest): Promise<Identity> {
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) throw new ProtocolError("unauthenticated");
    const address = request.ip;
    const found = await authenticator.authenticate({ token, address });
    const identity: Identity = { ...found, cameBy: { dialect: "rest", address } };
    identities.set(request, identity);
    return identity;
  }

  return {
    async authenticate(request) {
      await identify(request);
    },
    async authenticateOperator(request) {
      const identity = await identify(request);
      const isOperator = identity.scopes?.includes("admin") === true || identity.isAdmin === true;
      if (!isOperator) throw new ProtocolError("not_found");
    },
    known: (request) => identities.get(request),
    of(request) {
      const identity = identities.get(request);
      if (identity === undefined) throw new Error("a route without authentication asks who calls");
      return identity;
    },
  };
}
