/** Binds the SDK to the state: listens, asks, and turns the reader's acts into commands. */
import { type Client, ClientError, type Outgoing, type Room } from "@parlance/client";
import type { ChatState, Link, OutgoingView, RoomState } from "./model.ts";
import { createReadMarks } from "./read-marks.ts";
import { type Action, initialState, reduce } from "./state.ts";
import type { EventFrame, WireUser } from "./wire.ts";

/** Milliseconds after which a reader forgets a `typing` that was not repeated (protocol, `typing`). */
const typingExpiryMs = 6_000;
/** Events of a room that stay in memory when one looks at another. */
const keptEvents = 200;
/** Events that a check after a reconnect covers; a click covers all. */
const quickCheckEvents = 1_000;
/** How long after a reconnect the room is checked. */
const settleMs = 1_500;
/** The list of rooms is not asked for more often than this when the window comes to the front. */
const listingAgeMs = 5_000;

/** What the components see. Acts return at once; what comes of them is in the state. */
export interface Chat {
  readonly client: Client;
  get(): ChatState;
  subscribe(listen: () => void): () => void;
  /** Loads a room and keeps it live. `join`: become a member if one is not, and may. */
  open(room: string, join: boolean): Promise<void>;
  /** The reader looks elsewhere; most of the room's messages may be forgotten. */
  leaveView(room: string): void;
  loadOlder(room: string): Promise<void>;
  send(room: string, text: string): void;
  retry(room: string, clientMessageId: string): void;
  discard(room: string, clientMessageId: string): void;
  /** @throws ClientError when the server refuses. */
  join(room: string): Promise<void>;
  /** @throws ClientError when the server refuses. */
  leave(room: string): Promise<void>;
  /** Makes a room and resolves with its id. @throws ClientError when the server refuses. */
  createRoom(kind: "public" | "private", title: string): Promise<string>;
  setReading(room: string, isReading: boolean): void;
  typing(room: string, active: boolean): void;
  listPeople(room: string): Promise<void>;
  listRooms(): Promise<void>;
  check(room: string): Promise<void>;
  /** Does not wait for the next attempt. */
  tryNow(): void;
  /** Stops everything; the object is of no use afterwards. */
  close(): void;
}

