import type { Clock, Credential, Identity, UserRecord, Users } from "@parlance/core";
import { fields, type Principal, ProtocolError, type UserId } from "@parlance/protocol";

type Vouched = Extract<Credential, { readonly vouched: unknown }>;

/**
 * Identities of users whom somebody else vouches for: the application by its answer to the `connect` hook, or a
 * network that is trusted.
 *
 * An application names users of its own, who are made as a token would make them; never a built-in account's or a
 * back end's id. A trusted network may name built-in accounts too, but makes none: an unknown one is refused.
 *
 * @throws ProtocolError `unauthenticated` for an id that is none or nobody's, `banned` for a disabled user.
 */
export function createVouching(
  directory: Users,
  clock: Clock,
): (credential: Vouched) => Promise<Identity> {
  async function find({ vouched, of }: Vouched): Promise<UserRecord | undefined> {
    const { user, name, by } = vouched;
    if (of === "accounts") {
      if (typeof user === "string") return directory.user(user as UserId);
      const [next] = await directory.users(user - 1, 1);
      return next?.number === user ? next : undefined;
    }
    const id = fields.userId.safeParse(String(user));
    if (!id.success || /^(service:|u_|anonymous:|unverified:)/.test(id.data)) return undefined;
    const shown = fields.displayName.safeParse(name ?? String(user));
    const known = await directory.user(id.data);
    const isNewName = by === "application" && name !== undefined && known?.name !== name;
    if (known !== undefined && !isNewName) return known;
    if (known?.disabled === true) return known;
    return directory.upsertExternal(id.data, shown.success ? shown.data : id.data, clock.now());
  }

  return async (credential) => {
    const { user: given } = credential.vouched;
    if (typeof given === "number" && !Number.isSafeInteger(given)) {
      throw new ProtocolError("unauthenticated");
    }
    const user = await find(credential);
    if (user === undefined || user.kind === "service") throw new ProtocolError("unauthenticated");
    if (user.disabled) throw new ProtocolError("banned");
    const number = user.kind === "external" ? asNumber(given) : user.number;
    return {
      user: user.id,
      name: user.name,
      kind: user.kind,
      principal: user.id as string as Principal,
      ...(number === undefined ? {} : { number }),
    };
  };
}

function asNumber(given: string | number): number | undefined {
  return typeof given === "number" ? given : undefined;
}
