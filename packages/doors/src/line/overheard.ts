/** Reads what is heard on a channel or subject: a publication, one of another system, or plain text for the room of that name. */
import { readPublication } from "@parlance/core";
import { ProtocolError, type Publication, type RoomId } from "@parlance/protocol";
import { type ForeignReader, maxPublicationBytes, readBytes } from "../read.ts";

const targets = ["room", "rooms", "user", "users", "everyone"] as const;

export interface OverheardOptions {
  readonly foreign?: readonly ForeignReader[];
  /** The room that is meant where a message names no target. Absent: the one that is called like the channel. */
  readonly roomOf?: (channel: string) => RoomId | undefined;
}

/**
 * What begins with `{` or `[` is meant as JSON; anything else is a text for people.
 *
 * @throws ProtocolError `too_large`, or `bad_request` with `field` where one is at fault.
 */
export function readOverheard(
  bytes: Buffer,
  channel: string,
  { foreign = [], roomOf = (name) => name as RoomId }: OverheardOptions,
): Publication {
  const room = roomOf(channel);
  const aim = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || room === undefined) return value;
    return targets.some((name) => name in value) ? value : { ...value, room };
  };
  if (/^\s*[{[]/.test(bytes.toString("latin1", 0, 64))) {
    return readBytes(bytes, [
      ...foreign.map(
        (read): ForeignReader =>
          (value) =>
            aim(read(value)),
      ),
      aim,
    ]);
  }
  if (bytes.length > maxPublicationBytes) {
    throw new ProtocolError("too_large", { limit: maxPublicationBytes });
  }
  return readPublication({ ...(room === undefined ? {} : { room }), text: textOf(bytes) });
}

/** @throws ProtocolError */
export function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ProtocolError("bad_request", { rule: "not text in UTF-8" });
  }
}
