import { canonicalPayload } from "@parlance/core/chain";
import type { AnyDurableEvent } from "@parlance/protocol";

/**
 * What a repeat under the same client message id must have in common with the first: type and payload,
 * without what the server itself puts in. The display name is the server's: somebody who was renamed between
 * a send and its repeat has not said anything else.
 */
export function repeatedBody(event: Pick<AnyDurableEvent, "type" | "data">): string {
  if (event.type === "message.created" && "text" in event.data) {
    return `message.created ${event.data.text}`;
  }
  return `${event.type} ${canonicalPayload(event.data)}`;
}
