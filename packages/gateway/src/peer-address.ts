import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/** The IP address that a request comes from; empty if its socket is gone already. */
export type PeerAddress = (request: IncomingMessage) => string;

/**
 * Looks through reverse proxies that are trusted, and no further: what anybody else writes into
 * `X-Forwarded-For` would choose the address that limits count and logs name.
 *
 * @param trusted IP addresses, or networks as `10.0.0.0/8`.
 * @throws TypeError for an entry that is neither.
 */
export function peerAddress(trusted: readonly string[]): PeerAddress {
  const proxies = new BlockList();
  for (const entry of trusted) addNetwork(proxies, entry);
  return function addressOf(request) {
    let address = plainAddress(request.socket.remoteAddress ?? "");
    if (trusted.length === 0 || address === "") return address;
    const forwarded = request.headers["x-forwarded-for"];
    const hops = typeof forwarded === "string" ? forwarded.split(",") : [];
    /* Each proxy appends whom it saw, so the way back is from the right. */
    for (const hop of hops.reverse()) {
      if (!proxies.check(address, familyOf(address))) return address;
      const next = plainAddress(hop.trim());
      if (isIP(next) === 0) return address;
      address = next;
    }
    return address;
  };
}

/**
 * Whether somebody passed the request on. Such a request comes from whoever the proxy served, however near the proxy is:
 * what is trusted because it comes from this machine must not be trusted then.
 */
export function isForwarded({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return forwardingFields.some((field) => headers[field] !== undefined);
}

const forwardingFields = ["x-forwarded-for", "forwarded", "x-real-ip", "via"] as const;

function addNetwork(list: BlockList, entry: string): void {
  const [address = "", bits] = entry.split("/", 2);
  if (isIP(address) === 0) throw new TypeError(`not an address or network: ${entry}`);
  if (bits === undefined) list.addAddress(address, familyOf(address));
  else list.addSubnet(address, Number(bits), familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

/** An IPv4 address that came in on an IPv6 socket, as what it is. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
