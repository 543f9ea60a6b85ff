/** What changed of the reader's own, on whichever device. Each kind has a file of its own. Pure. */
import type { OwnChange } from "@parlance/client";
import { withNote, withVote } from "./asking.ts";
import { draftsAfter, savedAfter, scheduledAfter } from "./kept.ts";
import type { ChatState } from "./model.ts";

/** The state after it. What has no place in it changes nothing, as does a kind that this version does not know. */
export function ownAfter(state: ChatState, change: OwnChange): ChatState {
  const { kept } = state;
  switch (change.what) {
    case "saved":
      return { ...state, kept: { ...kept, saved: savedAfter(kept.saved, change.message) } };
    case "draft":
      return { ...state, kept: { ...kept, drafts: draftsAfter(kept.drafts, change.draft) } };
    case "scheduled":
      return {
        ...state,
        kept: { ...kept, scheduled: scheduledAfter(kept.scheduled, change.message) },
      };
    case "only_you":
      return { ...state, asking: withNote(state.asking, change.note) };
    case "vote": {
      const { message_id: id, choices } = change.vote;
      return { ...state, asking: withVote(state.asking, id, choices) };
    }
    default:
      return state;
  }
}
