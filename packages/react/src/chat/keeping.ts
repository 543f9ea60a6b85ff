/** What the reader keeps on all devices, and what a room keeps for all: asked for, and changed. */
import type { Client, ClientMessageId, EventId, ScheduledMessage } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { Kept } from "../state/kept.ts";
import { newId } from "./new-id.ts";

/** Messages of one page of saved ones. */
const savedPage = 200;

/** Acts of keeping. Those that are promises reject with `ClientError` where the server refuses. */
export interface Keeping {
  /** Asks which messages of a room are pinned; what fails leaves it unknown. */
  listPins(room: string): Promise<void>;
  /** Has a message sent at a time; a second call with the same id changes it. */
  schedule(room: string, text: string, at: Date, id?: ClientMessageId): Promise<void>;
  /** Takes a message back that waits, or forgets one that could not be sent. */
  cancelScheduled(id: ClientMessageId): Promise<void>;
  /** Sends a waiting message at once. */
  sendScheduledNow(message: ScheduledMessage): Promise<void>;
  /**
   * Writes what a message says into another room.
   *
   * @param id Made once for one wish, so that trying again writes it once.
   */
  forward(
    from: { readonly room: string; readonly message: string },
    to: string,
    id: ClientMessageId,
  ): Promise<void>;
}

/** The keeping of one chat. */
export function createKeeping(
  client: Client,
  dispatch: (action: Action) => void,
): Keeping & { list(): Promise<void>; close(): void } {
  const told = (message: ScheduledMessage): void =>
    dispatch({ type: "own", change: { what: "scheduled", message } });
  const unlisten = client.on("own", (change) => dispatch({ type: "own", change }));
  /** What cannot be had now stays as it is known. */
  const take = async (asking: Promise<Partial<Kept>>): Promise<void> => {
    try {
      dispatch({ type: "kept_listed", kept: await asking });
    } catch {
      // The next sign-in asks again.
    }
  };
  const allSaved = async (): Promise<Partial<Kept>> => {
    const saved = new Set<string>();
    let before: number | undefined;
    do {
      const page = await client.saved({
        limit: savedPage,
        ...(before === undefined ? {} : { before }),
      });
      for (const message of page.saved) saved.add(message.id);
      before = page.next;
    } while (before !== undefined);
    return { saved };
  };
  return {
    listPins: async (id) => {
      try {
        const { pins, head } = await client.room(id).pins();
        const ids = pins.map(({ message }) => message.id);
        dispatch({ type: "pins_listed", room: id, pins: ids, head });
      } catch {
        // The panel of pins asks again, and says so.
      }
    },
    schedule: async (id, text, at, clientMessageId = newId()) => {
      told(await client.room(id).schedule(text, at.toISOString(), { clientMessageId }));
    },
    cancelScheduled: async (id) => told(await client.cancelScheduled(id)),
    sendScheduledNow: async ({ room, text, client_message_id: clientMessageId, ...rest }) => {
      const { thread, reply_to: replyTo, mentions } = rest;
      const options = {
        clientMessageId,
        ...(thread === undefined ? {} : { thread: thread as EventId }),
        ...(replyTo === undefined ? {} : { replyTo: replyTo as EventId }),
        ...(mentions === undefined ? {} : { mentions }),
      };
      // What is due in the past is due now, with the same id: it cannot be there twice.
      told(await client.room(room).schedule(text, new Date(0).toISOString(), options));
    },
    forward: async (from, to, clientMessageId) => {
      await client.room(from.room).forward(from.message as EventId, to, { clientMessageId });
    },
    list: async () => {
      await Promise.all([
        take(allSaved()),
        take(client.drafts().then((drafts) => ({ drafts }))),
        take(client.scheduled().then((scheduled) => ({ scheduled }))),
      ]);
    },
    close: unlisten,
  };
}
