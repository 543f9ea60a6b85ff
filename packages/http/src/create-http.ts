import swagger from "@fastify/swagger";
import fastify from "fastify";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { createCallers } from "./caller.ts";
import { answerUnknownRoutes, sendFailure } from "./failures.ts";
import { addHeaders } from "./headers.ts";
import { acceptJsonOnly, bodyBytes, parseQuery } from "./input.ts";
import type { HttpOptions, HttpServer } from "./options.ts";
import { addRateHeaders } from "./rate-headers.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { askingRoutes } from "./routes/asking.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { documentRoutes } from "./routes/document.ts";
import { entranceRoutes } from "./routes/entrances.ts";
import { extensionRoutes } from "./routes/extensions.ts";
import { fileRoutes } from "./routes/files.ts";
import { healthRoutes } from "./routes/health.ts";
import { importRoutes } from "./routes/imports.ts";
import { keepingRoutes } from "./routes/keeping.ts";
import { laterRoutes } from "./routes/later.ts";
import { mentionRoutes } from "./routes/mentions.ts";
import { messageChangeRoutes } from "./routes/message-changes.ts";
import { messageRoutes } from "./routes/messages.ts";
import { moveRoutes } from "./routes/move.ts";
import { openMessageRoutes } from "./routes/open-messages.ts";
import { operationRoutes } from "./routes/operations.ts";
import { overviewRoutes } from "./routes/overview.ts";
import type { ApiInstance, ApiParts } from "./routes/parts.ts";
import { preferenceRoutes } from "./routes/preferences.ts";
import { profileRoutes } from "./routes/profiles.ts";
import { publishRoutes } from "./routes/publish.ts";
import { roomDocumentRoutes } from "./routes/room-documents.ts";
import { roomListRoutes } from "./routes/room-list.ts";
import { roomSettingRoutes } from "./routes/room-settings.ts";
import { roomRoutes } from "./routes/rooms.ts";
import { rpcRoutes } from "./routes/rpc.ts";
import { searchRoutes } from "./routes/search.ts";
import { threadRoutes } from "./routes/threads.ts";
import { ticketRoutes } from "./routes/tickets.ts";
import { webhookRoutes } from "./routes/webhooks.ts";

/**
 * The REST API. More routes (pages, files) may be added before `ready()`; then its `routing` is a listener for an
 * HTTP server's requests. It does not listen by itself. `close()` at the end.
 */
export async function createHttp(options: HttpOptions): Promise<HttpServer> {
  const { report, trustedProxies } = options;
  const app: ApiInstance = fastify({
    bodyLimit: bodyBytes,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    routerOptions: { maxParamLength: 512, querystringParser: (query) => ({ query }) },
    frameworkErrors: (error, request, reply) => sendFailure(error, request, reply, report),
    genReqId: () => options.ids.connection(),
    return503OnClosing: false,
    exposeHeadRoutes: false,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  // Answers are written by us and tested against their schemas; checking each again would only cost time.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => sendFailure(error, request, reply, report));
  answerUnknownRoutes(app, report);
  addHeaders(app, options);
  const callers = createCallers(options.authenticator);
  addRateHeaders(app, callers, options.node);
  acceptJsonOnly(app);
  readQueries(app);
  options.prepare?.(app as unknown as HttpServer);
  const { answered } = options;
  if (answered !== undefined) {
    app.addHook("onResponse", (request, reply, done) => {
      answered(request.method, reply.statusCode, reply.elapsedTime);
      done();
    });
  }

  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Parlance", version: options.version, description: intro },
      servers: [{ url: options.publicUrl }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
    // Pages and files are no part of the API.
    hideUntagged: true,
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(
    async (api) => {
      const typed = api.withTypeProvider<ZodTypeProvider>();
      const parts: ApiParts = { ...options, app: typed, callers };
      accountRoutes(parts);
      roomRoutes(parts);
      roomSettingRoutes(parts);
      entranceRoutes(parts);
      preferenceRoutes(parts);
      profileRoutes(parts);
      messageRoutes(parts);
      messageChangeRoutes(parts);
      threadRoutes(parts);
      mentionRoutes(parts);
      keepingRoutes(parts);
      askingRoutes(parts);
      roomDocumentRoutes(parts);
      laterRoutes(parts);
      searchRoutes(parts);
      openMessageRoutes(parts);
      publishRoutes(parts);
      rpcRoutes(parts);
      if (options.extensions !== undefined) extensionRoutes(parts, options.extensions);
      ticketRoutes(parts);
      operationRoutes(parts);
      overviewRoutes(parts);
      connectionRoutes(parts);
      roomListRoutes(parts);
      if (options.move !== undefined) moveRoutes(parts, options.move);
      if (options.importer !== undefined) {
        importRoutes(parts, options.importer, options);
      }
      if (options.webhooks !== undefined) webhookRoutes(parts, options.webhooks);
      if (options.files !== undefined) fileRoutes(parts, options.files);
    },
    { prefix: "/api/v1" },
  );
  await app.register(
    async (api) => {
      const typed = api.withTypeProvider<ZodTypeProvider>();
      publishRoutes({ ...options, app: typed, callers }, true);
    },
    { prefix: "/api" },
  );
  await app.register(async (api) => {
    const typed = api.withTypeProvider<ZodTypeProvider>();
    healthRoutes({ app: typed, readiness: options.readiness });
    documentRoutes(typed);
  });
  return app as unknown as HttpServer;
}

const intro =
  "Every request but those that sign in carries `Authorization: Bearer <token>`: the token of a session, an " +
  "API key, or a JWT of a configured issuer. Failures have one shape; `code` is stable. Above a rate the answer is 429 with " +
  "`Retry-After`; who is limited is told by `RateLimit-Limit`, `-Remaining`, `-Reset` and `-Policy`.";

/** Fastify's parser may not throw, so it only hands the text over and the reading is done here. */
function readQueries(app: ApiInstance): void {
  app.addHook("onRequest", async (request) => {
    const raw = (request.query as { query?: string }).query ?? "";
    request.query = parseQuery(raw);
  });
}
