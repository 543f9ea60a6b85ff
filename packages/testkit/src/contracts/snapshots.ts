import type { Append } from "@parlance/core";
import {
  applyRoomChanges,
  type CallId,
  type DurableEvent,
  type DurablePayloads,
  type DurableType,
  durableTypes,
  type EventFrame,
  type EventId,
  type FileId,
  type InviteId,
  type MessageView,
  type RoomSettings,
} from "@parlance/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { event, roomId, someTime, type UseStore, userId } from "./harness.ts";

const room = roomId("r1");
const people = ["ann", "bob", "cat"] as const;
/** Each kind of thing has so many ids: collisions are wanted. */
const few = 4;

/** One message as a reader of events knows it. */
interface Said {
  text: string;
  isDeleted: boolean;
  isEdited: boolean;
  closed: string | undefined;
  thread: string | undefined;
  isPinned: boolean;
  /** `emoji user`. */
  reactions: Set<string>;
  poll: { votes: number[]; users: Set<string>[]; voters: number; isClosed: boolean } | undefined;
}

/** All that events change of a room, as plain data. */
interface Snapshot {
  title: string;
  settings: RoomSettings;
  messages: Map<string, Said>;
  members: Map<string, string>;
  bans: Set<string>;
  waiting: Set<string>;
  invites: Set<string>;
  files: Set<string>;
  head: number;
}

type Apply = {
  readonly [T in DurableType]: (
    state: Snapshot,
    data: DurablePayloads[T],
    frame: DurableEvent<T>,
  ) => void;
};

const nothing = (): void => {};

function change(state: Snapshot, id: string, how: (said: Said) => void): void {
  const said = state.messages.get(id);
  if (said !== undefined) how(said);
}

/** What each type of event does. The compiler asks for a line when there is a new type. */
const apply: Apply = {
  "message.created": (state, data, { id }) =>
    void state.messages.set(id, {
      text: data.text,
      isDeleted: false,
      isEdited: false,
      closed: undefined,
      thread: data.thread,
      isPinned: false,
      reactions: new Set(),
      poll: data.poll && {
        votes: data.poll.options.map(() => 0),
        users: data.poll.options.map(() => new Set<string>()),
        voters: 0,
        isClosed: false,
      },
    }),
  "message.edited": (state, data) =>
    change(state, data.message_id, (said) => {
      said.text = data.text;
      said.isEdited = true;
      said.closed = undefined;
    }),
  "message.closed": (state, data) =>
    change(state, data.message_id, (said) => {
      said.text = data.text;
      said.closed = data.reason;
    }),
  "message.deleted": (state, data) =>
    void state.messages.set(data.message_id, {
      text: "",
      isDeleted: true,
      isEdited: false,
      closed: undefined,
      thread: data.thread,
      isPinned: false,
      reactions: new Set(),
      poll: undefined,
    }),
  "reaction.added": (state, data, { author }) =>
    change(state, data.message_id, (said) => said.reactions.add(`${data.emoji} ${author}`)),
  "reaction.removed": (state, data, { author }) =>
    change(state, data.message_id, (said) => said.reactions.delete(`${data.emoji} ${author}`)),
  "message.pinned": (state, data) =>
    change(state, data.message_id, (said) => {
      said.isPinned = true;
    }),
  "message.unpinned": (state, data) =>
    change(state, data.message_id, (said) => {
      said.isPinned = false;
    }),
  "poll.voted": (state, { message_id, before, choices }, { author }) =>
    change(state, message_id, ({ poll }) => {
      if (poll === undefined) return;
      for (const place of before) {
        poll.votes[place] = (poll.votes[place] ?? 0) - 1;
        poll.users[place]?.delete(author);
      }
      for (const place of choices) {
        poll.votes[place] = (poll.votes[place] ?? 0) + 1;
        poll.users[place]?.add(author);
      }
      poll.voters += Math.sign(choices.length) - Math.sign(before.length);
    }),
  "poll.closed": (state, data) =>
    change(state, data.message_id, ({ poll }) => {
      if (poll !== undefined) poll.isClosed = true;
    }),
  "member.joined": (state, { user, role }) => {
    state.members.set(user, role);
    state.waiting.delete(user);
  },
  "member.left": (state, { user }) => void state.members.delete(user),
  "member.role_changed": (state, { user, role }) => {
    if (state.members.has(user)) state.members.set(user, role);
  },
  "member.banned": (state, { user }) => {
    state.members.delete(user);
    state.waiting.delete(user);
    state.bans.add(user);
  },
  "member.unbanned": (state, { user }) => void state.bans.delete(user),
  "join.requested": (state, { user }) => void state.waiting.add(user),
  "join.refused": (state, { user }) => void state.waiting.delete(user),
  "invite.created": (state, data) => void state.invites.add(data.invite_id),
  "invite.revoked": (state, data) => void state.invites.delete(data.invite_id),
  "room.updated": (state, { editor_name: _, ...changes }) => {
    state.settings = applyRoomChanges(state.settings, changes);
    state.title = changes.title ?? state.title;
  },
  "file.shared": (state, data) => void state.files.add(data.file_id),
  "file.deleted": (state, data) => void state.files.delete(data.file_id),
  "document.edited": nothing,
  "document.updated": nothing,
  "document.named": nothing,
  "call.started": nothing,
  "call.answered": nothing,
  "call.left": nothing,
  "call.ended": nothing,
};

