/** What may come in: JSON in UTF-8, and queries that mean one thing only. */
import { ProtocolError } from "@parlance/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** Largest body. The longest text takes about 100 kB when every character is escaped. */
export const bodyBytes = 131_072;
const maxQueryParameters = 16;
const maxQueryLength = 2_048;

/**
 * Reads a query string.
 *
 * @returns an object without a prototype; one string for each name.
 * @throws ProtocolError `bad_request` for a name that comes twice, nests (`a[b]`), or is none.
 */
export function parseQuery(query: string): Record<string, string> {
  if (query.length > maxQueryLength) throw new ProtocolError("bad_request", { field: "query" });
  const values: Record<string, string> = Object.create(null);
  let count = 0;
  for (const [name, value] of new URLSearchParams(query)) {
    count += 1;
    const isPlain = /^[a-z][a-z0-9_]{0,63}$/i.test(name) && name !== "constructor";
    if (!isPlain || name in values || count > maxQueryParameters) {
      throw new ProtocolError("bad_request", { field: "query" });
    }
    values[name] = value;
  }
  return values;
}

/** Takes JSON and refuses every other kind of body as `unsupported`. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    (request: FastifyRequest, body: Buffer, done) => {
      try {
        assertPlainUtf8(request);
        done(null, JSON.parse(utf8.decode(body)));
      } catch (error) {
        const failure = error instanceof ProtocolError ? error : new ProtocolError("bad_request");
        done(failure, undefined);
      }
    },
  );
}

function assertPlainUtf8(request: FastifyRequest): void {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") throw new ProtocolError("unsupported");
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(
    request.headers["content-type"] ?? "",
  )?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new ProtocolError("unsupported");
}
