/**
 * What the clients of one document show of themselves: selections, colours. Each node speaks for its own connections, as with presence;
 * all nodes keep what the others said, so that whoever comes is told of everybody at once.
 *
 * A client belongs to the connection that named it first, and for a while after that to its user. What others say of it is left out:
 * providers repeat what they heard, and nobody may move somebody else's cursor.
 */
import {
  type AwarenessEvent,
  type AwarenessSet,
  type AwarenessState,
  type ClientState,
  type JsonObject,
  limits,
  type UserId,
} from "@parlance/protocol";
import type { Connection } from "./connection.ts";
import type { Identity, Timer } from "./ports/index.ts";
import type { Room, RoomContext } from "./room.ts";

/** What came within so long is told together. Milliseconds. */
const intervalMs = 50;
/** Clients say who they are every 15 s; who was not heard for so long is gone, as for clients themselves. */
const silentMs = 30_000;
/** A client that is gone stays its user's for so long. */
const reservedMs = 60_000;
/** Clients that are kept of one document, and such that are gone. */
const maxClients = 2_000;
/** States in one event. Of the longest it is half a MiB. */
const statesPerEvent = 32;

interface Shown {
  clock: number;
  state: JsonObject;
  user: UserId;
  /** Undefined: another node's. */
  owner: Connection | undefined;
  /** Nobody is told, as its user is invisible. */
  isHidden: boolean;
  /** Monotonic milliseconds. */
  heardAt: number;
}

interface Gone {
  readonly clock: number;
  readonly user: UserId;
  readonly at: number;
}

export class Awareness {
  readonly #room: Room;
  readonly #context: RoomContext;
  readonly #shown = new Map<number, Shown>();
  /** Those that went, the longest ago first. */
  readonly #gone = new Map<number, Gone>();
  /** Changed here since it was told last. */
  #waiting = new Map<number, AwarenessState>();
  #timer: Timer | undefined;

  constructor(room: Room, context: RoomContext) {
    this.#room = room;
    this.#context = context;
  }

