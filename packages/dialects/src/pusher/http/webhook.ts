/** What happens in rooms, in the words of Pusher's webhooks. */
import type { RoomId } from "@parlance/protocol";
import { channelOfRoom, kindOfChannel } from "../channel.ts";

/** All that Pusher tells, by its names. */
export type PusherWebhookEvent =
  | "channel_occupied"
  | "channel_vacated"
  | "member_added"
  | "member_removed"
  | "client_event"
  | "cache_miss"
  | "subscription_count";

/** Types of the install's own webhooks that each is made of. */
const sources: Readonly<Record<PusherWebhookEvent, string>> = {
  channel_occupied: "room.occupied",
  channel_vacated: "room.empty",
  member_added: "presence.joined",
  member_removed: "presence.left",
  client_event: "pusher.client_event",
  cache_miss: "pusher.cache_miss",
  subscription_count: "pusher.subscription_count",
};
const names = new Map(
  (Object.entries(sources) as [PusherWebhookEvent, string][]).map(([name, type]) => [type, name]),
);

/** The types that the events of these names are made of. */
export function sourcesOf(wanted: readonly PusherWebhookEvent[]): readonly string[] {
  return wanted.map((name) => sources[name]);
}

/** One event of a webhook of the install. */
export interface InstallEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** In their order, without those that Pusher has no words for. Total. */
export function pusherEventsOf(events: readonly InstallEvent[]): readonly object[] {
  return events.flatMap((event) => pusherEventOf(event) ?? []);
}

function pusherEventOf(event: InstallEvent): object | undefined {
  const name = names.get(event.type);
  const { room } = event;
  const channel = typeof room === "string" ? channelOfRoom(room as RoomId) : undefined;
  if (name === undefined || channel === undefined) return undefined;
  const { access } = kindOfChannel(channel);
  // Nobody subscribes an inbox by its name.
  if (access === "user") return undefined;
  switch (name) {
    case "channel_occupied":
    case "channel_vacated":
    case "cache_miss":
      return { name, channel };
    case "member_added":
    case "member_removed": {
      const { id } = membersOf(event["user"]);
      return access === "presence" ? { name, channel, user_id: id } : undefined;
    }
    case "client_event": {
      const { event: said, data, socket_id: socketId, user_id: user } = event;
      const by = user === undefined || access !== "presence" ? {} : { user_id: user };
      return { name, channel, event: said, data, socket_id: socketId, ...by };
    }
    case "subscription_count":
      return { name, channel, subscription_count: event["subscription_count"] };
    default:
      return name satisfies never;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
