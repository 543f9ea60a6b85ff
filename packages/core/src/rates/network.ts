/**
 * Whoever has one IPv6 address has a /64 of them; IPv4 that comes as IPv6 counts as what it is.
 *
 * @param address As a socket or a trusted proxy gives it. What is none stands for itself.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

/** This machine: a proxy here would be held responsible for everybody behind it. */
export function isThisMachine(address: string): boolean {
  const network = networkOf(address);
  return network === "0:0:0:0" || network.startsWith("127.");
}
