/** Frames of Pusher protocol 7: read without believing them, and written. */
import { fields, ProtocolError } from "@parlance/protocol";
import { isMembers, type Members, member, readObject } from "../json/frame.ts";

/** What a page asks for. */
export type Asked =
  | { readonly type: "ping" | "pong" }
  | {
      readonly type: "subscribe";
      readonly channel: string;
      readonly auth: string;
      readonly channelData?: string;
    }
  | { readonly type: "unsubscribe"; readonly channel: string }
  | { readonly type: "signin"; readonly auth: string; readonly userData: string }
  | {
      readonly type: "event";
      readonly name: string;
      readonly channel: string;
      readonly data: string;
    };

/** Who somebody is, as the application signed it. */
export interface SignedData {
  readonly user: string;
  readonly name?: string;
  readonly device?: string;
  /** Any JSON. Absent where it says nothing of them. */
  readonly info?: unknown;
}

const deviceForm = /^[\x21-\x7e]{1,48}$/;

/** Reads one frame. Total: what is in it may be anything. @throws ProtocolError `bad_request`. */
export function readFrame(text: string): Asked {
  const frame = readObject(text);
  const event = frame === undefined ? undefined : member(frame, "event");
  if (frame === undefined || typeof event !== "string") {
    throw new ProtocolError("bad_request", { field: "event" });
  }
  const data = member(frame, "data");
  switch (event) {
    case "pusher:ping":
      return { type: "ping" };
    case "pusher:pong":
      return { type: "pong" };
    case "pusher:subscribe":
      return readSubscribe(membersOf(data));
    case "pusher:unsubscribe":
      return { type: "unsubscribe", channel: textIn(membersOf(data), "channel") };
    case "pusher:signin": {
      const said = membersOf(data);
      return { type: "signin", auth: textIn(said, "auth"), userData: textIn(said, "user_data") };
    }
    default:
      if (event.startsWith("pusher:") || event.startsWith("pusher_internal:")) {
        throw new ProtocolError("bad_request", { field: "event" });
      }
      return {
        type: "event",
        name: event,
        channel: textIn(frame, "channel"),
        data: typeof data === "string" ? data : JSON.stringify(data ?? null),
      };
  }
}

function readSubscribe(data: Members): Asked {
  const auth = member(data, "auth") ?? "";
  const channelData = member(data, "channel_data") ?? undefined;
  if (typeof auth !== "string") throw new ProtocolError("bad_request", { field: "auth" });
  if (channelData !== undefined && typeof channelData !== "string") {
    throw new ProtocolError("bad_request", { field: "channel_data" });
  }
  const channel = textIn(data, "channel");
  return {
    type: "subscribe",
    channel,
    auth,
    ...(channelData === undefined ? {} : { channelData }),
  };
}

/** Some clients write the object as a text. */
function membersOf(data: unknown): Members {
  const read = typeof data === "string" ? readObject(data) : data;
  if (!isMembers(read)) throw new ProtocolError("bad_request", { field: "data" });
  return read;
}

function textIn(members: Members, name: string): string {
  const value = member(members, name);
  if (typeof value !== "string") throw new ProtocolError("bad_request", { field: name });
  return value;
}

/**
 * What `channel_data` or `user_data` say, whose signature is checked elsewhere.
 *
 * @param names Of the members with the user's id and what is told of them.
 * @throws ProtocolError `bad_request` for what is no object with an id, `too_large` above 1 KiB of information.
 */
export function readSigned(
  text: string,
  names: { readonly id: "id" | "user_id"; readonly field: string },
): SignedData {
  const { id: idName, field } = names;
  const data = readObject(text);
  const id = data === undefined ? undefined : member(data, idName);
  const user = typeof id === "number" && Number.isSafeInteger(id) ? String(id) : id;
  if (data === undefined || typeof user !== "string" || !fields.userId.safeParse(user).success) {
    throw new ProtocolError("bad_request", { field });
  }
  const info = member(data, "user_info") ?? undefined;
  if (info !== undefined && !fields.userInfo.safeParse(info).success) {
    throw new ProtocolError("too_large", { field: "user_info", limit: 1_024 });
  }
  const name = isMembers(info) ? member(info, "name") : undefined;
  const device = member(data, "device");
  return {
    user,
    ...(typeof name === "string" && fields.displayName.safeParse(name).success ? { name } : {}),
    ...(typeof device === "string" && deviceForm.test(device) ? { device } : {}),
    ...(info === undefined ? {} : { info }),
  };
}

/** One frame. @param data A text, as the protocol has it: mostly JSON. */
export function frameOf(event: string, data: string, more: object = {}): string {
  return JSON.stringify({ event, ...more, data });
}

/** `pusher:error`, which is the one frame whose data is an object. @param code Null where there is none for it. */
export function errorFrame(code: number | null, message: string): string {
  return JSON.stringify({ event: "pusher:error", data: { code, message } });
}
