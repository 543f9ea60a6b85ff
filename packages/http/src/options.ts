import type {
  Accounts,
  ApiKeys,
  Authenticator,
  Clock,
  FileStore,
  Ids,
  Node,
  Report,
  Tickets,
  UserAdmin,
} from "@parlance/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Fastify's instance, for whoever adds pages to it. */
export type HttpServer = FastifyInstance;
export type HttpReply = FastifyReply;
export type HttpRequest = FastifyRequest;

export interface HttpOptions {
  readonly node: Pick<Node, "execute" | "connections" | "counts">;
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly users: UserAdmin;
  /** Bytes of shared files; without it there are no routes for them. */
  readonly files?: FileStore;
  readonly tickets: Pick<Tickets, "issue">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly report: Report;
  /** Asked at each `GET /ready`. */
  readonly readiness: () => Promise<Readiness>;
  readonly signUpAllowed: boolean;
  readonly guestsAllowed: boolean;
  /** Origins (scheme, host and port, exactly) whose pages may read answers. Others get no CORS header. */
  readonly origins: readonly string[];
  /** Addresses or networks in CIDR form whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Address of the install as people see it; the only one that is ever printed in an answer. */
  readonly publicUrl: string;
  readonly version: string;
}

/** What `GET /ready` tells: states in one word, never an address, a path or a message of a driver. */
export interface Readiness {
  readonly status: "ready" | "degraded" | "draining" | "unavailable";
  readonly components: Readonly<Record<string, "ok" | "degraded" | "down">>;
}
