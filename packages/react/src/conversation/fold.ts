/** What messages say now: edits, deletions and reactions laid over what was first said. */
import type {
  ClosedReason,
  DurableEvent,
  EventFrame,
  Mentions,
  MessageView,
  ThreadSummary,
} from "@parlance/client";
import { afterVote, newPoll, type PollShown, readPoll } from "../asking/poll.ts";
import { deletedInThreads, threadOf } from "../state/main-line.ts";
import type { RoomState, Window } from "../state/model.ts";

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
  /** Whom it mentions. */
  readonly mentions: Mentions | undefined;
  /** What it asks, and how that stands. */
  readonly poll: PollShown;
}

type Words = Pick<Version, "text" | "isEdited" | "growth"> & Partial<Pick<Version, "mentions">>;

/** What was written in the thread under a message. */
export interface Replies {
  readonly count: number;
  /** Of the newest, ISO 8601. */
  readonly lastTime: string;
  /** Who wrote, in the order in which they came; a name is empty where it is not known. */
  readonly people: readonly { readonly id: string; readonly name: string }[];
}

/** What is known beyond what was first said; a message that is not in the map is as it was. */
export interface Fold {
  version(id: string): Partial<Version>;
  /** Undefined where nothing was written under it. */
  replies(id: string): Replies | undefined;
  /** Files that were removed. */
  readonly goneFiles: ReadonlySet<string>;
}

/** By emoji. `users`: names by id, empty where unknown; there may be more than these. */
type Reactors = Map<string, { count: number; users: Map<string, string> }>;

/** What is folded: events, laid over views where these are newer than what was first said. */
export interface FoldParts extends Pick<RoomState, "events" | "changes" | "others"> {
  readonly window: Pick<Window, "views" | "asOf"> | undefined;
}

/** @param me Id of the reader. */
export function foldMessages(room: FoldParts, me: string): Fold {
  const texts = new Map<string, Words>();
  const reactions = new Map<string, Reactors>();
  const goneFiles = new Set<string>();
  const polls = new Map<string, PollShown>();
  const replies = new Map<string, Replies>();
  const reactorsOf = (message: string): Reactors => {
    const known = reactions.get(message) ?? new Map();
    reactions.set(message, known);
    return known;
  };

  const { window, others } = room;
  for (const view of Object.values(others))
    if (view !== undefined) texts.set(view.id, versionOf(view));
  for (const view of Object.values(window?.views ?? {})) {
    texts.set(view.id, versionOf(view));
    if (view.replies !== undefined) replies.set(view.id, repliesOf(view.replies));
    if (view.poll !== undefined) polls.set(view.id, readPoll(view.poll));
    for (const { emoji, count, users } of view.reactions ?? []) {
      const known = new Map(users.map((user) => [user as string, ""] as const));
      reactorsOf(view.id).set(emoji, { count, users: known });
    }
  }
  const asOf = window?.asOf ?? 0;
  const deleted = deletedInThreads(room.events);
  for (const event of room.events) {
    const isNew = event.sequence > asOf;
    if (event.type === "message.created") {
      const thread = threadOf(event) ?? deleted.get(event.id);
      if (isNew && thread !== undefined) addReply(replies, thread, event);
      const asked = "erased" in event ? undefined : event.data.poll;
      if (asked !== undefined && !polls.has(event.id)) polls.set(event.id, newPoll(asked));
      continue;
    }
    if ("erased" in event || !(isNew || isAboutOther(event, others))) continue;
    switch (event.type) {
      case "message.deleted":
        texts.set(event.data.message_id, { text: undefined, isEdited: false, growth: undefined });
        reactions.delete(event.data.message_id);
        polls.delete(event.data.message_id);
        break;
      case "message.edited":
        texts.set(event.data.message_id, {
          text: event.data.text,
          isEdited: true,
          growth: undefined,
          mentions: event.data.mentions,
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
      case "poll.voted": {
        const poll = polls.get(event.data.message_id);
        if (poll !== undefined) polls.set(event.data.message_id, afterVote(poll, event, me));
        break;
      }
      case "poll.closed": {
        const poll = polls.get(event.data.message_id);
        if (poll !== undefined) polls.set(event.data.message_id, { ...poll, isClosed: true });
        break;
      }
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
    replies: (id) => replies.get(id),
    version: (id) => {
      const edit = edits.get(id);
      const poll = polls.get(id);
      return {
        ...texts.get(id),
        ...(poll === undefined ? {} : { poll }),
        ...(edit === undefined ? {} : { text: edit }),
        ...(reactions.has(id) ? { reactions: listed(reactions.get(id), me) } : {}),
      };
    },
  };
}

/** What others answer is not as old as the window. */
function isAboutOther(event: DurableEvent, others: RoomState["others"]): boolean {
  return "message_id" in event.data && others[event.data.message_id] !== undefined;
}

function repliesOf({ count, last_time: lastTime, people }: ThreadSummary): Replies {
  return { count, lastTime, people: people.map((id) => ({ id, name: "" })) };
}

/** As many as a view has. */
const mostPeople = 10;

function addReply(replies: Map<string, Replies>, root: string, event: EventFrame): void {
  const { count = 0, people = [] } = replies.get(root) ?? {};
  const name = "erased" in event || event.type !== "message.created" ? "" : event.data.author_name;
  const known = people.find((one) => one.id === event.author);
  replies.set(root, {
    count: count + 1,
    lastTime: event.time,
    people:
      known === undefined
        ? [...people, { id: event.author as string, name }].slice(0, mostPeople)
        : known.name !== "" || name === ""
          ? people
          : people.map((one) => (one === known ? { ...one, name } : one)),
  });
}

function versionOf(view: MessageView): Words {
  return {
    mentions: view.mentions,
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
