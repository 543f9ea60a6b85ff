import type { Command, DurablePayloads, Published, UserId } from "@parlance/protocol";
import type { Stored } from "../append.ts";
import type { Awaitable, Pipelined } from "../outcome.ts";
import type { CommandContext } from "../services.ts";
import { write } from "./write.ts";

/**
 * A message under another name than the identity's, for dialects whose people call themselves what they like. No schema of a
 * wire lets this through: only code of the server can ask for it.
 */
export interface ShownAs {
  /** Nobody's id, so that the message can be taken for no user's. */
  readonly user: UserId;
  readonly name: string;
  readonly unverified: true;
  /** Whether an account is called so. */
  readonly nameOfAccount: boolean;
}

/** `publish` as the core does it. The one who is authenticated stays the one whose key makes repeats safe. */
export type PublishTask = Command<"publish"> & { readonly shownAs?: ShownAs };

/** Writes one message. */
export function publish(
  context: CommandContext,
  command: PublishTask,
): Awaitable<Pipelined<Published>> {
  const { room, client_message_id: clientMessageId, shownAs } = command;
  return write(context, {
    room,
    wanted: {
      clientMessageId,
      event: { type: "message.created", data: payload(context, command) },
      ...(shownAs === undefined ? {} : { author: shownAs.user }),
    },
    replyTo: (stored) => replyTo(command, stored),
  });
}

function payload(
  { identity }: CommandContext,
  { text, data, shownAs }: PublishTask,
): DurablePayloads["message.created"] {
  const said = { text, ...(data === undefined ? {} : { data }) };
  if (shownAs !== undefined) {
    const { name, unverified, nameOfAccount } = shownAs;
    const marks = { unverified, ...(nameOfAccount ? { name_of_account: true as const } : {}) };
    return { ...said, author_name: name, ...marks };
  }
  const { name, number } = identity;
  return {
    ...said,
    author_name: name,
    ...(number === undefined ? {} : { author_number: number }),
  };
}

function replyTo(command: Command<"publish">, stored: Stored): Published {
  return {
    room: command.room,
    epoch: stored.epoch,
    sequence: stored.sequence,
    message_id: stored.id,
    time: new Date(stored.time).toISOString(),
    ...(stored.repeated ? { repeated: true } : {}),
  };
}
