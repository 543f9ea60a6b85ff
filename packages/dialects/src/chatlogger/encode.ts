import type { Dialect } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { createLocalTime } from "../json/local-time.ts";
import { wholeMessage } from "../json/whole-message.ts";

/** How an install's ChatLogger is set up. */
export interface ChatloggerOptions {
  /** Where everything is said. */
  readonly room: RoomId;
  /** How many of the last events of the room a page gets on connection, 0-200. */
  readonly history: number;
  /** Of the timestamps; an IANA name. */
  readonly timeZone: string;
}

/**
 * The one frame that a page gets: `{type, username, message, timestamp}` (CL-09). A name that was checked, or one that
 * an account here goes by and was not, is marked behind the four.
 */
export function createEncoder({ timeZone }: ChatloggerOptions): Dialect["encodeEvent"] {
  const localTime = createLocalTime(timeZone);
  return (event) => {
    const message = wholeMessage(event);
    if (message === undefined) return undefined;
    const { text, author_name, unverified, name_of_account } = message.data;
    return JSON.stringify({
      type: "message",
      username: author_name,
      message: text,
      timestamp: localTime(message.time),
      ...(unverified === true ? {} : { verified: true }),
      ...(name_of_account === true ? { name_of_account: true } : {}),
    });
  };
}
