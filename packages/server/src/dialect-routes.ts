/** Mounts the HTTP routes that belong to dialects: the Symfony chat's REST, and MMB's `/broadcast`. */
import { randomBytes } from "node:crypto";
import type { Accounts, Authenticator, Clock, Identity, Ids, Node } from "@parlance/core";
import { broadcast, type MmbOptions } from "@parlance/dialects/mmb";
import {
  type RestRequest,
  type RestRoute,
  type SymfonyDoors,
  symfonyRoutes,
} from "@parlance/dialects/symfony-chat";
import { isForwarded, isLoopback } from "@parlance/gateway";
import { type HttpReply, type HttpRequest, type HttpServer, rateHeaders } from "@parlance/http";
import {
  type ClientMessageId,
  type PresenceState,
  ProtocolError,
  type UserId,
} from "@parlance/protocol";
import { isLoopbackHost } from "./config/safety.ts";
import type { DialectName } from "./config/types.ts";

/** What the routes work with. */
export interface DialectRouteParts {
  readonly node: Pick<Node, "execute" | "spend" | "rate" | "connections" | "stateHere">;
  readonly accounts: Accounts;
  readonly authenticator: Authenticator;
  readonly users: SymfonyDoors["users"];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly mmb: MmbOptions;
  readonly signUpAllowed: boolean;
  /** Whether the Symfony chat takes ids that are merely claimed: from this machine, or from everybody. */
  readonly symfonyTrust: "loopback" | "everybody" | undefined;
}

/** To be called before the HTTP server is ready. */
export function mountDialectRoutes(http: HttpServer, parts: DialectRouteParts): void {
  const { node, ids, authenticator } = parts;
  const newMessageId = (): ClientMessageId => ids.event() as string as ClientMessageId;

  const identify = async (
    request: HttpRequest,
    dialect: DialectName,
  ): Promise<Identity | undefined> => {
    const { authorization } = request.headers;
    if (authorization === undefined) return undefined;
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    if (token === undefined) throw new ProtocolError("unauthenticated");
    const address = request.ip;
    const identity = await authenticator.authenticate({ token, address });
    return { ...identity, cameBy: { dialect, address } };
  };

  /** Done or refused, the answer tells what is left of the caller's rate. */
  const toldRate = async <T>(
    identity: Identity | undefined,
    { method }: HttpRequest,
    reply: HttpReply,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await work();
    } finally {
      const cost = method === "GET" ? "reads" : "writes";
      if (identity !== undefined) reply.headers(rateHeaders(node.rate(identity, cost)));
    }
  };

  const mount = ({ method, path, handle }: RestRoute): void => {
    http.route({
      method,
      url: path,
      async handler(request, reply) {
        const identity = await identify(request, "symfony-chat");
        const answer = await toldRate(identity, request, reply, () =>
          handle({
            identity,
            isTrusted: isTrusted(request, parts.symfonyTrust),
            params: request.params as RestRequest["params"],
            query: request.query as RestRequest["query"],
            body: request.body,
            address: request.ip,
          }),
        );
        return reply.code(answer.status).send(answer.body);
      },
    });
  };

  for (const route of symfonyRoutes({
    node,
    accounts: parts.accounts,
    authenticator,
    users: parts.users,
    signUpAllowed: parts.signUpAllowed,
    stateOf: whoIsThere(node, parts.clock),
    newMessageId,
    newPassword: () => randomBytes(24).toString("base64url"),
    now: parts.clock.now,
  })) {
    mount(route);
  }

  http.post("/broadcast", async (request, reply) => {
    const identity = await identify(request, "mmb");
    if (identity === undefined) throw new ProtocolError("unauthenticated");
    const key = request.headers["idempotency-key"];
    const doors = { node, newMessageId, options: parts.mmb };
    const published = await toldRate(identity, request, reply, () =>
      broadcast(doors, identity, request.body, typeof key === "string" ? key : undefined),
    );
    return reply.code(published.repeated === true ? 200 : 201).send(published);
  });
}

/** How long a look at all connections serves: a list of a thousand users asks a thousand times. */
const shownMs = 250;

/** Whether a user has a connection and may be seen, or a page of nobody's wrote last under its name. */
function whoIsThere(
  node: Pick<Node, "connections" | "stateHere">,
  clock: Clock,
): (user: UserId) => PresenceState {
  let shown: ReadonlySet<string> = new Set();
  let lookedAt = Number.NEGATIVE_INFINITY;
  return (user) => {
    const state = node.stateHere(user);
    if (state !== "offline") return state;
    if (clock.monotonic() - lookedAt > shownMs) {
      shown = new Set(node.connections().map((view) => view.shown_as ?? ""));
      lookedAt = clock.monotonic();
    }
    return shown.has(user) ? "active" : "offline";
  };
}

/*
 * Security: on a developer's machine nobody has to show who it is. Without these looks any page that the developer
 * visits could use that: by a name that leads to this machine (DNS rebinding shows in Host), or as a page of another
 * origin (browsers name it).
 */
function isTrusted(request: HttpRequest, trust: DialectRouteParts["symfonyTrust"]): boolean {
  if (trust === undefined) return false;
  if (trust === "everybody") return true;
  const { host = "", origin } = request.headers;
  if (!isLoopback(request.ip) || isForwarded(request)) return false;
  if (!isLoopbackHost(hostName(`http://${host}`))) return false;
  return origin === undefined || (origin !== "null" && isLoopbackHost(hostName(origin)));
}

function hostName(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}
