/**
 * Random histories of a room. Applied one by one as they come, they must show what a fresh reading of the same log shows: its newest part, a
 * window further back with views, and each thread by its own page. The log erases what is deleted, as the server does.
 */
import type { EventFrame, Subscribed, ThreadPage } from "@parlance/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Action } from "../state/actions.ts";
import type { ChatState, RoomState } from "../state/model.ts";
import { initialState, reduce } from "../state/state.ts";
import { Model, me, type Said, type Step, step } from "./model-room.ts";
import { buildRows, buildThreadRows, type Row } from "./rows.ts";

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
