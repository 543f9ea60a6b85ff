import { fields, ProtocolError } from "@parlance/protocol";

/** Names that would let a stranger speak for the server or its people. */
const authorities: readonly string[] = [
  "admin",
  "administrator",
  "moderator",
  "operator",
  "owner",
  "root",
  "server",
  "service",
  "staff",
  "superuser",
  "support",
  "security",
  "system",
  "sysadmin",
  "parlance",
  "parlancebot",
];

/** User names that read as everybody or nobody where they are mentioned or stand in an address. */
const words: readonly string[] = [
  "everyone",
  "everybody",
  "all",
  "here",
  "channel",
  "room",
  "anonymous",
  "guest",
  "unknown",
  "deleted",
  "null",
  "undefined",
  "me",
];

/** Letters and digits that are read as another one: digits, and the Greek and Cyrillic twins of Latin letters. */
const twins: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "l",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  i: "l",
  "!": "l",
  "|": "l",
  $: "s",
  "@": "a",
  а: "a",
  е: "e",
  о: "o",
  р: "p",
  с: "c",
  у: "y",
  х: "x",
  і: "l",
  ѕ: "s",
  м: "m",
  т: "t",
  к: "k",
  в: "b",
  н: "h",
  α: "a",
  ε: "e",
  ο: "o",
  ρ: "p",
  τ: "t",
  ν: "v",
  ι: "l",
  υ: "u",
};

const authoritySkeletons: ReadonlySet<string> = new Set(authorities.map(skeleton));
const reservedSkeletons: ReadonlySet<string> = new Set([...authorities, ...words].map(skeleton));

/** What a name looks like at a glance: two names with one skeleton are easily taken for each other. */
function skeleton(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\p{M}\p{Cf}\p{Z}_.-]/gu, "");
  let seen = "";
  for (const character of plain) seen += twins[character] ?? character;
  return seen.replaceAll("rn", "m").replaceAll("vv", "w");
}

/**
 * The stored form of a user name: lower case.
 *
 * @throws ProtocolError `bad_request` unless it is 3-32 of `a-z0-9_.-` with a letter or digit at both ends and
 *   reads like no reserved name.
 */
export function foldUsername(username: string): string {
  const folded = username.toLowerCase();
  if (!/^[a-z0-9](?:[a-z0-9_.-]{1,30})[a-z0-9]$/.test(folded)) {
    throw new ProtocolError("bad_request", { field: "username", rule: "3-32 of a-z 0-9 _ . -" });
  }
  if (reservedSkeletons.has(skeleton(folded))) {
    throw new ProtocolError("bad_request", { field: "username", rule: "reserved" });
  }
  return folded;
}

/**
 * A display name that somebody chose for itself.
 *
 * @throws ProtocolError `bad_request` if it is no display name, or reads like an authority here.
 */
export function checkDisplayName(name: string): string {
  const parsed = fields.displayName.safeParse(name);
  if (!parsed.success) {
    throw new ProtocolError("bad_request", { field: "name", rule: "one line, 1-64 characters" });
  }
  if (authoritySkeletons.has(skeleton(parsed.data))) {
    throw new ProtocolError("bad_request", { field: "name", rule: "reserved" });
  }
  return parsed.data;
}
