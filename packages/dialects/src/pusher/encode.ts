import type { Dialect } from "@parlance/core";
import { channelOfRoom } from "./channel.ts";
import { type ChannelEvent, eventOfFrame, excludedSocket } from "./content.ts";
import { frameOf } from "./frame.ts";
import { connectionOf } from "./socket-id.ts";

/**
 * Frames for subscribers. A durable event carries its `sequence` beside what Pusher's clients look at; what is in no log has
 * none. Who comes and goes is told to each by itself.
 */
export const encodeEvent: Dialect["encodeEvent"] = (event) => {
  if ("sequence" in event) {
    const channel = channelOfRoom(event.room);
    const told = channel === undefined ? undefined : eventOfFrame(event);
    if (channel === undefined || told === undefined) return undefined;
    return written(channel, told, event.sequence);
  }
  switch (event.type) {
    case "whisper": {
      const { room, name, data, user } = event;
      const channel = channelOfRoom(room);
      const userId = user === undefined ? {} : { userId: user };
      return channel === undefined ? undefined : written(channel, { name, data, ...userId });
    }
    case "typing":
    case "read":
    case "cursor": {
      const { type, room, user, ...said } = event;
      const channel = channelOfRoom(room);
      if (channel === undefined) return undefined;
      return frameOf(type, JSON.stringify({ ...said, from: user }), { channel });
    }
    default:
      return undefined;
  }
};

function written(channel: string, { name, data, userId }: ChannelEvent, sequence?: number): string {
  return frameOf(name, data, {
    channel,
    ...(userId === undefined ? {} : { user_id: userId }),
    ...(sequence === undefined ? {} : { sequence }),
  });
}

/** The connection that an event's author named (`socket_id`). */
export const excluded: NonNullable<Dialect["excluded"]> = (event) => {
  const socketId = excludedSocket(event);
  return socketId === undefined ? undefined : connectionOf(socketId);
};
