/** What comes in by Pusher's HTTP API, read. Total over any value; what is refused says why in words. */
import { type JsonObject, ProtocolError, type RoomId, utf8Length } from "@parlance/protocol";
import { isMembers } from "../../json/frame.ts";
import { kindOfChannel, roomOfChannel } from "../channel.ts";
import {
  contentOfEvent,
  maxEventData,
  maxEventName,
  type PusherEvent,
  socketIdForm,
} from "../content.ts";

/** Channels of one event, and events of one batch. */
export const maxChannels = 100;
export const maxBatch = 10;

/** What a back end may ask of channels. */
export type ChannelInfo = "user_count" | "subscription_count" | "cache";

/** One event and where it is for. */
export interface Trigger {
  readonly channels: readonly string[];
  readonly rooms: readonly RoomId[];
  readonly content: { readonly text: string; readonly data: JsonObject };
  readonly info: ReadonlySet<ChannelInfo>;
}

/** `POST /events`. @throws ProtocolError `bad_request` or `too_large`, in words. */
export function readTrigger(body: unknown): Trigger {
  if (!isMembers(body)) throw bad("the body must be a JSON object");
  const { channels, channel } = body;
  if (channels !== undefined && !Array.isArray(channels)) throw bad("channels must be a list");
  const named: readonly unknown[] = Array.isArray(channels) ? channels : [channel];
  if (named.length === 0) throw bad("channels must name at least one");
  if (named.length > maxChannels) throw bad(`at most ${maxChannels} channels in one event`);
  const all = [...new Set(named.map(readChannel))];
  if (all.length > 1 && all.some((name) => kindOfChannel(name).access === "encrypted")) {
    throw bad("an encrypted channel takes its events by itself");
  }
  return triggerOf(all, body);
}

/** `POST /batch_events`. @throws ProtocolError `bad_request` or `too_large`, in words. */
export function readBatch(body: unknown): readonly Trigger[] {
  const batch = isMembers(body) ? body["batch"] : undefined;
  if (!Array.isArray(batch) || batch.length === 0) throw bad("batch must be a list of events");
  if (batch.length > maxBatch) throw bad(`at most ${maxBatch} events in one batch`);
  return batch.map((event: unknown) => {
    if (!isMembers(event)) throw bad("each event must be a JSON object");
    return triggerOf([readChannel(event["channel"])], event);
  });
}

/** The members of `info`, a list with commas. @throws ProtocolError `bad_request` for others. */
export function readInfo(
  info: unknown,
  known: readonly ChannelInfo[] = ["user_count", "subscription_count"],
): ReadonlySet<ChannelInfo> {
  if (info === undefined || info === "") return new Set();
  if (typeof info !== "string") throw bad("info must be a text");
  const asked = info.split(",").map((name) => name.trim());
  const wrong = asked.find((name) => !known.some((one) => one === name));
  if (wrong !== undefined) throw bad(`info must be of ${known.join(", ")}`);
  return new Set(asked as ChannelInfo[]);
}

/** A channel's name that can be a room's. @throws ProtocolError `bad_request`. */
export function readChannel(name: unknown): string {
  if (typeof name === "string" && roomOfChannel(name) !== undefined) return name;
  throw bad("a channel's name is 1-164 characters of A-Z a-z 0-9 _ - = @ , . ;");
}

/** The room of a name that was read. */
export function roomOf(channel: string): RoomId {
  const room = roomOfChannel(channel);
  if (room === undefined) throw bad("not the name of a channel");
  return room;
}

function triggerOf(
  channels: readonly string[],
  members: Readonly<Record<string, unknown>>,
): Trigger {
  const { name, data, socket_id: socketId, info } = members;
  if (typeof name !== "string" || name === "") throw bad("name must be a text");
  if (name.length > maxEventName) throw bad(`name must have at most ${maxEventName} characters`);
  if (typeof data !== "string") throw bad("data must be a text");
  if (utf8Length(data) > maxEventData) {
    throw new ProtocolError("too_large", undefined, {
      text: `data must have at most ${maxEventData} bytes.`,
    });
  }
  const isNone = socketId === undefined || socketId === null || socketId === "";
  if (!isNone && (typeof socketId !== "string" || !socketIdForm.test(socketId))) {
    throw bad("socket_id must be two numbers with a dot between");
  }
  const event: PusherEvent = { name, data, ...(isNone ? {} : { socketId: socketId as string }) };
  return {
    channels,
    rooms: channels.map(roomOf),
    content: contentOfEvent(event),
    info: readInfo(info),
  };
}

/** What is wrong, in words that the back end's people read. */
export function bad(words: string): ProtocolError {
  return new ProtocolError("bad_request", undefined, { text: `${words}.` });
}
