/** In whose name a back end publishes (`from` of a publication). */
import { ProtocolError, type Publication, type UserId } from "@parlance/protocol";
import type { UserRecord } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import type { PublishedFrom } from "./publish.ts";

/** Asked for by name: `admin` does not include it, so no operator's key speaks for people by accident. */
const scope = "impersonate";
/** How ids of names begin that nobody checked. */
const unchecked = "unverified:";
/** Ids that only the server gives: back ends, nobodies, unchecked names, and accounts and guests. */
const reserved = ["service:", "anonymous:", unchecked, "u_"] as const;

/**
 * Finds the user, or makes one of the application's own where a name is given.
 *
 * Security: whoever may do this speaks for every user. So it takes a scope of its own, nobody speaks for a back end, for an administrator or for
 * somebody who was shut out, an id that is nobody's is not given to the next account by it, and each message says who published it.
 *
 * @throws ProtocolError `forbidden` with `field` `from`: one answer for all of that.
 */
export async function authorOf(
  { identity, services }: CommandContext,
  from: NonNullable<Publication["from"]>,
): Promise<PublishedFrom> {
  const { id, name } = typeof from === "string" ? { id: from, name: undefined } : from;
  const refused = new ProtocolError("forbidden", { field: "from" });
  if (identity.scopes?.includes(scope) !== true) throw refused;
  const { directory, clock } = services;
  const user =
    (await directory.user(id)) ??
    (name === undefined || isReserved(id)
      ? undefined
      : await directory.upsertExternal(id, name, clock.now()));
  if (user === undefined || user.disabled || user.kind === "service" || user.isAdmin) throw refused;
  // The name would lose the mark that nobody has checked it.
  if (user.id.startsWith(unchecked)) throw refused;
  return {
    user: user.id,
    name: user.name,
    ...numberOf(user),
    by: identity.principal,
  };
}

function isReserved(id: UserId): boolean {
  return reserved.some((prefix) => id.startsWith(prefix));
}

/* Of the application's own users only their tokens tell the number, if it is one. */
function numberOf({ kind, number }: UserRecord): { readonly number?: number } {
  return kind === "external" ? {} : { number };
}
