/** Other systems' services as their names describe them, completed with the presets of their documents. */
import type { DoorUrls } from "../broker.ts";
import type { Doors } from "../types.ts";
import { type Claim, disagreement } from "./read.ts";
import type { Place } from "./table.ts";

/** What every name of a service that joins the nodes is told as: its door is open too, as of every service that is named. */
export const joiningService = "publishes what other programs put there, and joins the nodes";
/** The same of one that does not. */
export const doorService = "publishes what other programs put there";

/** The setting that opens the door of a service. */
export const doorSettings = { redis: "redis_door_url", rabbitmq: "rabbitmq_door_url" } as const;

/** @returns the doors, and a line for each two names that disagree about one. */
export function readDoors(claims: readonly Claim[]): {
  readonly doors: Doors;
  readonly urls: DoorUrls;
  readonly lines: readonly string[];
} {
  const values = new Map<Place, string | number>();
  const lines: string[] = [];
  for (const { place, value, given } of claims) {
    if (!isDoor(place)) continue;
    const earlier = claims.find((claim) => claim.place === place);
    if (earlier !== undefined && earlier.value !== value) {
      lines.push(disagreement(earlier.given, given, place));
    }
    values.set(place, value);
  }
  const text = (place: Place, preset: string): string => String(values.get(place) ?? preset);
  const number = (place: Place, preset: number): number => Number(values.get(place) ?? preset);
  const isNamed = (door: string): boolean =>
    [...values.keys()].some((place) => place.startsWith(`${door} `));
  const exchange = values.get("rabbitmq exchange");
  const doors: Doors = {
    ...(isNamed("redis")
      ? { redis: { host: text("redis host", "redis"), port: number("redis port", 6379) } }
      : {}),
    ...(isNamed("rabbitmq")
      ? {
          rabbitmq: {
            host: text("rabbitmq host", "localhost"),
            port: number("rabbitmq port", 5672),
            user: text("rabbitmq user", "guest"),
            vhost: text("rabbitmq vhost", "/"),
            ...(exchange === undefined ? {} : { exchange: String(exchange) }),
          },
        }
      : {}),
  };
  return { doors, urls: urlsOf(doors, text("rabbitmq password", "guest"), values), lines };
}

function urlsOf(
  { redis, rabbitmq }: Doors,
  password: string,
  values: ReadonlyMap<Place, string | number>,
): DoorUrls {
  const place = ({ host, port }: { readonly host: string; readonly port: number }): string =>
    `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const scheme = values.has("rabbitmq tls") ? "amqps" : "amqp";
  return {
    ...(redis === undefined ? {} : { redis: `redis://${place(redis)}` }),
    ...(rabbitmq === undefined
      ? {}
      : {
          rabbitmq:
            `${scheme}://${encodeURIComponent(rabbitmq.user)}:${encodeURIComponent(password)}@` +
            `${place(rabbitmq)}/${encodeURIComponent(rabbitmq.vhost)}`,
        }),
  };
}

/** Whether a place is a part of a door, and no setting. */
export function isDoor(place: string): boolean {
  return place.startsWith("redis ") || place.startsWith("rabbitmq ");
}
