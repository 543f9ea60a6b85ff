/** Mounts Pusher's HTTP API: signatures are checked here, over the bytes that came. */
import { type Clock, type Identity, type Report, StorageError } from "@parlance/core";
import { type PusherDoors, pusherRoutes } from "@parlance/dialects/pusher";
import type { HttpReply, HttpRequest, HttpServer } from "@parlance/http";
import { type SignedApp, verifySignedRequest } from "@parlance/identity";
import { errorRow, ProtocolError } from "@parlance/protocol";
import type { Config } from "./config/schema.ts";

/** The application that an install speaks Pusher with. */
export interface PusherApp extends SignedApp {
  readonly id: string;
}

export interface PusherHttpParts {
  readonly app: PusherApp;
  readonly node: PusherDoors["node"];
  readonly clock: Pick<Clock, "now">;
  readonly report: Report;
}

/** Undefined where the dialect is off. */
export function pusherAppOf(config: Config): PusherApp | undefined {
  const { pusher_app_id: id, pusher_key: key, pusher_secret: secret } = config;
  if (id === undefined || key === undefined || secret === undefined) return undefined;
  return { id, key, secret };
}

/** A batch of ten events of 10 KiB, each character escaped twice. */
const bodyBytes = 1_048_576;
/** The back end: whoever has the application's secret. It may publish in every room and read who is where, as an API key with these scopes. */
const service = "service:pusher";
const scopes = ["publish", "read"] as const;

/** To be called before the HTTP server is ready. */
export function mountPusherHttp(http: HttpServer, parts: PusherHttpParts): void {
  const { app, clock, report } = parts;

  const verify = (request: HttpRequest): string => {
    const { method, url } = request.raw;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const signed = { method: method ?? "", url: url ?? "", body };
    const signature = verifySignedRequest(app, signed, clock.now());
    if ((request.params as Record<string, string>)["app"] !== app.id) {
      throw new ProtocolError("not_found", undefined, { text: "There is no such application." });
    }
    return signature;
  };

  const identityFrom = (address: string): Identity => ({
    user: service as Identity["user"],
    name: "pusher",
    kind: "service",
    principal: service as Identity["principal"],
    scopes,
    cameBy: { dialect: "pusher", address },
  });

  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: bodyBytes }, (_, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error, _, reply) => refuse(error, reply, report));
    for (const { method, path, handle } of pusherRoutes(parts)) {
      scope.route<{ Params: Record<string, string> }>({
        method,
        url: `/apps/:app${path}`,
        async handler(request, reply) {
          const signature = verify(request);
          const answer = await handle({
            identity: identityFrom(request.ip),
            signature,
            params: request.params,
            query: request.query as Record<string, string | undefined>,
            body: method === "POST" ? readJson(request.body) : undefined,
          });
          return reply.header("cache-control", "no-store").send(answer);
        },
      });
    }
  });
}

function readJson(body: unknown): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body as Buffer);
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProtocolError("bad_request", undefined, { text: "The body must be JSON in UTF-8." });
  }
}

/** As Pusher: a status, and what is wrong as plain text. */
function refuse(error: unknown, reply: HttpReply, report: Report): void {
  const { code, message, details } = toProtocolError(error);
  if (code === "internal") report("error", "pusher_request_failed", { error });
  const waitMs = details?.["retry_after_ms"];
  if (typeof waitMs === "number") {
    void reply.header("retry-after", Math.max(1, Math.ceil(waitMs / 1_000)));
  }
  const field = details?.["field"];
  void reply
    .code(errorRow(code).http)
    .header("cache-control", "no-store")
    .type("text/plain; charset=utf-8")
    .send(typeof field === "string" ? `${message} It is about ${field}.` : message);
}

function toProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (error instanceof StorageError) return new ProtocolError("unavailable");
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 413) return new ProtocolError("too_large");
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new ProtocolError("bad_request");
  }
  return new ProtocolError("internal");
}
