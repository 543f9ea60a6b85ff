/** What a reader does to messages that are there: shown at once, sent, and shown as failed where it was refused. */
import type {
  Client,
  ClientMessageId,
  EventId,
  FileId,
  MentionWish,
  OwnChange,
  RoomId,
} from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { PendingChange, RoomState } from "../state/model.ts";
import { codeOf } from "./failure-text.ts";
import { newId } from "./new-id.ts";

/** How long a deletion is held back, so that it can be taken back. Milliseconds. */
export const undoMs = 6_000;

/** Acts on messages of a room. They return at once; what comes of them is in the state. */
export interface MessageActs {
  /** Replaces the text of one's own message. */
  edit(room: string, message: string, text: string, mentions?: MentionWish): void;
  /** Deletes a message, a moment later: `undo` takes it back until then. */
  remove(room: string, message: string): void;
  /** As `remove`, of a file. */
  removeFile(room: string, file: string): void;
  /** @param subject The message, or the file. */
  undo(room: string, subject: string): void;
  /** Puts a reaction on, or takes one's own off. */
  react(room: string, message: string, emoji: string, on: boolean): void;
  /** Pins a message to its room, or takes the pin off. */
  pin(room: string, message: string, on: boolean): void;
  /** Saves a message for oneself, or does not any more. */
  save(room: string, message: string, on: boolean): void;
  /** Tries a change again that failed. */
  retryChange(room: string, key: string): void;
  /** Forgets a change that failed. */
  dropChange(room: string, key: string): void;
}

type Sent = PendingChange & { readonly id: ClientMessageId };

/** @returns The acts, and what ends them: deletions that are held back are sent then. */
export function createMessageActs(
  client: Client,
  dispatch: (action: Action) => void,
  roomState: (id: string) => RoomState | undefined,
): MessageActs & { close(): void } {
  /** By room and key: what was sent or is held back, with its id, so that trying again is safe. */
  const known = new Map<string, Sent>();
  const held = new Map<string, { readonly timer: Timer; readonly send: () => void }>();

  const show = (room: string, change: PendingChange): void =>
    dispatch({ type: "change_made", room, change });
  const placeOf = (room: string, key: string): string => `${room} ${key}`;

  const send = async (room: string, sent: Sent): Promise<void> => {
    const place = placeOf(room, sent.key);
    known.set(place, sent);
    const { id, ...change } = sent;
    const sending: PendingChange = { ...change, state: "sending", reason: undefined };
    show(room, sending);
    try {
      const sequence = await request(client, room, sending, id, (own) =>
        dispatch({ type: "own", change: own }),
      );
      // A newer one of the same key is on its way.
      if (known.get(place) !== sent) return;
      known.delete(place);
      if (sequence === undefined) dispatch({ type: "change_gone", room, key: sent.key });
      else show(room, { ...sending, sequence });
    } catch (error) {
      if (known.get(place) !== sent) return;
      // A reaction is not worth a line of its own: it shows as not there.
      if (sent.kind === "react") {
        known.delete(place);
        dispatch({ type: "change_gone", room, key: sent.key });
      } else show(room, { ...change, state: "failed", reason: codeOf(error) });
    }
  };

  const hold = (room: string, sent: Sent): void => {
    const place = placeOf(room, sent.key);
    const release = (): void => {
      clearTimeout(held.get(place)?.timer);
      if (held.delete(place)) void send(room, sent);
    };
    held.set(place, { timer: setTimeout(release, undoMs), send: release });
    const { id: _id, ...change } = sent;
    show(room, { ...change, state: "undoable" });
  };
  const sendHeld = (): void => {
    for (const { send: release } of held.values()) release();
  };
  window.addEventListener("pagehide", sendHeld);

  const begin = { state: "sending", reason: undefined, sequence: undefined } as const;
  return {
    edit: (room, message, text, mentions) =>
      void send(room, {
        ...begin,
        kind: "edit",
        key: keyOf("edit", message),
        message,
        text,
        ...(mentions === undefined ? {} : { mentions }),
        id: newId(),
      }),
    remove: (room, message) =>
      hold(room, { ...begin, kind: "delete", key: keyOf("delete", message), message, id: newId() }),
    removeFile: (room, file) =>
      hold(room, {
        ...begin,
        kind: "delete_file",
        key: keyOf("delete", file),
        message: file,
        id: newId(),
      }),
    undo: (room, subject) => {
      const key = keyOf("delete", subject);
      const place = placeOf(room, key);
      clearTimeout(held.get(place)?.timer);
      if (held.delete(place)) dispatch({ type: "change_gone", room, key });
    },
    react: (room, message, emoji, on) => {
      const key = keyOf(`react ${emoji}`, message);
      void send(room, { ...begin, kind: "react", key, message, emoji, on, id: newId() });
    },
    pin: (room, message, on) =>
      void send(room, {
        ...begin,
        kind: "pin",
        key: keyOf("pin", message),
        message,
        on,
        id: newId(),
      }),
    save: (room, message, on) =>
      void send(room, {
        ...begin,
        kind: "save",
        key: keyOf("save", message),
        message,
        on,
        id: newId(),
      }),
    retryChange: (room, key) => {
      const sent = known.get(placeOf(room, key));
      const isFailed = roomState(room)?.changes.some(
        (one) => one.key === key && one.state === "failed",
      );
      if (sent !== undefined && isFailed === true) void send(room, sent);
    },
    dropChange: (room, key) => {
      known.delete(placeOf(room, key));
      dispatch({ type: "change_gone", room, key });
    },
    close: () => {
      window.removeEventListener("pagehide", sendHeld);
      sendHeld();
    },
  };
}

type Timer = ReturnType<typeof setTimeout>;

function keyOf(kind: string, message: string): string {
  return `${kind} ${message}`;
}

/** @returns The sequence of the event that tells it; undefined where nothing had to be changed. */
async function request(
  client: Client,
  id: string,
  change: PendingChange,
  client_message_id: ClientMessageId,
  tell: (change: OwnChange) => void,
): Promise<number | undefined> {
  const place = { room: id as RoomId, message_id: change.message, client_message_id };
  switch (change.kind) {
    case "edit": {
      const { text, mentions } = change;
      const wish = mentions === undefined ? {} : { mentions };
      const body = { type: "edit_message", ...place, text, ...wish } as const;
      return (await client.request<"edit_message">(body)).sequence;
    }
    case "delete":
      return (await client.request<"delete_message">({ type: "delete_message", ...place }))
        .sequence;
    case "delete_file": {
      const body = {
        type: "delete_file",
        room: place.room,
        file_id: change.message as FileId,
      } as const;
      return (await client.request<"delete_file">(body)).sequence;
    }
    case "react": {
      const { emoji, on } = change;
      return (await client.request<"react">({ type: "react", ...place, emoji, on })).sequence;
    }
    case "pin": {
      const body = { type: "pin_message", ...place, on: change.on } as const;
      return (await client.request<"pin_message">(body)).sequence;
    }
    case "save":
      // It is in no log, so no event tells it.
      tell({
        what: "saved",
        message: await client.room(id).save(change.message as EventId, change.on),
      });
      return undefined;
    default:
      return change satisfies never;
  }
}
