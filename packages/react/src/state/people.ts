/** What is known of people, whichever room it was told in. Pure, like the reducer that uses it. */
import type {
  ChosenStatus,
  OwnProfile,
  PersonView,
  PresenceState,
  PresentUser,
} from "@parlance/client";
import type { Action } from "./actions.ts";
import type { ChatState } from "./model.ts";

/** Somebody as the reader may see them now. */
export interface KnownPerson {
  readonly name: string;
  readonly state: PresenceState;
  readonly status: ChosenStatus | undefined;
  /** Id of their picture. */
  readonly picture: string | undefined;
}

/** By user id. */
export type KnownPeople = Readonly<Record<string, KnownPerson>>;

/** A room's people were listed, came, changed or went. */
export function followPeople(state: ChatState, action: Action): ChatState {
  switch (action.type) {
    case "people_listed":
      return withPresent(state, action.online);
    case "presence": {
      const next = withPresent(state, [...action.online, ...(action.changed ?? [])]);
      return withGone(next, action.offline);
    }
    default:
      return state;
  }
}

/** The members of a room, with what they say of themselves. */
export function withListed(state: ChatState, listed: readonly PersonView[]): ChatState {
  return withPeople(
    state,
    listed.map(({ user, picture, status, state: presence }) => [
      user.id,
      { name: user.name, picture, status, state: presence },
    ]),
  );
}

/** What the reader chose, on whichever device. */
export function withOwn(state: ChatState, own: OwnProfile): ChatState {
  const { me } = state;
  const { name, picture, status, availability } = own;
  const presence = availability === "invisible" ? "offline" : (availability ?? "active");
  const next = {
    ...state,
    own,
    me: me.name === name ? me : { ...me, name },
  };
  return withPeople(next, [[me.id, { name, picture, status, state: presence }]]);
}

function withPresent(state: ChatState, present: readonly PresentUser[]): ChatState {
  // To oneself one is there; that nobody else sees it is what has to show.
  const isHidden = state.own?.availability === "invisible";
  return withPeople(
    state,
    present
      .filter(({ id }) => !isHidden || id !== state.me.id)
      .map(({ id, name, picture, status, state: presence }) => [
        id,
        { name, picture, status, state: presence ?? "active" },
      ]),
  );
}

/** Who went from one room may be in another. */
function withGone(state: ChatState, gone: readonly string[]): ChatState {
  const rooms = Object.values(state.rooms);
  const isHere = (id: string): boolean =>
    rooms.some((room) => room.online?.some((user) => user.id === id) === true);
  return withPeople(
    state,
    gone.flatMap((id) => {
      const known = state.people[id];
      return known === undefined || isHere(id) ? [] : [[id, { ...known, state: "offline" }]];
    }),
  );
}

function withPeople(
  state: ChatState,
  people: readonly (readonly [string, KnownPerson])[],
): ChatState {
  const changed = people.filter(([id, person]) => !isSame(state.people[id], person));
  if (changed.length === 0) return state;
  return { ...state, people: { ...state.people, ...Object.fromEntries(changed) } };
}

function isSame(before: KnownPerson | undefined, after: KnownPerson): boolean {
  return (
    before?.name === after.name &&
    before.state === after.state &&
    before.picture === after.picture &&
    before.status?.emoji === after.status?.emoji &&
    before.status?.text === after.status?.text &&
    before.status?.until === after.status?.until
  );
}

/** What somebody says they are at, unless it is over at that time, in milliseconds since the epoch. */
export function statusAt(status: ChosenStatus | undefined, now: number): ChosenStatus | undefined {
  if (status?.until === undefined) return status;
  return Date.parse(status.until) > now ? status : undefined;
}

/** Whether somebody does not want to be disturbed at that time. */
export function isDnd(own: OwnProfile | undefined, now: number): boolean {
  if (own?.availability !== "dnd") return false;
  return own.availability_until === undefined || Date.parse(own.availability_until) > now;
}