function follow(state: Snapshot, frame: EventFrame): void {
  state.head = frame.sequence;
  if (!("erased" in frame)) {
    const run = apply[frame.type] as (of: Snapshot, data: unknown, of2: EventFrame) => void;
    run(state, frame.data, frame);
    return;
  }
  // Its deletion comes later, with all that is left to know of it.
  if (frame.type === "message.created") {
    const data = { text: "", author_name: "" };
    apply["message.created"](state, data, frame as unknown as DurableEvent<"message.created">);
  }
}

type Store = ReturnType<UseStore>;

async function read({ log, directory, files }: Store): Promise<Snapshot> {
  const record = await log.open(room);
  if (record === undefined) throw new Error("no room");
  const page = await log.messages({ room, line: "all", limit: 1_000 });
  const members = await directory.members(room, 100);
  const bans = await directory.bans(room, 100);
  const waiting = await directory.joinRequests(room, 100);
  const invites = await directory.invites(room, someTime, 100);
  const shared = await files.files(room, undefined, 100);
  return {
    title: record.title,
    settings: record.settings,
    messages: new Map((page?.messages ?? []).map((view) => [view.id as string, saidOf(view)])),
    members: new Map(members.map(({ user, role }) => [user as string, role])),
    bans: new Set(bans.map(({ user }) => user as string)),
    waiting: new Set(waiting.map(({ user }) => user as string)),
    invites: new Set(invites.map(({ id }) => id as string)),
    files: new Set(shared.files.map(({ file }) => file as string)),
    head: record.head,
  };
}

function saidOf(view: MessageView): Said {
  const { poll } = view;
  return {
    text: view.text,
    isDeleted: view.deleted === true,
    isEdited: view.edited_at !== undefined,
    closed: view.closed,
    thread: view.thread,
    isPinned: view.pinned === true,
    reactions: new Set(
      (view.reactions ?? []).flatMap(({ emoji, users }) => users.map((user) => `${emoji} ${user}`)),
    ),
    poll: poll && {
      votes: poll.options.map(({ votes }) => votes),
      users: poll.options.map(({ users = [] }) => new Set<string>(users)),
      voters: poll.voters,
      isClosed: poll.closed === true,
    },
  };
}

/** A step of a history: a type, and numbers that choose what it is about. */
interface Step {
  readonly type: DurableType;
  readonly who: (typeof people)[number];
  readonly other: (typeof people)[number];
  readonly which: number;
  readonly choices: readonly number[];
  readonly isOdd: boolean;
}

const about = {
  who: fc.constantFrom(...people),
  other: fc.constantFrom(...people),
  which: fc.nat({ max: few - 1 }),
  choices: fc.subarray([0, 1, 2]),
  isOdd: fc.boolean(),
};
const someMessages = fc.array(
  fc.record({ type: fc.constant<DurableType>("message.created"), ...about }),
  { minLength: 5, maxLength: 10 },
);
/** Each type once and more, whatever it is called. */
const everyType = fc
  .shuffledSubarray([...durableTypes, ...durableTypes], {
    minLength: 2 * durableTypes.length,
    maxLength: 2 * durableTypes.length,
  })
  .chain((types) =>
    fc.tuple(...types.map((type) => fc.record({ type: fc.constant(type), ...about }))),
  );
