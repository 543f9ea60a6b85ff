/** Every failed answer has one shape, `{error: {code, retry, text, details?}}`, from the one error table. */
import { type Report, StorageError } from "@parlance/core";
import { type ErrorDetails, errorRow, ProtocolError, type WireError } from "@parlance/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

export interface FailureBody {
  readonly error: WireError;
}

/** Makes `reply` the answer for an error of any origin. Bugs are reported, and told as `internal` only. */
export function sendFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  report: Report,
): void {
  const failure = toProtocolError(error);
  if (failure.code === "internal" || failure.code === "unavailable") {
    reportFailure(error, request, report, failure.code);
  }
  const row = errorRow(failure.code);
  const retryAfterMs = failure.details?.["retry_after_ms"];
  if (typeof retryAfterMs === "number") {
    void reply.header("retry-after", Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  }
  if (row.http === 401) void reply.header("www-authenticate", "Bearer");
  const body: FailureBody = { error: failure.toWire() };
  void reply
    .code(row.http)
    .header("cache-control", "no-store")
    .type("application/json; charset=utf-8")
    .serializer(JSON.stringify)
    .send(body);
}

function toProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (error instanceof StorageError) {
    return new ProtocolError("unavailable", { effect: error.effect }, { cause: error });
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation;
    const field = first?.instancePath.split("/").filter(Boolean).join(".");
    // A path names a thing. One that no thing can have is a thing that is not there.
    if (error.validationContext === "params") return new ProtocolError("not_found");
    const details: ErrorDetails = {
      ...(field === undefined || field === "" ? {} : { field }),
      ...(first?.message === undefined ? {} : { rule: first.message }),
    };
    const isTooLong = first?.keyword === "too_big" && field === "text";
    return new ProtocolError(isTooLong ? "too_large" : "bad_request", details);
  }
  return fromFramework(error);
}

/** Fastify's own refusals carry the status that they mean. */
function fromFramework(error: unknown): ProtocolError {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 404) return new ProtocolError("not_found");
  if (status === 413) return new ProtocolError("too_large");
  if (status === 415) return new ProtocolError("unsupported");
  if (status === 503) return new ProtocolError("draining");
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new ProtocolError("bad_request");
  }
  return new ProtocolError("internal", undefined, { cause: error });
}

function reportFailure(
  error: unknown,
  request: FastifyRequest,
  report: Report,
  code: string,
): void {
  report("error", "request_failed", {
    request_id: request.id,
    method: request.method,
    // The pattern, not the address: what people put into addresses is theirs.
    route: request.routeOptions.url ?? "none",
    error_code: code,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}

/** 404 for what is not there, 405 with `Allow` for what is there under other methods. */
export function answerUnknownRoutes(app: FastifyInstance, report: Report): void {
  const patterns = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>();
  app.addHook("onRoute", (route) => {
    if (route.url.includes("*")) return;
    const known = patterns.get(route.url) ?? { matches: toRegExp(route.url), methods: new Set() };
    for (const method of [route.method].flat()) known.methods.add(method);
    patterns.set(route.url, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const methods = [...patterns.values()]
      .filter((pattern) => pattern.matches.test(path))
      .flatMap((pattern) => [...pattern.methods]);
    if (methods.length === 0 || methods.includes(request.method)) {
      return sendFailure(new ProtocolError("not_found"), request, reply, report);
    }
    void reply.header("allow", methods.sort().join(", "));
    return sendFailure(new ProtocolError("method_not_allowed"), request, reply, report);
  });
}

function toRegExp(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((part) => (part.startsWith(":") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
    .join("/");
  return new RegExp(`^${source}$`);
}
