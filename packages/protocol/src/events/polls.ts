/** Durable events of polls. */
import { z } from "zod";
import { choices } from "../commands/polls.ts";
import { userId } from "../fields.ts";
import type { EventId, UserId } from "../ids.ts";

/** Payloads of poll events by type. */
export interface PollPayloads {
  /**
   * Somebody chose instead of what they chose before: counts follow from both lists. The author of the event is the voter; in an
   * anonymous poll `anonymous:vote`, and there is no name.
   */
  "poll.voted": {
    readonly message_id: EventId;
    readonly before: readonly number[];
    readonly choices: readonly number[];
    readonly user_name?: string;
  };
  /** Nobody votes any more. */
  "poll.closed": { readonly message_id: EventId; readonly by: UserId };
}

const messageId = z.string() as unknown as z.ZodType<EventId>;

/** Schemas of the payloads. */
export const pollPayloadSchemas: {
  readonly [T in keyof PollPayloads]: z.ZodType<PollPayloads[T]>;
} = {
  "poll.voted": z.object({
    message_id: messageId,
    before: choices,
    choices,
    user_name: z.string().exactOptional(),
  }),
  "poll.closed": z.object({ message_id: messageId, by: userId }),
};
