/** Which web pages may open a socket. */

/** Origins that an operator allows. */
export interface Origins {
  /** Each as scheme, host and port, `https://chat.example`. */
  readonly allowed: readonly string[];
  /**
   * Development mode: pages from any port of this machine too, on connections that arrive at a loopback
   * address.
   */
  readonly allowLoopback: boolean;
}

/** Decides about one handshake. `localAddress` is the server's own end of the connection. */
export type OriginCheck = (origin: string | undefined, localAddress: string | undefined) => boolean;

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
  const allowed = new Set(origins.allowed.map((entry) => new URL(entry).origin));
  allowed.delete("null");
  return function isAllowed(origin, localAddress) {
    if (origin === undefined || allowed.has(origin)) return true;
    return origins.allowLoopback && isLoopback(localAddress) && loopbackOrigin.test(origin);
  };
}

/** Whether an IP address is this machine's own. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "::1" || address.replace(/^::ffff:/, "").startsWith("127.");
}
