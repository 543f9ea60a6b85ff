/** Subscribing with what the application signed for this connection and room. */
import { ProtocolError, type Sequence, type Subscribed } from "@parlance/protocol";
import { openFor } from "../append.ts";
import type { Connection } from "../connection.ts";
import type { Together } from "../outcome.ts";
import type { CommandTrace, SubscribeSigned } from "../ports/index.ts";
import type { LiveContext, Services } from "../services.ts";
import { enter, mustBeSigned } from "./enter.ts";
import { contextOf } from "./live-context.ts";
import { subscribe } from "./subscribe.ts";

/**
 * Checks the signature, finds out whose the connection is where the signature says so, and subscribes from the place that the
 * device has. What was read from the signature counts for this connection and as long as the subscription lasts.
 *
 * @throws ProtocolError `forbidden` where the signature is not the application's, `conflict` for another user than the connection's.
 */
export async function subscribeSigned(
  services: Services,
  connection: Connection,
  task: SubscribeSigned,
  trace: CommandTrace | undefined,
): Promise<Together<Subscribed>> {
  const { proof, user, info, subscribe: command, withLastMessage } = task;
  const { room } = command;
  if (proof !== undefined) {
    mustBeSigned(services, proof);
    if (user !== undefined) {
      const signed = { ...user, proof };
      const entered = await enter(services, connection, {
        type: "enter",
        signed,
        keepsPlaces: "user",
      });
      entered.finish();
      entered.afterwards();
    }
    connection.signedRooms.grant(room);
  }
  try {
    const context = contextOf(services, connection, trace);
    const kept = connection.placeIn(room);
    const position = kept === undefined ? {} : { position: kept };
    const about = info === undefined ? {} : { info };
    const notAfter = withLastMessage === true ? await beforeLast(context, command.room) : undefined;
    const from = notAfter === undefined ? {} : { notAfter };
    // The last message is for now, also for somebody who is known in a moment.
    const isHeld = withLastMessage !== true;
    const more = { ...about, ...from, isHeld };
    const begun = await subscribe(context, { ...command, ...position }, more);
    if (withLastMessage === true && notAfter === undefined) {
      services.onUnkept?.({ type: "no_last_message", room });
    }
    return begun;
  } catch (error) {
    // Read anew from where it is now, which needs the right too.
    const isOver = error instanceof ProtocolError && error.code === "resync_required";
    if (!isOver) connection.endGrant(room);
    throw error;
  }
}

/** The place before the last message near the head; undefined where there is none, and of a room that is not there yet. */
async function beforeLast(
  context: LiveContext,
  id: SubscribeSigned["subscribe"]["room"],
): Promise<Sequence | undefined> {
  const room = await openFor(context, "read", id);
  const last = await room.lastWhole();
  return last === undefined ? undefined : last - 1;
}