const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(someMessages, everyType)
  .map(([first, rest]) => [...first, ...rest]);

type Make = {
  readonly [T in DurableType]: (step: Step, n: number, scene: Scene) => DurablePayloads[T];
};

/** What the maker of steps remembers. */
interface Scene {
  readonly threads: Map<string, string>;
  readonly votes: Map<string, readonly number[]>;
  readonly opened: Set<string>;
  readonly used: Set<string>;
  /** What open messages began with. */
  readonly texts: Map<string, string>;
}

const messageOf = ({ which }: Step): EventId => `m${which}` as EventId;
const personOf = ({ other }: Step) => ({ user: userId(other), name: other });

/** A payload of each type. The compiler asks for a line when there is a new type. */
const make: Make = {
  "message.created": ({ which, isOdd, choices, who }, n, { threads, used }) => {
    const root = `m${which - 1}`;
    const isPoll = isOdd && which % 2 === 0;
    const isOpen = !isPoll && choices.length === 3;
    const isUnder = !isPoll && choices.length === 1 && used.has(root) && !threads.has(root);
    const thread = isUnder ? root : undefined;
    const poll = { question: "?", options: ["a", "b", "c"], several: true as const };
    return {
      text: `text ${n}`,
      author_name: who,
      ...(isPoll ? { poll } : {}),
      ...(isOpen ? { open: true as const } : {}),
      ...(thread === undefined ? {} : { thread: thread as EventId }),
    };
  },
  "message.edited": (step, n) => ({
    message_id: messageOf(step),
    text: `edited ${n}`,
    editor_name: step.who,
  }),
  "message.closed": (step) => ({
    message_id: messageOf(step),
    text: "",
    reason: step.isOdd ? "done" : "cancelled",
    author_name: step.who,
  }),
  "message.deleted": (step, _, { threads }) => {
    const thread = threads.get(messageOf(step));
    const under = thread === undefined ? {} : { thread: thread as EventId };
    return { message_id: messageOf(step), by: userId(step.who), ...under };
  },
  "reaction.added": (step) => ({
    message_id: messageOf(step),
    emoji: "👍",
    user_name: step.who,
  }),
  "reaction.removed": (step) => ({ message_id: messageOf(step), emoji: "👍" }),
  "message.pinned": (step) => ({ message_id: messageOf(step), by_name: step.who }),
  "message.unpinned": (step) => ({ message_id: messageOf(step) }),
  "poll.voted": (step, _, { votes }) => ({
    message_id: messageOf(step),
    before: votes.get(`${messageOf(step)} ${step.who}`) ?? [],
    choices: step.choices,
    user_name: step.who,
  }),
  "poll.closed": (step) => ({ message_id: messageOf(step), by: userId(step.who) }),
  "member.joined": (step) => ({ ...personOf(step), role: step.isOdd ? "member" : "moderator" }),
  "member.left": (step) => ({ ...personOf(step), reason: "left" }),
  "member.role_changed": (step) => ({ ...personOf(step), role: step.isOdd ? "owner" : "guest" }),
  "member.banned": personOf,
  "member.unbanned": personOf,
  "join.requested": personOf,
  "join.refused": (step) => ({ user: userId(step.other) }),
  "invite.created": (_, n) => ({
    invite_id: inviteOf(n % few),
    role: "member",
    expires_at: new Date(someTime + 86_400_000).toISOString(),
  }),
  "invite.revoked": ({ which }) => ({ invite_id: inviteOf(which) }),
  "room.updated": ({ isOdd, which }, n) => ({
    ...(isOdd ? { title: `Title ${n}` } : { topic: which === 0 ? null : `Topic ${n}` }),
    ...(which === 1 ? { archived: isOdd } : {}),
    ...(which === 2 ? { history: isOdd ? "all" : "since_joined" } : {}),
    ...(which === 3 ? { slow_mode_s: isOdd ? 30 : null, system_lines: isOdd } : {}),
    editor_name: "E",
  }),
  "file.shared": (step, n) => ({
    file_id: `f${n}` as FileId,
    name: "a.txt",
    bytes: 1,
    media_type: "text/plain",
    sha256: "ab".repeat(32),
    author_name: step.who,
  }),
  "file.deleted": ({ which }) => ({ file_id: `f${which}` as FileId }),
  "document.edited": (_, n) => ({ changes: `{"n":${n}}` }),
  "document.updated": (step, n) => ({ update: `AAA${n % 10}`, author_name: step.who }),
  "document.named": (step, n) => ({ version: n, name: "N", by_name: step.who }),
  "call.started": (step) => ({
    call_id: `c${step.which}` as CallId,
    media: "audio",
    callees: [userId(step.other)],
    caller_name: step.who,
  }),
  "call.answered": ({ which, who }) => ({ call_id: `c${which}` as CallId, user_name: who }),
  "call.left": ({ which, who }) => ({
    call_id: `c${which}` as CallId,
    user_name: who,
    reason: "hung_up",
  }),
  "call.ended": ({ which }) => ({
    call_id: `c${which}` as CallId,
    reason: "hung_up",
    duration_ms: 1,
  }),
};

