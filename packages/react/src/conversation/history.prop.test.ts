/**
 * Random histories of a room. Applied one by one as they come, they must show what a fresh reading of the same log shows: its newest part, a
 * window further back with views, and each thread by its own page. The log erases what is deleted, as the server does.
 */
import type { EventFrame, MessageView, Subscribed, ThreadPage, WireUser } from "@parlance/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Action } from "../state/actions.ts";
import type { ChatState, RoomState } from "../state/model.ts";
import { initialState, reduce } from "../state/state.ts";
import { buildRows, buildThreadRows, type Row } from "./rows.ts";

const me = { id: "u_0", name: "N0", kind: "account" } as WireUser;
const emoji = ["A", "B"];

/** What somebody may do. Numbers choose among what is there. */
type Step =
  | { readonly kind: "write"; readonly by: number }
  | { readonly kind: "reply"; readonly by: number; readonly to: number }
  | { readonly kind: "answer"; readonly by: number; readonly to: number }
  | { readonly kind: "edit"; readonly of: number }
  | { readonly kind: "delete"; readonly of: number }
  | { readonly kind: "react"; readonly by: number; readonly of: number; readonly emoji: number }
  | { readonly kind: "unreact"; readonly by: number; readonly of: number; readonly emoji: number }
  | { readonly kind: "update"; readonly topic: number; readonly lines: boolean }
  | { readonly kind: "join"; readonly by: number };

const by = fc.nat(2);
const one = fc.nat(30);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), by }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("reply" as const), by, to: one }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer" as const), by, to: one }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("edit" as const), of: one }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), of: one }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("react" as const), by, of: one, emoji: fc.nat(1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("unreact" as const), by, of: one, emoji: fc.nat(1) }),
  },
  fc.record({ kind: fc.constant("update" as const), topic: fc.nat(3), lines: fc.boolean() }),
  fc.record({ kind: fc.constant("join" as const), by }),
);

interface Said {
  readonly id: string;
  readonly author: string;
  readonly thread: string | undefined;
  readonly replyTo: string | undefined;
  text: string | undefined;
  isEdited: boolean;
  readonly reactions: Map<string, Set<string>>;
  readonly event: EventFrame;
}

/** A server of one room, as simple as can be: `log` as it is delivered, `erased` as it is read later. */
class Model {
  readonly log: EventFrame[] = [];
  readonly said: Said[] = [];
  settings: { topic?: string; system_lines?: false } = {};
  readonly #gone = new Set<string>();

