/** Credentials in the query of an address, where a client cannot set a header. */
import { ProtocolError } from "@parlance/protocol";

/** Where people put tokens who cannot set a header. */
const tokenNames: ReadonlySet<string> = new Set([
  "token",
  "access_token",
  "auth_token",
  "id_token",
  "auth",
  "authorization",
  "bearer",
  "jwt",
  "key",
  "api_key",
  "apikey",
  "session",
  "password",
]);
const tokenForm = /^(?:Bearer |pl[sk]_|[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}$)/;

/**
 * The connection ticket of a query, if there is one.
 *
 * Security: addresses are kept in histories, logs of proxies and `Referer` fields. A token that is good for anything
 * does not belong there, and one that is taken from there would let its finder in (A6). So it is refused, loudly,
 * also where a good credential is beside it.
 *
 * @throws ProtocolError `unauthenticated` for what looks like a token, and for two tickets.
 */
export function ticketIn(parameters: URLSearchParams): string | undefined {
  for (const [name, value] of parameters) {
    if (tokenNames.has(name.toLowerCase()) || tokenForm.test(value)) {
      throw new ProtocolError("unauthenticated", { field: "query" });
    }
  }
  const tickets = parameters.getAll("ticket");
  if (tickets.length > 1) throw new ProtocolError("unauthenticated", { field: "ticket" });
  return tickets[0];
}
