/** What messages say now: edits, deletions and reactions laid over what was first said. */
import type { ClosedReason, MessageView } from "@parlance/client";
import type { RoomState } from "../state/model.ts";

/** One reaction to a message. */
export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** The reader's is among them. */
  readonly mine: boolean;
  /** Of those whose names are known, in the order in which they reacted. */
  readonly names: readonly string[];
}

/** A message as it is now. */
export interface Version {
  /** Undefined: it was deleted. */
  readonly text: string | undefined;
  readonly isEdited: boolean;
  /** `open`: it grows. Else how it ended, where that was not by its writer. */
  readonly growth: "open" | "cancelled" | "abandoned" | undefined;
  readonly reactions: readonly Reaction[];
}

/** What is known beyond what was first said; a message that is not in the map is as it was. */
export interface Fold {
  version(id: string): Partial<Version>;
  /** Files that were removed. */
  readonly goneFiles: ReadonlySet<string>;
}

/** By emoji. `users`: names by id, empty where unknown; there may be more than these. */
type Reactors = Map<string, { count: number; users: Map<string, string> }>;

/** @param me Id of the reader. */
export function foldMessages(
  room: Pick<RoomState, "events" | "window" | "changes">,
  me: string,
): Fold {
  const texts = new Map<string, Pick<Version, "text" | "isEdited" | "growth">>();
  const reactions = new Map<string, Reactors>();
  const goneFiles = new Set<string>();
  const reactorsOf = (message: string): Reactors => {
    const known = reactions.get(message) ?? new Map();
    reactions.set(message, known);
    return known;
  };

  const { window } = room;
  for (const view of Object.values(window?.views ?? {})) {
    texts.set(view.id, versionOf(view));
    for (const { emoji, count, users } of view.reactions ?? []) {
      const known = new Map(users.map((user) => [user as string, ""] as const));
      reactorsOf(view.id).set(emoji, { count, users: known });
    }
  }
  const asOf = window?.asOf ?? 0;
  for (const event of room.events) {
    if ("erased" in event || event.sequence <= asOf) continue;
    switch (event.type) {
      case "message.deleted":
        texts.set(event.data.message_id, { text: undefined, isEdited: false, growth: undefined });
        reactions.delete(event.data.message_id);
        break;
      case "message.edited":
        texts.set(event.data.message_id, {
          text: event.data.text,
          isEdited: true,
          growth: undefined,
        });
        break;
      case "message.closed":
        texts.set(event.data.message_id, {
          text: event.data.text,
          isEdited: false,
          growth: endingOf(event.data.reason),
        });
        break;
      case "reaction.added":
        add(
          reactorsOf(event.data.message_id),
          event.data.emoji,
          event.author,
          event.data.user_name,
        );
        break;
      case "reaction.removed":
        remove(reactorsOf(event.data.message_id), event.data.emoji, event.author);
        break;
      case "file.deleted":
        goneFiles.add(event.data.file_id);
        break;
      default:
    }
  }
  for (const change of room.changes) {
    if (change.kind !== "react" || change.state === "failed") continue;
    const reactors = reactorsOf(change.message);
    if (change.on) add(reactors, change.emoji, me, "");
    else remove(reactors, change.emoji, me);
  }
  const edits = new Map(
    room.changes.flatMap((one) =>
      one.kind === "edit" && one.state === "sending" ? [[one.message, one.text] as const] : [],
    ),
  );
  return {
    goneFiles,
    version: (id) => {
      const edit = edits.get(id);
      return {
        ...texts.get(id),
        ...(edit === undefined ? {} : { text: edit }),
        ...(reactions.has(id) ? { reactions: listed(reactions.get(id), me) } : {}),
      };
    },
  };
}

function versionOf(view: MessageView): Pick<Version, "text" | "isEdited" | "growth"> {
  return {
    text: view.deleted === true ? undefined : view.text,
    isEdited: view.edited_at !== undefined,
    growth: view.open === true ? "open" : endingOf(view.closed ?? "done"),
  };
}

function endingOf(reason: ClosedReason): Version["growth"] {
  return reason === "done" ? undefined : reason;
}

/** What is so already stays so: an event may be laid over a view that has it. */
function add(reactors: Reactors, emoji: string, user: string, name: string): void {
  const one = reactors.get(emoji) ?? { count: 0, users: new Map<string, string>() };
  if (!one.users.has(user)) one.count += 1;
  one.users.set(user, name);
  reactors.set(emoji, one);
}

function remove(reactors: Reactors, emoji: string, user: string): void {
  const one = reactors.get(emoji);
  if (one === undefined) return;
  // One whose name was never told counts too.
  if (one.users.delete(user) || one.count > one.users.size) one.count -= 1;
  if (one.count <= 0) reactors.delete(emoji);
}

function listed(reactors: Reactors | undefined, me: string): readonly Reaction[] {
  return [...(reactors ?? [])].map(([emoji, { count, users }]) => ({
    emoji,
    count,
    mine: users.has(me),
    names: [...users].flatMap(([user, name]) => (user === me || name === "" ? [] : [name])),
  }));
}
