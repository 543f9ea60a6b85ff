import type { MemberView, OwnProfile, PersonView, PresentUser, WireUser } from "@parlance/client";
import { describe, expect, test } from "vitest";
import type { ChatState } from "./model.ts";
import { isDnd, statusAt } from "./people.ts";
import { initialState, reduce } from "./state.ts";

const user = (id: string, more: Partial<PresentUser> = {}): PresentUser =>
  ({ id, name: id, kind: "guest", ...more }) as PresentUser;
const me = user("me") as WireUser;
const soon = new Date(Date.now() + 60_000).toISOString();

function start(...rooms: string[]): ChatState {
  let state = initialState(me);
  for (const room of rooms) state = reduce(state, { type: "room_opening", room });
  return state;
}

describe("people", () => {
  test("are known by whichever room told of them, and are gone when they left the last of these", () => {
    let state = start("a", "b");
    state = reduce(state, { type: "people_listed", room: "a", online: [user("ann")] });
    state = reduce(state, { type: "people_listed", room: "b", online: [user("ann")] });
    state = reduce(state, { type: "presence", room: "a", online: [], offline: ["ann"] });
    expect(state.people["ann"]?.state).toBe("active");
    state = reduce(state, { type: "presence", room: "b", online: [], offline: ["ann"] });
    expect(state.people["ann"]).toMatchObject({ state: "offline", name: "ann" });
  });

  test("change their name, state, status and picture where they are shown, without coming again", () => {
    let state = start("a");
    state = reduce(state, { type: "people_listed", room: "a", online: [user("ann"), user("bob")] });
    const changed = user("ann", { name: "Ann B.", state: "dnd", status: { text: "cooking" } });
    state = reduce(state, {
      type: "presence",
      room: "a",
      online: [],
      offline: [],
      changed: [changed],
    });
    expect(state.rooms["a"]?.online?.map(({ name }) => name)).toEqual(["Ann B.", "bob"]);
    expect(state.people["ann"]).toEqual({
      name: "Ann B.",
      state: "dnd",
      status: { text: "cooking" },
      picture: undefined,
    });
    const same = reduce(state, {
      type: "people_listed",
      room: "a",
      online: [changed, user("bob")],
    });
    expect(same.people).toBe(state.people);
  });

  test("[I-21] how far they read only grows: also while members are listed, by a list that is older", () => {
    const member = (id: string, mark: number): MemberView =>
      ({ user: user(id), role: "member", read_mark: mark }) as MemberView;
    const marks = (of: ChatState): unknown =>
      of.rooms["a"]?.members?.map(({ user: { id }, read_mark: mark }) => [id, mark]);
    let state = start("a");
    state = reduce(state, { type: "member_read", room: "a", user: "ann", readMark: 7 });
    expect(marks(state)).toBeUndefined();
    state = reduce(state, {
      type: "members_listed",
      room: "a",
      members: [member("ann", 5), member("bob", 6)],
    });
    expect(marks(state)).toEqual([
      ["ann", 7],
      ["bob", 6],
    ]);
    state = reduce(state, { type: "member_read", room: "a", user: "bob", readMark: 4 });
    state = reduce(state, { type: "member_read", room: "a", user: "bob", readMark: 9 });
    expect(marks(state)).toEqual([
      ["ann", 7],
      ["bob", 9],
    ]);
    // What was in no list since is what the next one is at least; then the list counts.
    state = reduce(state, { type: "members_listed", room: "a", members: [member("bob", 6)] });
    expect(marks(state)).toEqual([["bob", 9]]);
    state = reduce(state, { type: "members_listed", room: "a", members: [member("bob", 0)] });
    expect(marks(state)).toEqual([["bob", 0]]);
  });

  test("members who are not here are known too, with what they say", () => {
    const view = { user: user("cat"), state: "offline", status: { emoji: "🌴" } } as PersonView;
    const state = reduce(start("a"), { type: "profiles_listed", people: [view] });
    expect(state.people["cat"]).toMatchObject({ state: "offline", status: { emoji: "🌴" } });
  });

  test("oneself goes by the new name at once, and is shown as unseen while invisible", () => {
    const own: OwnProfile = { name: "Ann", availability: "invisible" };
    let state = reduce(start("a"), { type: "own_profile", own });
    expect(state.me.name).toBe("Ann");
    state = reduce(state, { type: "people_listed", room: "a", online: [user("me")] });
    expect(state.people["me"]?.state).toBe("offline");
    state = reduce(state, { type: "own_profile", own: { name: "Ann" } });
    expect(state.people["me"]?.state).toBe("active");
  });
});

test("what has an end is over by then", () => {
  const now = Date.now();
  expect(statusAt({ text: "x", until: soon }, now)).toBeDefined();
  expect(statusAt({ text: "x", until: soon }, now + 61_000)).toBeUndefined();
  expect(statusAt({ text: "x" }, now)).toEqual({ text: "x" });
  const dnd: OwnProfile = { name: "x", availability: "dnd", availability_until: soon };
  expect(isDnd(dnd, now)).toBe(true);
  expect(isDnd(dnd, now + 61_000)).toBe(false);
  expect(isDnd({ name: "x", availability: "away" }, now)).toBe(false);
  expect(isDnd(undefined, now)).toBe(false);
});