/** Starts the chat of one signed-in user. The client must not be connected yet. */
export function startChat(client: Client, me: WireUser): Chat {
  let state = initialState(me);
  let open: string | undefined;
  let listedAt = 0;
  const listeners = new Set<() => void>();
  const bound = new Set<string>();
  const withPresence = new Set<string>();
  /** Subscriptions that only count, begun or beginning. */
  const counting = new Map<string, Promise<unknown>>();
  const loading = new Map<string, Promise<void>>();

  const dispatch = (action: Action): void => {
    const next = reduce(state, action);
    if (next === state) return;
    state = next;
    for (const listen of listeners) listen();
  };
  const roomState = (id: string): RoomState | undefined => state.rooms[id];
  const readMarks = createReadMarks(async (id, sequence) => {
    const { unread } = await client.room(id).markRead(sequence);
    dispatch({ type: "marked_read", room: id, unread });
  });

  /** Listens to a room, once. */
  const bind = (id: string): Room => {
    const room = client.room(id);
    if (bound.has(id)) return room;
    bound.add(id);
    room.on("event", (event) => receive(id, event));
    room.on("ephemeral", (event) => {
      if (event.type === "typing" && event.user !== me.id) {
        const until = event.active ? Date.now() + typingExpiryMs : undefined;
        dispatch({ type: "typing", room: id, user: event.user, name: event.name, until });
      }
      if (event.type === "presence") {
        dispatch({ type: "presence", room: id, online: event.online, offline: event.offline });
      }
    });
    room.on("outgoing", (entry) => noteOutgoing(id, entry));
    room.on("reset", () => {
      dispatch({ type: "room_opening", room: id, anew: true });
      if (open === id) void load(id);
    });
    room.on("unsubscribed", () => {
      withPresence.delete(id);
      counting.delete(id);
      dispatch({ type: "room_refused", room: id, status: "gone" });
      void listRooms();
    });
    return room;
  };

  const receive = (id: string, event: EventFrame): void => {
    dispatch({ type: "event", event });
    if (roomState(id)?.isReading === true && event.author !== me.id)
      readMarks.mark(id, event.sequence);
    if (event.type !== "message.created") listPeopleSoon(id);
  };

  let listingPeople: ReturnType<typeof setTimeout> | undefined;
  /** Many who come and go at once are one question. */
  const listPeopleSoon = (id: string): void => {
    clearTimeout(listingPeople);
    listingPeople = setTimeout(() => void listPeople(id), 300);
  };

  const noteOutgoing = (id: string, entry: Outgoing): void =>
    dispatch({ type: "outgoing_changed", room: id, entry: viewOf(entry) });

  /** Live delivery with presence. One that runs without is taken up again at its place. */
  const follow = async (room: Room): Promise<NonNullable<Room["subscription"]>> => {
    await counting.get(room.id);
    counting.delete(room.id);
    const { position, subscription } = room;
    if (withPresence.has(room.id) && subscription !== undefined) return subscription;
    if (subscription === undefined || position === undefined) {
      const begun = await room.subscribe({ presence: true });
      withPresence.add(room.id);
      return begun;
    }
    await room.unsubscribe();
    const resumed = await room.subscribe({ presence: true, position });
    withPresence.add(room.id);
    return resumed;
  };

  /** Loads a room's newest messages; what is under way is not begun twice. */
  const load = (id: string): Promise<void> => {
    const begun = loading.get(id) ?? loadNewest(id).finally(() => loading.delete(id));
    loading.set(id, begun);
    return begun;
  };
  const loadNewest = async (id: string): Promise<void> => {
    const room = bind(id);
    try {
      const about = await follow(room);
      // The listing knows how far one has read.
      await listing;
      const unread = roomState(id)?.unread ?? 0;
      const page = await room.history({ limit: Math.min(200, Math.max(50, unread + 20)) });
      dispatch({
        type: "room_opened",
        room: id,
        about: { ...about, head: page.head, floor: page.floor, epoch: page.epoch },
        events: page.events,
      });
    } catch (error) {
      const status =
        codeOf(error) === "not_found" || codeOf(error) === "forbidden" ? "gone" : "failed";
      if (roomState(id)?.status !== "ready") dispatch({ type: "room_refused", room: id, status });
    }
  };

  let listing: Promise<void> | undefined;
  const listRooms = (): Promise<void> => {
    listing = list();
    return listing;
  };
  const list = async (): Promise<void> => {
    listedAt = Date.now();
    try {
      const rooms = await client.listRooms();
      dispatch({ type: "rooms_listed", ...rooms });
      for (const view of rooms.joined) {
        const isFollowed = withPresence.has(view.room) || counting.has(view.room);
        if (isFollowed || view.room === open) continue;
        // One that cannot be followed shows that when it is opened.
        const begun = bind(view.room).subscribe();
        counting.set(
          view.room,
          begun.catch(() => undefined),
        );
      }
    } catch {
      dispatch({ type: "rooms_failed" });
    }
  };

  const listPeople = async (id: string): Promise<void> => {
    if (open !== id) return;
    const room = client.room(id);
    const [members, online] = await Promise.allSettled([room.members(), room.presence()]);
    if (members.status === "fulfilled") {
      dispatch({ type: "members_listed", room: id, members: members.value });
    }
    if (online.status === "fulfilled") {
      dispatch({ type: "people_listed", room: id, online: online.value });
    }
  };

  const check = async (id: string, from?: number): Promise<void> => {
    dispatch({ type: "check_changed", room: id, check: { kind: "checking" } });
    const before = roomState(id);
    try {
      const result = await client.room(id).verify(from === undefined ? {} : { from });
      dispatch({
        type: "check_changed",
        room: id,
        check: result.complete
          ? { kind: "complete", from: result.from, to: result.to }
          : { kind: "broken", from: (before?.floor ?? 0) + 1, to: result.sequence },
      });
    } catch {
      dispatch({ type: "check_changed", room: id, check: { kind: "failed" } });
    }
  };

  let checking: ReturnType<typeof setTimeout> | undefined;
  /** After an interruption, once what was missed and what waited has come. */
  const checkSoon = (id: string): void => {
    clearTimeout(checking);
    checking = setTimeout(() => {
      const room = roomState(id);
      if (open !== id || room?.status !== "ready" || room.head <= room.floor) return;
      void check(id, Math.max(room.floor + 1, room.head - quickCheckEvents + 1));
    }, settleMs);
  };

  let wasInterrupted = false;
  const followLink = (): void => {
    const link = linkOf(client.state);
    dispatch({ type: "link_changed", link });
    if (link.kind === "waiting") wasInterrupted = true;
    if (link.kind !== "online") return;
    void listRooms();
    if (open === undefined) return;
    const room = roomState(open);
    if (room?.status !== "ready") void load(open);
    else void listPeople(open);
    if (wasInterrupted) checkSoon(open);
    wasInterrupted = false;
  };

  const forgetTyping = setInterval(
    () => dispatch({ type: "typing_expired", now: Date.now() }),
    1_000,
  );
  const unlisten = client.on("state", followLink);
  const onVisible = (): void => {
    if (document.visibilityState !== "visible" || state.link.kind !== "online") return;
    if (Date.now() - listedAt > listingAgeMs) void listRooms();
  };
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("focus", onVisible);
  client.connect().catch(() => undefined);

  return {
    client,
    get: () => state,
    subscribe: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    open: async (id, join) => {
      open = id;
      dispatch({ type: "room_opening", room: id });
      if (roomState(id)?.status !== "ready") await load(id);
      const room = roomState(id);
      if (join && room?.status === "ready" && room.role === undefined) {
        await joinRoom(id).catch(() => undefined);
      }
      await listPeople(id);
    },
    leaveView: (id) => {
      if (open === id) open = undefined;
      dispatch({ type: "reading_changed", room: id, isReading: false });
      dispatch({ type: "room_trimmed", room: id, keep: keptEvents });
    },
    loadOlder: async (id) => {
      const room = roomState(id);
      const first = room?.events[0]?.sequence;
      if (room === undefined || first === undefined || first <= room.floor + 1) return;
      if (room.older === "loading") return;
      dispatch({ type: "older_loading", room: id });
      try {
        const page = await client.room(id).history({ before: first, limit: 100 });
        if (page.epoch !== roomState(id)?.epoch) return;
        dispatch({ type: "older_loaded", room: id, floor: page.floor, events: page.events });
      } catch {
        dispatch({ type: "older_failed", room: id });
      }
    },
    send: (id, text) => noteOutgoing(id, bind(id).publish(text)),
    retry: (id, clientMessageId) =>
      client
        .room(id)
        .outgoing.find((entry) => entry.clientMessageId === clientMessageId)
        ?.retry(),
    discard: (id, clientMessageId) => {
      client
        .room(id)
        .outgoing.find((entry) => entry.clientMessageId === clientMessageId)
        ?.discard();
      dispatch({ type: "outgoing_discarded", room: id, id: clientMessageId });
    },
    join: joinRoom,
    leave: async (id) => {
      await client.room(id).leave();
      withPresence.delete(id);
      counting.delete(id);
      await client.room(id).unsubscribe();
      dispatch({ type: "room_left", room: id });
      await listRooms();
    },
    createRoom: async (kind, title) => {
      const view = await client.createRoom({ kind, title });
      await listRooms();
      return view.room;
    },
    setReading: (id, isReading) => {
      const room = roomState(id);
      if (room === undefined || room.isReading === isReading) return;
      dispatch({ type: "reading_changed", room: id, isReading });
      if (isReading && room.role !== undefined) readMarks.mark(id, room.head);
    },
    typing: (id, active) => client.room(id).typing(active),
    listPeople,
    listRooms,
    check,
    tryNow: () => {
      client.close();
      client.connect().catch(() => undefined);
    },
    close: () => {
      clearInterval(forgetTyping);
      clearTimeout(listingPeople);
      clearTimeout(checking);
      readMarks.close();
      unlisten();
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("focus", onVisible);
      client.close();
    },
  };

  async function joinRoom(id: string): Promise<void> {
    await client.room(id).join();
    dispatch({ type: "room_joined", room: id });
    await listRooms();
    await listPeople(id);
  }
}

function viewOf(entry: Outgoing): OutgoingView {
  return {
    clientMessageId: entry.clientMessageId,
    text: entry.text,
    time: new Date(entry.createdAt).toISOString(),
    state: entry.state,
    reason: entry.error?.code,
  };
}

function linkOf(state: Client["state"]): Link {
  switch (state.status) {
    case "idle":
    case "connecting":
      return { kind: "connecting" };
    case "online":
      return { kind: "online" };
    case "waiting":
      return { kind: "waiting", retryAt: state.retryAt, code: state.error.code };
    case "closed":
      return { kind: "closed", code: state.error?.code ?? "closed" };
    default:
      return state satisfies never;
  }
}

function codeOf(error: unknown): string {
  return error instanceof ClientError ? error.code : "internal";
}
