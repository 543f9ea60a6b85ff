import { canonicalPayload } from "@parlance/core/chain";
import type { AnyDurableEvent, DurablePayloads } from "@parlance/protocol";

/**
 * What a repeat under the same client message id must have in common with the first: type and payload,
 * without what the server itself puts in. Names and numbers of people are the server's: somebody who was renamed between
 * a send and its repeat has not said anything else.
 *
 * Kept as a hash beside every stored event, so what this returns for an event must never change.
 */
export function repeatedBody(event: AnyDurableEvent): string {
  switch (event.type) {
    case "message.created":
      // What a forwarded message says is the other one's, which may have changed since.
      if (event.data.forwarded !== undefined) {
        return `message.created \u0000forward ${event.data.forwarded}${linkSuffix(event.data)}`;
      }
      // A text has no U+0000, so the two halves cannot be mistaken for another text.
      return `message.created ${event.data.text}${suffix(event.data.data)}${event.data.open === true ? "\u0000open" : ""}${linkSuffix(event.data)}${pollSuffix(event.data)}`;
    case "message.edited": {
      const { message_id, text, data } = event.data;
      return `message.edited ${message_id} ${text}${suffix(data)}`;
    }
    case "message.closed":
      // The text is what was appended before, each piece acknowledged by itself.
      return `message.closed ${event.data.message_id} ${event.data.reason}`;
    case "message.deleted":
    case "message.pinned":
    case "message.unpinned":
    case "poll.closed":
      return `${event.type} ${event.data.message_id}`;
    case "reaction.added":
    case "reaction.removed":
      return `${event.type} ${event.data.message_id} ${event.data.emoji}`;
    case "poll.voted": {
      const { message_id, choices } = event.data;
      return `poll.voted ${message_id} ${choices.join()}`;
    }
    case "document.edited":
      return `document.edited ${event.data.changes}`;
    case "document.updated":
      return `document.updated ${event.data.update}`;
    case "document.named":
      return `document.named ${event.data.version} ${event.data.name}`;
    case "room.updated":
      return `room.updated ${canonicalPayload({ ...event.data, editor_name: "" })}`;
    case "member.joined":
    case "member.left":
    case "member.role_changed":
    case "member.banned":
    case "member.unbanned":
    case "invite.created":
    case "invite.revoked":
    case "join.requested":
    case "join.refused":
    case "call.started":
    case "call.answered":
    case "call.left":
    case "call.ended":
    case "file.shared":
    case "file.deleted":
      return `${event.type} ${canonicalPayload(event.data)}`;
  }
}

function suffix(data: object | undefined): string {
  return data === undefined ? "" : `\u0000${canonicalPayload(data)}`;
}

/* A data suffix begins with a brace, and no text has U+0000: none of these can be taken for another. */
function linkSuffix({ thread, reply_to: quoted }: DurablePayloads["message.created"]): string {
  const under = thread === undefined ? "" : `\u0000thread ${thread}`;
  return quoted === undefined ? under : `${under}\u0000reply ${quoted}`;
}

/* The question and the choices are in the text. */
function pollSuffix({ poll }: DurablePayloads["message.created"]): string {
  return poll === undefined ? "" : `\u0000poll ${canonicalPayload(poll)}`;
}