  do(step: Step): void {
    const target = (index: number): Said | undefined =>
      this.said[index % Math.max(1, this.said.length)];
    switch (step.kind) {
      case "write":
        return this.#say(step.by, undefined, undefined);
      case "reply": {
        const to = target(step.to);
        return to === undefined ? undefined : this.#say(step.by, to.thread ?? to.id, undefined);
      }
      case "answer": {
        const to = target(step.to);
        return to === undefined ? undefined : this.#say(step.by, undefined, to.id);
      }
      case "edit": {
        const of = target(step.of);
        if (of?.text === undefined) return;
        of.text = `${of.text}+`;
        of.isEdited = true;
        this.#add("message.edited", of.author, {
          message_id: of.id,
          text: of.text,
          editor_name: "E",
        });
        return;
      }
      case "delete": {
        const of = target(step.of);
        if (of?.text === undefined) return;
        of.text = undefined;
        of.isEdited = false;
        of.reactions.clear();
        this.#gone.add(of.id);
        const thread = of.thread === undefined ? {} : { thread: of.thread };
        this.#add("message.deleted", of.author, { message_id: of.id, by: of.author, ...thread });
        return;
      }
      case "react":
      case "unreact": {
        const of = target(step.of);
        const sign = emoji[step.emoji] ?? "A";
        const user = `u_${step.by}`;
        const users = of?.reactions.get(sign) ?? new Set<string>();
        const isOn = step.kind === "react";
        if (of?.text === undefined || users.has(user) === isOn) return;
        if (isOn) of.reactions.set(sign, users.add(user));
        else users.delete(user);
        if (users.size === 0) of.reactions.delete(sign);
        const name = isOn ? { user_name: `N${step.by}` } : {};
        this.#add(isOn ? "reaction.added" : "reaction.removed", user, {
          message_id: of.id,
          emoji: sign,
          ...name,
        });
        return;
      }
      case "update": {
        const { topic: _t, system_lines: _l, ...others } = this.settings;
        this.settings = {
          ...others,
          ...(step.topic === 0 ? {} : { topic: `t${step.topic}` }),
          ...(step.lines ? {} : { system_lines: false }),
        };
        const changes = {
          topic: step.topic === 0 ? null : `t${step.topic}`,
          system_lines: step.lines,
        };
        this.#add("room.updated", "u_1", { ...changes, editor_name: "E" });
        return;
      }
      case "join":
        this.#add("member.joined", `u_${step.by + 5}`, {
          user: `u_${step.by + 5}`,
          name: "J",
          role: "member",
        });
        return;
      default:
        step satisfies never;
    }
  }

  /** The log as it is read now: what was deleted has no payload any more, and its versions neither. */
  get stored(): EventFrame[] {
    return this.log.map((event) => {
      const data = "erased" in event ? {} : (event.data as { message_id?: string });
      const about = event.type === "message.deleted" ? undefined : data.message_id;
      const isGone = this.#gone.has(event.id) || (about !== undefined && this.#gone.has(about));
      if (!isGone) return event;
      const { data: _, ...envelope } = event as Extract<EventFrame, { data: unknown }>;
      return { ...envelope, erased: true } as EventFrame;
    });
  }

  view(said: Said): MessageView {
    const replies = this.said.filter((one) => one.thread === said.id);
    const last = replies.at(-1)?.event;
    const quoted = this.said.find((one) => one.id === said.replyTo);
    return {
      id: said.id,
      room: "r",
      sequence: said.event.sequence,
      author: said.author,
      author_name: said.text === undefined ? "" : said.author.replace("u_", "N"),
      text: said.text ?? "",
      time: said.event.time,
      ...(said.text === undefined ? { deleted: true } : {}),
      ...(said.isEdited ? { edited_at: said.event.time } : {}),
      ...(said.reactions.size === 0
        ? {}
        : {
            reactions: [...said.reactions].map(([sign, users]) => ({
              emoji: sign,
              count: users.size,
              users: [...users],
            })),
          }),
      ...(last === undefined
        ? {}
        : {
            replies: {
              count: replies.length,
              last_sequence: last.sequence,
              last_time: last.time,
              people: [...new Set(replies.map((one) => one.author))],
            },
          }),
      ...(said.thread === undefined ? {} : { thread: said.thread }),
      ...(quoted === undefined || said.text === undefined
        ? {}
        : {
            reply_to: {
              message_id: quoted.id,
              sequence: quoted.event.sequence,
              author: quoted.author,
              author_name: quoted.text === undefined ? "" : quoted.author.replace("u_", "N"),
              text: quoted.text ?? "",
              ...(quoted.text === undefined ? { deleted: true } : {}),
            },
          }),
    } as unknown as MessageView;
  }

  #say(user: number, thread: string | undefined, replyTo: string | undefined): void {
    const author = `u_${user}`;
    const text = `text ${this.log.length + 1}`;
    const place = {
      ...(thread === undefined ? {} : { thread }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    };
    const event = this.#add("message.created", author, { text, author_name: `N${user}`, ...place });
    this.said.push({
      id: event.id,
      author,
      thread,
      replyTo,
      text,
      isEdited: false,
      reactions: new Map(),
      event,
    });
  }

  #add(type: string, author: string, data: object): EventFrame {
    const sequence = this.log.length + 1;
    const time = new Date(1_700_000_000_000 + sequence * 1_000).toISOString();
    const event = {
      type,
      room: "r",
      sequence,
      id: `e${sequence}`,
      author,
      time,
      data,
    } as EventFrame;
    this.log.push(event);
    return event;
  }
}

function opened(events: readonly EventFrame[], head: number): Action {
  const about = { room: "r", epoch: "a", offset: head, head, floor: 0, kind: "public", title: "R" };
  return { type: "room_opened", room: "r", about: about as unknown as Subscribed, events };
}
const run = (...actions: readonly Action[]): ChatState => actions.reduce(reduce, initialState(me));
const opening: Action = { type: "room_opening", room: "r" };
const live = (event: EventFrame): Action => ({ type: "event", event });
function roomOf(state: ChatState): RoomState {
  const room = state.rooms["r"];
  if (room === undefined) throw new Error("no room");
  return room;
}

/** What a reader sees, without names of people whom a page knows by id only. */
function seen(rows: readonly Row[]): unknown {
  return rows.map((row) =>
    row.kind === "system"
      ? row
      : {
          ...row,
          // What is new is the reader's, not the log's.
          newSince: undefined,
          // Of one that was erased the name is gone for who comes later.
          name: row.text === undefined ? "" : row.name,
          reactions: row.reactions.map(({ emoji: sign, count, mine }) => ({ sign, count, mine })),
          replies: row.replies && {
            ...row.replies,
            people: row.replies.people.map(({ id }) => id),
          },
          // A quote of a deleted message has only its id to go by.
          quote: row.quote && (row.quote.state === "gone" ? "gone" : row.quote),
        },
  );
}

