/** Messages that answer others: which one somebody is about to answer, and what is known of those that were answered. */
import type { Client } from "@parlance/client";
import type { Drafts } from "../composer/drafts.ts";
import type { Action } from "../state/actions.ts";
import type { RoomState } from "../state/model.ts";
import { codeOf } from "./failure-text.ts";

/** Acts around answers. */
export interface Answers {
  /** The next message of a draft answers this one; undefined: it answers none. `key`: see `draftKey`. */
  answer(key: string, message: string | undefined): void;
  /** Asks for messages that are answered and not loaded. Once each; what fails is asked for again with the next look. */
  loadOthers(room: string, messages: readonly string[]): void;
}

/** Acts of one chat. */
export function createAnswers(
  client: Client,
  dispatch: (action: Action) => void,
  roomState: (id: string) => RoomState | undefined,
  drafts: Drafts,
): Answers {
  const asked = new Set<string>();
  for (const [key, message] of drafts.answers()) dispatch({ type: "answer_changed", key, message });
  const load = async (room: string, id: string): Promise<void> => {
    const place = `${room} ${id}`;
    if (asked.has(place)) return;
    asked.add(place);
    try {
      const view = await client.room(room).message(id);
      dispatch({ type: "other_loaded", room, id, view });
    } catch (error) {
      const isGone = codeOf(error) === "not_found" || codeOf(error) === "forbidden";
      if (isGone) dispatch({ type: "other_loaded", room, id, view: undefined });
    } finally {
      asked.delete(place);
    }
  };
  return {
    answer: (key, message) => {
      drafts.setAnswer(key, message);
      dispatch({ type: "answer_changed", key, message });
    },
    loadOthers: (room, messages) => {
      for (const id of messages) {
        if (!(id in (roomState(room)?.others ?? {}))) void load(room, id);
      }
    },
  };
}
