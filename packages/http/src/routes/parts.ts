import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Callers } from "../caller.ts";
import type { HttpOptions } from "../options.ts";

/** Fastify with bodies, paths and queries typed by their schemas. */
export type ApiInstance = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What each file of routes is given. */
export interface ApiParts extends HttpOptions {
  readonly app: ApiInstance;
  readonly callers: Callers;
}

/** In the API's document: needs a bearer token. */
export const security: { readonly [name: string]: readonly string[] }[] = [{ bearer: [] }];
