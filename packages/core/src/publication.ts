/** Carries out a publication: the command that every door of a back end ends in is `publish`, once for each room it names. */
import {
  type ClientMessageId,
  errorRow,
  fields,
  ProtocolError,
  type Publication,
  type Published,
  publicationSchema,
  type RoomId,
  textOfContent,
  type UserId,
} from "@parlance/protocol";
import type { PublishTask } from "./commands/publish.ts";
import type { Cause, Node } from "./gate.ts";
import { announcements } from "./kinds.ts";
import type { Identity } from "./ports/index.ts";

/** What became of a publication in one of its rooms. */
export type PublicationResult =
  | { readonly room: RoomId; readonly published: Published }
  | { readonly room: RoomId; readonly error: ProtocolError };

/**
 * Reads a publication out of any value. Total.
 *
 * @throws ProtocolError `bad_request` or `too_large`, with `field` where one is at fault.
 */
export function readPublication(value: unknown): Publication {
  const parsed = publicationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".");
  throw new ProtocolError(issue?.code === "too_big" ? "too_large" : "bad_request", {
    ...(field === undefined || field === "" ? {} : { field }),
    ...(issue?.message === undefined ? {} : { rule: issue.message }),
  });
}

/** The rooms that a publication is for: users' inboxes, the room of announcements. @throws ProtocolError `bad_request`. */
export function roomsOfPublication(publication: Publication): readonly RoomId[] {
  const { room, rooms, user, users } = publication;
  if (room !== undefined) return [room];
  if (rooms !== undefined) return [...new Set(rooms)];
  if (user !== undefined) return [inboxOf(user, "user")];
  if (users !== undefined) return [...new Set(users)].map((one) => inboxOf(one, "users"));
  return [announcements];
}

function inboxOf(user: UserId, field: string): RoomId {
  const room = fields.roomId.safeParse(`user:${user}`);
  if (!room.success) throw new ProtocolError("bad_request", { field });
  return room.data;
}

/**
 * Publishes to every room of a publication, one after the other. What can be tried again has to be tried with the same key.
 *
 * @param key The idempotency key, the publication's own or the door's.
 * @param via `http`, or the name of the door.
 */
export async function publishEverywhere(
  node: Pick<Node, "execute">,
  identity: Identity,
  publication: Publication,
  key: ClientMessageId,
  via?: string,
): Promise<readonly PublicationResult[]> {
  const { data, from, thread, reply_to, poll, mentions, traceparent } = publication;
  const cause: Cause = {
    ...(via === undefined ? {} : { via }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const results: PublicationResult[] = [];
  for (const room of roomsOfPublication(publication)) {
    try {
      const command: PublishTask = {
        type: "publish",
        id: 0,
        room,
        client_message_id: key,
        text: textOfContent(publication),
        ...(data === undefined ? {} : { data }),
        ...(from === undefined ? {} : { from }),
        ...(thread === undefined ? {} : { thread }),
        ...(reply_to === undefined ? {} : { reply_to }),
        ...(poll === undefined ? {} : { poll }),
        ...(mentions === undefined ? {} : { mentions }),
      };
      const published = await node.execute<"publish">(identity, command, cause);
      results.push({ room, published });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      results.push({ room, error });
    }
  }
  return results;
}

/** Whether the same request may succeed later. */
export function mayBeTriedAgain(error: ProtocolError): boolean {
  return errorRow(error.code).retry === "later";
}