/** What a deleted message answered is erased with it, so later readers see no quote there. */
function withoutErasedQuotes(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) =>
    row.kind === "message" && row.text === undefined
      ? { ...row, quote: undefined, first: true }
      : { ...row, ...(row.kind === "message" ? { first: true } : {}) },
  );
}
const shown = (rows: readonly Row[]): unknown => seen(withoutErasedQuotes(rows));

function history(steps: readonly Step[]): Model {
  const model = new Model();
  for (const each of steps) model.do(each);
  return model;
}
function threadPage(model: Model, root: Said): ThreadPage {
  const messages = model.said
    .filter((said) => said.thread === root.id)
    .map((said) => model.view(said));
  const standing = { room: "r", thread: root.id, following: false, read_mark: 0, unread: 0 };
  return {
    ...standing,
    epoch: "a",
    head: model.log.length,
    root: model.view(root),
    messages,
  } as unknown as ThreadPage;
}
const steps = fc.array(step, { minLength: 1, maxLength: 40 });
const cut = fc.nat(40);

describe("random histories", () => {
  test("[I-4] events one by one show what a fresh reading of the log shows", () => {
    fc.assert(
      fc.property(steps, cut, (all, at) => {
        const before = history(all.slice(0, at));
        const model = history(all);
        const later = model.log.slice(before.log.length);
        const stepwise = roomOf(
          run(opening, opened(before.stored, before.log.length), ...later.map(live)),
        );
        const fresh = roomOf(run(opening, opened(model.stored, model.log.length)));
        expect(shown(buildRows(stepwise, me))).toEqual(shown(buildRows(fresh, me)));
        expect(stepwise.settings).toEqual(model.settings);
        expect(fresh.settings).toEqual(model.settings);
      }),
      { numRuns: 300 },
    );
  });

  test("[I-4] a thread's page with later events shows what a newer page shows", () => {
    fc.assert(
      fc.property(steps, cut, fc.nat(), (all, at, pick) => {
        const before = history(all.slice(0, at));
        const model = history(all);
        const roots = before.said.filter((said) => said.thread === undefined);
        const chosen = roots[pick % Math.max(1, roots.length)];
        const now = model.said.find((said) => said.id === chosen?.id);
        if (chosen === undefined || now === undefined) return;
        const load = (from: Model, root: Said): Action => ({
          type: "thread_loaded",
          room: "r",
          thread: root.id,
          page: threadPage(from, root),
          hasOlder: false,
          isOlder: false,
        });
        const begin: Action = { type: "thread_opening", room: "r", thread: chosen.id };
        const stepwise = roomOf(
          run(
            opening,
            opened(before.stored, before.log.length),
            begin,
            load(before, chosen),
            ...model.log.slice(before.log.length).map(live),
          ),
        );
        const fresh = roomOf(
          run(opening, opened(model.stored, model.log.length), begin, load(model, now)),
        );
        const rowsOf = (room: RoomState): unknown => {
          const thread = room.threads[chosen.id];
          if (thread === undefined) throw new Error("no thread");
          return shown(buildThreadRows(chosen.id, thread, room, me));
        };
        expect(rowsOf(stepwise)).toEqual(rowsOf(fresh));
      }),
      { numRuns: 300 },
    );
  });

  test("[I-4] a window with views and later events shows its part of the newest state", () => {
    fc.assert(
      fc.property(steps, cut, cut, (all, at, end) => {
        const before = history(all.slice(0, at));
        const model = history(all);
        const until = Math.min(end, before.log.length - 2);
        if (until < 1) return;
        const views = before.said
          .filter((said) => said.thread === undefined && said.event.sequence <= until)
          .map((said) => before.view(said));
        const page = before.stored.slice(0, until);
        // Of the newest part one event is loaded, so that the window does not meet it.
        const newest = before.stored.slice(-1);
        const state = run(
          opening,
          opened(newest, before.log.length),
          { type: "window_opening", room: "r" },
          {
            type: "window_loaded",
            room: "r",
            part: { events: page, views, asOf: before.log.length },
          },
          ...model.log.slice(before.log.length).map(live),
        );
        const room = roomOf(state);
        if (room.window === undefined) return;
        const expected = buildRows(
          {
            ...roomOf(run(opening, opened(model.stored, model.log.length))),
            settings: room.settings,
          },
          me,
        ).filter((row) => (row.sequence ?? 0) <= until);
        // Lines of who came are one line over the end of a window too.
        const strip = (rows: readonly Row[]): unknown =>
          (shown(rows.filter((row) => row.kind === "message")) as { quote?: unknown }[]).map(
            // What is quoted may be outside of the window: then it is asked for.
            ({ quote, ...row }) => ({ ...row, hasQuote: quote !== undefined }),
          );
        expect(strip(buildRows(room, me))).toEqual(strip(expected));
      }),
      { numRuns: 300 },
    );
  });
});
