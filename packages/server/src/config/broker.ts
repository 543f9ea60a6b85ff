/** The address of the broker: checked, and made of other systems' names where one service stands alone. */
import { BrokerUrlError, parseBrokerUrl } from "@parlance/broker/url";
import { z } from "zod";
import type { Doors } from "./types.ts";

/** What carries notices between nodes. What is wrong is told without the address: it may contain a password. */
export const brokerUrl: z.ZodType<string> = z.string().check((check) => {
  const trouble = troubleOf(check.value);
  if (trouble !== undefined) {
    check.issues.push({ code: "custom", message: trouble, input: "(hidden)" });
  }
});

function troubleOf(url: string): string | undefined {
  if (url === "memory:" || url === "none:" || /^ipc:\/[^\0]+$/.test(url)) return undefined;
  if (/^(memory|none|ipc):/.test(url)) return "is memory:, none: or ipc:/absolute/path";
  try {
    parseBrokerUrl(url);
    return undefined;
  } catch (error) {
    if (!(error instanceof BrokerUrlError)) throw error;
    return error.message;
  }
}

export type DoorName = keyof Doors;

/** Addresses of the services that other systems' names describe, passwords included. */
export type DoorUrls = Readonly<Partial<Record<DoorName, string>>>;

/**
 * The service that also joins the nodes: the one that our own setting names, or without it the one that stands alone.
 *
 * @param own Our own setting, as given.
 */
export function joiningDoor(urls: DoorUrls, own: unknown): DoorName | undefined {
  const names = (Object.keys(urls) as DoorName[]).filter((name) => urls[name] !== undefined);
  if (own === undefined) return names.length === 1 ? names[0] : undefined;
  if (typeof own !== "string") return undefined;
  return names.find((name) => isSamePlace(own, urls[name] ?? ""));
}

function isSamePlace(one: string, other: string): boolean {
  try {
    const [ours, theirs] = [parseBrokerUrl(one), parseBrokerUrl(other)];
    const [place] = theirs.hosts;
    const isSameKind = ours.scheme.startsWith("redis") === theirs.scheme.startsWith("redis");
    return (
      isSameKind && ours.hosts.some(({ host, port }) => host === place?.host && port === place.port)
    );
  } catch {
    // What is wrong with ours is told by the schema.
    return false;
  }
}
