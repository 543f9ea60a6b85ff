/** What the reader keeps on all devices, and what a room keeps for all: asked for, and changed. */
import type {
  Client,
  ClientMessageId,
  EventId,
  ScheduledMessage,
  ScheduleOptions,
} from "@parlance/client";
import {
  createDraftSync,
  type DraftHost,
  placeOf,
  type SyncedDrafts,
} from "../composer/draft-sync.ts";
import type { Action } from "../state/actions.ts";
import type { Kept } from "../state/kept.ts";
import { codeOf } from "./failure-text.ts";

/** What a draft is refused with for good; it stays on this device. */
const refusals: ReadonlySet<string> = new Set([
  "forbidden",
  "not_found",
  "bad_request",
  "too_large",
  "conflict",
  "banned",
]);
/** Messages of one page of saved ones. */
const savedPage = 200;

/** Acts of keeping. Those that are promises reject with `ClientError` where the server refuses. */
export interface Keeping {
  /** Asks which messages of a room are pinned; what fails leaves it unknown. */
  listPins(room: string): Promise<void>;
  /** What the reader has written and not sent, by place, on all devices. */
  readonly drafts: SyncedDrafts;
  /** Has a message sent at a time; a second call with the same id changes it. */
  schedule(room: string, text: string, at: Date, options?: ScheduleOptions): Promise<void>;
  /** Takes a message back that waits, or forgets one that could not be sent. */
  cancelScheduled(id: ClientMessageId): Promise<void>;
  /** Changes one that is not sent. Due in the past, it is sent at once; its id is the same, so it cannot be there twice. What is not named stays. */
  changeScheduled(
    message: ScheduledMessage,
    text: string,
    at: Date,
    poll?: ScheduledMessage["poll"],
  ): Promise<void>;
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
  around: Pick<DraftHost, "drafts" | "storage" | "me">,
): Keeping & { list(): Promise<void>; close(): void } {
  const told = (message: ScheduledMessage): void =>
    dispatch({ type: "own", change: { what: "scheduled", message } });
  const sync = createDraftSync({
    ...around,
    save: (key, text, editedAt) => {
      const { room, ...where } = placeOf(key);
      const answers = around.drafts.answer(key);
      return client.room(room).saveDraft(text, {
        ...where,
        ...(answers === undefined ? {} : { reply_to: answers }),
        ...(editedAt === undefined ? {} : { edited_at: editedAt }),
      });
    },
    onAnswer: (key, message) => dispatch({ type: "answer_changed", key, message }),
    mayPass: (error) => !refusals.has(codeOf(error)),
  });
  window.addEventListener("pagehide", sync.flush);
  const unlisten = client.on("own", (change) => {
    dispatch({ type: "own", change });
    if (change.what === "draft") sync.changed(change.draft);
  });
  const allDrafts = async (): Promise<Partial<Kept>> => {
    const askedAt = Date.now();
    const drafts = await client.drafts();
    sync.listed(drafts, askedAt);
    return { drafts };
  };
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
    drafts: sync.drafts,
    schedule: async (id, text, at, options = {}) => {
      told(await client.room(id).schedule(text, at.toISOString(), options));
    },
    cancelScheduled: async (id) => told(await client.cancelScheduled(id)),
    changeScheduled: async (message, text, at, poll = message.poll) => {
      const { state: _, reason: __, ...content } = message;
      const changed = {
        ...content,
        text,
        at: at.toISOString(),
        ...(poll === undefined ? {} : { poll }),
      };
      told(await client.request<"schedule_message">({ type: "schedule_message", ...changed }));
    },
    forward: async (from, to, clientMessageId) => {
      await client.room(from.room).forward(from.message as EventId, to, { clientMessageId });
    },
    list: async () => {
      await Promise.all([
        take(allSaved()),
        take(allDrafts()),
        take(client.scheduled().then((scheduled) => ({ scheduled }))),
      ]);
    },
    close: () => {
      window.removeEventListener("pagehide", sync.flush);
      sync.flush();
      unlisten();
    },
  };
}