  /** Takes what a connection's clients show. `identity` is the connection's. */
  set(
    connection: Connection,
    identity: Identity,
    states: readonly ClientState[],
    begins: boolean,
  ): Omit<AwarenessSet, "room"> {
    const foreign: number[] = [];
    const behind: { client: number; clock: number }[] = [];
    const isHidden = this.#context.people.shown(identity) === undefined;
    for (const { client, clock, state } of states) {
      let known = this.#shown.get(client);
      if (known !== undefined && known.owner !== connection) {
        if (!begins || known.user !== identity.user) {
          foreign.push(client);
          continue;
        }
        known.owner = connection;
      }
      const gone = this.#gone.get(client);
      if (known === undefined && gone !== undefined && this.#isReserved(gone)) {
        if (gone.user !== identity.user) {
          foreign.push(client);
          continue;
        }
        // Whoever was told that it went would take this for older news.
        if (state !== null && clock <= gone.clock) {
          behind.push({ client, clock: gone.clock });
          continue;
        }
      }
      if (known === undefined) {
        if (state === null || this.#isFull(connection)) continue;
        known = { clock: -1, state, user: identity.user, owner: connection, isHidden, heardAt: 0 };
        this.#shown.set(client, known);
        this.#gone.delete(client);
      }
      if (clock < known.clock) {
        behind.push({ client, clock: known.clock });
        continue;
      }
      known.heardAt = this.#context.clock.monotonic();
      if (state === null) this.#remove(client, known, clock);
      else if (clock > known.clock) {
        if (isHidden && !known.isHidden) this.#tell(goneState(client, known));
        known.isHidden = isHidden;
        known.clock = clock;
        known.state = signed(state, identity);
        if (!isHidden) this.#tell(shownState(client, known));
      }
    }
    return { foreign, behind };
  }

  /** What everybody shows, on every node. */
  list(): AwarenessState[] {
    this.#expire();
    const states: AwarenessState[] = [];
    for (const [client, known] of this.#shown) {
      if (!known.isHidden) states.push(shownState(client, known));
    }
    return states;
  }

  /** A connection's subscription is over, and so is what it showed. */
  went(connection: Connection): void {
    for (const [client, known] of this.#shown) {
      if (known.owner === connection) this.#remove(client, known, known.clock);
    }
  }

  /** Somebody here may be seen otherwise now: who became invisible is taken away at once, who did not comes with what they show next. */
  moved(identity: Identity): void {
    if (this.#context.people.shown(identity) !== undefined) return;
    for (const [client, known] of this.#shown) {
      if (known.user !== identity.user || known.owner === undefined || known.isHidden) continue;
      known.isHidden = true;
      this.#tell(goneState(client, known));
    }
  }

  /** What another node told. @returns what of it is news to the people here. */
  heard(event: AwarenessEvent): AwarenessEvent | undefined {
    const news = event.states.filter((state) => this.#isNews(state));
    return news.length === 0 ? undefined : { ...event, states: news };
  }

  /** Another node wants to know what is shown here. */
  asked(): void {
    const states: AwarenessState[] = [];
    for (const [client, known] of this.#shown) {
      if (known.owner !== undefined && !known.isHidden) states.push(shownState(client, known));
    }
    for (const event of this.#events(states)) {
      this.#context.broker.publish(this.#room.record.room, { type: "ephemeral", event });
    }
  }

  /** Takes those away who were not heard. Called now and then. */
  tick(): void {
    this.#expire();
    for (const [client, gone] of this.#gone) {
      if (this.#isReserved(gone)) break;
      this.#gone.delete(client);
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#shown.clear();
    this.#gone.clear();
    this.#waiting.clear();
  }

  #isNews({ client, clock, user, state }: AwarenessState): boolean {
    const known = this.#shown.get(client);
    if (state === null) {
      // Of one that came here meanwhile, its old node tells that it went.
      if (known === undefined || known.owner !== undefined || clock < known.clock) return false;
      this.#forget(client, known, clock);
      return true;
    }
    const before = known ?? this.#gone.get(client);
    if (before !== undefined && clock <= before.clock) return false;
    if (known === undefined && this.#shown.size >= maxClients) return false;
    this.#gone.delete(client);
    const heardAt = this.#context.clock.monotonic();
    const owner = undefined;
    this.#shown.set(client, { clock, state, user, owner, isHidden: false, heardAt });
    return true;
  }

  #isFull(connection: Connection): boolean {
    if (this.#shown.size >= maxClients) return true;
    let own = 0;
    for (const { owner } of this.#shown.values()) if (owner === connection) own += 1;
    return own >= limits.awarenessClients;
  }

  #isReserved({ at }: Gone): boolean {
    return this.#context.clock.monotonic() - at < reservedMs;
  }

  #remove(client: number, known: Shown, clock: number): void {
    this.#forget(client, known, clock);
    if (!known.isHidden) this.#tell(goneState(client, { ...known, clock }));
  }

  #forget(client: number, { user }: Shown, clock: number): void {
    this.#shown.delete(client);
    this.#gone.delete(client);
    this.#gone.set(client, { clock, user, at: this.#context.clock.monotonic() });
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > maxClients && oldest !== undefined) this.#gone.delete(oldest);
  }

  /* Every node does so for its own people: the client's own may have died. */
  #expire(): void {
    const now = this.#context.clock.monotonic();
    const states: AwarenessState[] = [];
    for (const [client, known] of this.#shown) {
      if (now - known.heardAt < silentMs) continue;
      this.#forget(client, known, known.clock);
      if (!known.isHidden) states.push(goneState(client, known));
    }
    for (const event of this.#events(states)) this.#room.deliverEphemeral(event);
  }

  /** Tells everybody: at once, or together with what comes within the interval. */
  #tell(state: AwarenessState): void {
    this.#waiting.set(state.client, state);
    if (this.#timer === undefined) this.#tellWaiting();
  }

  #tellWaiting(): void {
    const states = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#timer = undefined;
    if (states.length === 0) return;
    this.#timer = this.#context.clock.after(intervalMs, () => this.#tellWaiting());
    for (const event of this.#events(states)) this.#room.signal(event);
  }

  *#events(states: readonly AwarenessState[]): Generator<AwarenessEvent> {
    const { room } = this.#room.record;
    for (let from = 0; from < states.length; from += statesPerEvent) {
      const some = states.slice(from, from + statesPerEvent);
      yield { type: "document.awareness", room, states: some };
    }
  }
}

function shownState(client: number, { clock, user, state }: Shown): AwarenessState {
  return { client, clock, user, state };
}

function goneState(client: number, { clock, user }: Shown): AwarenessState {
  return { client, clock, user, state: null };
}

/* Security: a name in a frame is anybody's. Editors show `user.name` beside the cursor, so it is the name of whose connection it is. */
function signed(state: JsonObject, { user, name }: Identity): JsonObject {
  const { user: said } = state;
  const own = isObject(said) ? said : {};
  return { ...state, user: { ...own, id: user, name } };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