const inviteOf = (n: number): InviteId => String(n).repeat(32) as InviteId;

/** Ids are used once; a further message or file of the same number is another one's. */
function appendOf(step: Step, n: number, scene: Scene): Append | undefined {
  const { type, which, who } = step;
  const { used } = scene;
  const data = make[type](step, n, scene);
  const id = type === "message.created" ? `m${which}` : `e${n}`;
  if (used.has(id)) return undefined;
  if (type === "invite.created") {
    const invite = `invite ${n % few}`;
    if (used.has(invite)) return undefined;
    used.add(invite);
  }
  return event(type, data as never, { room, id, user: who, time: someTime + n });
}

/** What is read now is what was read before and what was told since: the same on every engine. */
export function describeSnapshots(store: UseStore): void {
  describe("a snapshot", () => {
    test("[I-22] and the events after it equal a newer snapshot, for every type of event there is", async () => {
      await fc.assert(
        fc.asyncProperty(steps, fc.integer({ min: 0, max: 60 }), async (history, cut) => {
          await store().clear();
          const { log, files } = store();
          await log.open(room, { kind: "private", title: "Room", createdAt: someTime });
          const used = new Set<string>();
          const texts = new Map<string, string>();
          const opened = new Set<string>();
          const scene: Scene = { threads: new Map(), votes: new Map(), opened, used, texts };
          let before: Snapshot | undefined;
          for (const [n, step] of history.entries()) {
            if (n === cut) before = await read(store());
            const made = appendOf(step, n, scene);
            if (made === undefined) continue;
            let append = made;
            if (step.type === "file.shared") {
              // Early ones, so that some are removed.
              const file = `f${n % few}` as FileId;
              if (used.has(file)) continue;
              used.add(file);
              const upload = { file, room, owner: userId(step.who), name: "a.txt", bytes: 1 };
              const about = { ...upload, mediaType: "text/plain", createdAt: someTime };
              await files.begin(about, { quotaBytes: 100, uploads: 100 });
              append = withData(made, { file_id: file });
            }
            // Nobody edits what still grows: commands refuse it.
            if (step.type === "message.edited" && scene.opened.has(messageOf(step))) continue;
            if (step.type === "message.closed") {
              const message = messageOf(step);
              if (!scene.opened.delete(message)) continue;
              append = withData(made, { text: texts.get(message) ?? "" });
            }
            const { outcome } = await log.append(append);
            if (outcome !== "stored") continue;
            note(step, append, scene);
          }
          before ??= await read(store());
          const after = await read(store());
          const page = await log.read({ room, after: before.head, limit: 1_000 });
          for (const { frame } of page?.events ?? []) follow(before, frame);
          expect(before).toEqual(after);
        }),
        { numRuns: 15 },
      );
    }, 180_000);
  });
}

function withData(append: Append, more: object): Append {
  return {
    ...append,
    event: { ...append.event, data: { ...append.event.data, ...more } } as Append["event"],
  };
}

/** What was stored is remembered for what comes later. */
function note(
  step: Step,
  { id, principal, event: { data } }: Append,
  { votes, threads, opened, used, texts }: Scene,
): void {
  if (step.type === "message.created") {
    const { text, open, thread } = data as DurablePayloads["message.created"];
    used.add(id);
    texts.set(id, text);
    if (open === true) opened.add(id);
    if (thread !== undefined) threads.set(id, thread);
  }
  if (step.type === "poll.voted") {
    votes.set(`${messageOf(step)} ${principal satisfies Principal}`, step.choices);
  }
}

type Principal = Append["principal"];
