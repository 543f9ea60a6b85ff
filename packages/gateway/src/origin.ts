/** Which web pages may open a socket. */

/** Origins that an operator allows. */
export interface Origins {
  /** Each as scheme, host and port, `https://chat.example`; `null` for pages opened from disk, where an endpoint takes them. */
  readonly allowed: readonly string[];
  /**
   * Development mode: pages from any port of this machine too, on connections that arrive at a loopback
   * address.
   */
  readonly allowLoopback: boolean;
}

/** Decides about one handshake. */
export interface OriginCheck {
  /** @param localAddress The server's own end of the connection. */
  allows(origin: string | undefined, localAddress: string | undefined): boolean;
  /** For endpoints that take pages opened from disk. */
  allowsNull(localAddress: string | undefined): boolean;
  /** A page whose Origin an operator has listed; only of such a page do cookies count. */
  lists(origin: string | undefined): boolean;
}

const loopbackOrigin = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/;

/**
 * Browsers always send the true `Origin`; without this check any page that somebody visits could speak with
 * a server in that person's network. A handshake without `Origin` does not come from a browser and is not
 * held up: its token decides. Compared as whole strings, so `https://chat.example.evil.example`, another
 * port, another scheme and `null` are all refused.
 *
 * @throws TypeError for an entry that is not a URL.
 */
export function originCheck(origins: Origins): OriginCheck {
  const listed = origins.allowed.filter((entry) => entry !== "null");
  const allowed = new Set(listed.map((entry) => new URL(entry).origin));
  allowed.delete("null");
  const listsNull = origins.allowed.includes("null");
  const isHere = (localAddress: string | undefined): boolean =>
    origins.allowLoopback && isLoopback(localAddress);
  return {
    allows(origin, localAddress) {
      if (origin === undefined || allowed.has(origin)) return true;
      return isHere(localAddress) && loopbackOrigin.test(origin);
    },
    allowsNull: (localAddress) => listsNull || isHere(localAddress),
    lists: (origin) => origin !== undefined && allowed.has(origin),
  };
}

/** Whether an IP address is this machine's own. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "::1" || address.replace(/^::ffff:/, "").startsWith("127.");
}
