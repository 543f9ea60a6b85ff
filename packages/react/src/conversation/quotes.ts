/** What a message answers, as that is now: its writer and how it begins. */
import type { EventFrame, MessageView, QuotedMessage } from "@parlance/client";
import { type Fold, type FoldParts, foldMessages } from "./fold.ts";

/** A message that another one answers. */
export interface Quote {
  readonly id: string;
  /** `unknown`: it has to be asked for. `gone`: it was deleted, or is not open to the reader. */
  readonly state: "there" | "gone" | "unknown";
  /** Undefined where it is not known. */
  readonly sequence: number | undefined;
  readonly author: string;
  /** Empty where it is not there. */
  readonly name: string;
  readonly text: string;
}

/** Quotes of what is loaded. */
export interface Quotes {
  of(id: string | undefined): Quote | undefined;
}

/** So much of a text is shown. UTF-16 code units. */
const mostText = 200;

/** @param shown Events that may be quoted, beside those of the room. */
export function quotesOf(room: FoldParts, fold: Fold, shown: readonly EventFrame[]): Quotes {
  let events: ReadonlyMap<string, EventFrame> | undefined;
  const created = (id: string): EventFrame | undefined => {
    events ??= new Map([...shown, ...room.events].map((event) => [event.id as string, event]));
    return events.get(id);
  };
  let live: Fold | undefined;
  /** What is in no view is as old as its event: everything since counts. */
  const versionOf = (id: string): ReturnType<Fold["version"]> => {
    if (room.window === undefined || room.window.views[id] !== undefined) return fold.version(id);
    live ??= foldMessages({ ...room, window: undefined }, "");
    return live.version(id);
  };
  const told = (id: string): MessageView | QuotedMessage | undefined => {
    const views = Object.values(room.window?.views ?? {});
    return (
      room.window?.views[id] ??
      room.others[id] ??
      views.find((view) => view.reply_to?.message_id === id)?.reply_to
    );
  };
  return {
    of: (id) => {
      if (id === undefined) return undefined;
      const event = created(id);
      const view = told(id);
      const data =
        event === undefined || "erased" in event || event.type !== "message.created"
          ? undefined
          : event.data;
      if (event === undefined && view === undefined) {
        const state = id in room.others ? "gone" : "unknown";
        return { id, state, sequence: undefined, author: "", name: "", text: "" };
      }
      const version = versionOf(id);
      const first = data?.text ?? (view?.deleted === true ? undefined : view?.text);
      const text = "text" in version ? version.text : first;
      return {
        id,
        state: text === undefined ? "gone" : "there",
        sequence: event?.sequence ?? view?.sequence,
        author: event?.author ?? view?.author ?? "",
        name: text === undefined ? "" : (data?.author_name ?? view?.author_name ?? ""),
        text: (text ?? "").slice(0, mostText),
      };
    },
  };
}
