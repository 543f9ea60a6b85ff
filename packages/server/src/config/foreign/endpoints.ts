/** The endpoints that names such as `WS_HOST` and `WS_PORT` ask for, joined with the list of our own. */
import type { Given } from "../layers.ts";
import { checkSetting } from "../schema.ts";
import type { ListenEntry } from "../types.ts";
import { type Claim, disagreement } from "./read.ts";
import type { Place } from "./table.ts";

/** Where those systems listen when only one of the two names is given. */
const presets = {
  mmb: { host: "0.0.0.0", port: 8080 },
  "symfony-chat": { host: "127.0.0.1", port: 8080 },
} as const;

export interface JoinedEndpoints {
  /** Absent where nobody of another system says anything. */
  readonly listen?: readonly ListenEntry[];
  /** The names behind an entry that came from elsewhere. */
  readonly labels: ReadonlyMap<ListenEntry, string>;
  readonly lines: readonly string[];
}

/**
 * Adds an endpoint for each dialect that is asked for. Our own list may have the same one; if it has another of
 * that dialect, or says `auto` or `none`, the two disagree.
 *
 * @param mainHost Where entries of our own listen that name no host.
 */
export function joinEndpoints(
  claims: readonly Claim[],
  ours: Given | undefined,
  mainHost: unknown,
): JoinedEndpoints {
  const labels = new Map<ListenEntry, string>();
  const lines: string[] = [];
  const checked = ours === undefined ? { value: [] } : checkSetting("listen", ours.raw);
  // A list that is not in order is told by the schema.
  if (!("value" in checked)) return { labels, lines };
  const listed = checked.value === "auto" ? [] : (checked.value as readonly ListenEntry[]);
  const added: ListenEntry[] = [];
  let isAsked = false;
  for (const dialect of ["mmb", "symfony-chat"] as const) {
    const host = claimOf(claims, `listen ${dialect} host`);
    const port = claimOf(claims, `listen ${dialect} port`);
    const asking = [host, port].filter((claim) => claim !== undefined);
    if (asking.length === 0) continue;
    isAsked = true;
    const rivals = listed.filter((entry) => entry.dialect === dialect && entry.port !== undefined);
    const agrees = (entry: ListenEntry, claim: Claim): boolean =>
      claim.value === (claim === port ? entry.port : (entry.host ?? mainHost));
    if (rivals.some((entry) => asking.every((claim) => agrees(entry, claim)))) continue;
    if (ours !== undefined && (listed.length === 0 || rivals.length > 0)) {
      const wrong = asking.filter((claim) => !rivals.some((entry) => agrees(entry, claim)));
      for (const { given } of wrong.length > 0 ? wrong : asking) {
        lines.push(disagreement(ours, given, `listen ${dialect}`));
      }
      continue;
    }
    const entry: ListenEntry = {
      dialect,
      host: String(host?.value ?? presets[dialect].host),
      port: Number(port?.value ?? presets[dialect].port),
    };
    added.push(entry);
    labels.set(entry, asking.map(({ given }) => given.by).join(", "));
  }
  return isAsked ? { listen: [...listed, ...added], labels, lines } : { labels, lines };
}

function claimOf(claims: readonly Claim[], place: Place): Claim | undefined {
  return claims.find((claim) => claim.place === place);
}
