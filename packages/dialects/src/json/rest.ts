/** HTTP routes that belong to a dialect: a request in, commands out. The server mounts them; nothing here knows how. */
import type { Identity } from "@parlance/core";

/** One request, read: JSON bodies are parsed, paths and queries are texts. */
export interface RestRequest {
  /** Undefined: nobody showed who it is. */
  readonly identity: Identity | undefined;
  /** It came over a network whose claimed ids count. */
  readonly isTrusted: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  readonly address: string;
}

/** What to answer; a failure is thrown as a ProtocolError. */
export interface RestAnswer {
  readonly status: 200 | 201 | 204;
  readonly body?: object;
}

/** One route. */
export interface RestRoute {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With parameters as `:name`. */
  readonly path: string;
  handle(request: RestRequest): Promise<RestAnswer>;
}
