/** Which rooms are followed, and what comes from them: subscriptions, first pages, listings. */
import type { Client, EventFrame, Outgoing, Room, Subscribed, Unlisten } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import { threadOf } from "../state/main-line.ts";
import type { OutgoingView, RoomState } from "../state/model.ts";
import { isRead } from "../state/unread.ts";
import { codeOf } from "./failure-text.ts";

/** Milliseconds after which a reader forgets a `typing` that was not repeated (protocol, `typing`). */
const typingExpiryMs = 6_000;
/** Many who come and go within this time are one question who is here. */
const settlePeopleMs = 300;
/** Events of the first page: so many, or all unread ones and a little more up to what one page holds. */
const firstPage = { least: 50, most: 200, beyondUnread: 20 };

/** What live rooms need of the chat around them. */
export interface RoomsHost {
  readonly client: Client;
  /** Id of the reader. */
  readonly me: string;
  dispatch(action: Action): void;
  roomState(id: string): RoomState | undefined;
  /** Whether the room is on the screen. */
  isOpen(id: string): boolean;
  /** A room that is there for everybody, whether or not somebody has written in it yet. */
  readonly landingRoom: string | undefined;
  /** Somebody else's message or another event came into a room that is being read. */
  onRead(id: string, sequence: number): void;
  /** The room is closed to the reader: what is kept of it has to go. */
  onGone(id: string): void;
  /** The reader's own message or another event of theirs came into a room that is being read. */
  onWritten(id: string, sequence: number): void;
  /** Somebody wrote in a thread. */
  onReply(id: string, thread: string): void;
}

/** The rooms of one chat. Nothing here throws; what fails is in the state. */
export interface LiveRooms {
  /** Listens to a room, once. */
  bind(id: string): Room;
  /**
   * Follows a room with presence and loads its newest messages; what is under way is not begun twice. `join`:
   * becomes a member first if one is not; where that is refused, one reads only.
   */
  load(id: string, join?: boolean): Promise<void>;
  /** Becomes a member. @throws ClientError when the server refuses. */
  join(id: string): Promise<void>;
  /** Asks for the list of rooms and follows the reader's own. */
  list(): Promise<void>;
  listPeople(id: string): Promise<void>;
  /** Stops following a room. */
  drop(id: string): Promise<void>;
  /** Takes an own message into the state, or a change of it. */
  noteOutgoing(id: string, entry: Outgoing): void;
  /** An own message that is not stored yet. */
  outgoing(clientMessageId: string): Outgoing | undefined;
  forgetOutgoing(clientMessageId: string): void;
  close(): void;
}

/** Rooms that follow nothing yet. */
export function createLiveRooms(host: RoomsHost): LiveRooms {
  const { client, me, dispatch, roomState } = host;
  const bound = new Map<string, readonly Unlisten[]>();
  const withPresence = new Set<string>();
  /** Subscriptions that only count, begun or beginning. */
  const counting = new Map<string, Promise<unknown>>();
  const loading = new Map<string, Promise<void>>();
  const outgoing = new Map<string, Outgoing>();
  let listing: Promise<void> | undefined;
  /** One question after the other: there may be many such rooms. */
  let asking: Promise<void> = Promise.resolve();
  let listingPeople: ReturnType<typeof setTimeout> | undefined;

  const bind = (id: string): Room => {
    const room = client.room(id);
    if (bound.has(id)) return room;
    bound.set(id, [
      room.on("event", (event) => receive(id, event)),
      room.on("text", ({ message_id: message, text, open }) => {
        // A whole one is told by its event.
        if (open) dispatch({ type: "text_grew", room: id, message, text });
      }),
      room.on("outgoing", (entry) => noteOutgoing(id, entry)),
      room.on("ephemeral", (event) => {
        if (event.type === "typing" && event.user !== me) {
          const until = event.active ? Date.now() + typingExpiryMs : undefined;
          const { user, name, thread } = event;
          dispatch({ type: "typing", room: id, thread, user, name, until });
        }
        if (event.type === "read") {
          const { user, read_mark: readMark } = event;
          dispatch({ type: "member_read", room: id, user, readMark });
        }
        if (event.type === "presence") {
          const { online, offline, changed = [] } = event;
          dispatch({ type: "presence", room: id, online, offline, changed });
          if (event.omitted === true) listPeopleSoon(id);
        }
      }),
      room.on("subscribed", ({ kind }) => {
        if (kind === "direct") asking = asking.then(() => listOnline(id));
      }),
      room.on("reset", () => {
        const isInbox = roomState(id)?.kind === "inbox" && roomState(id)?.status === "ready";
        dispatch({ type: "room_opening", room: id, anew: true });
        if (host.isOpen(id) || isInbox) void load(id);
      }),
      room.on("unsubscribed", () => {
        withPresence.delete(id);
        counting.delete(id);
        dispatch({ type: "room_refused", room: id, status: "gone" });
        host.onGone(id);
        void list();
      }),
    ]);
    return room;
  };

  const receive = (id: string, event: EventFrame): void => {
    const wasHeld = roomState(id)?.isHeldUnread === true;
    dispatch({ type: "event", event });
    const room = roomState(id);
    const isOthers = event.author !== me || wasHeld;
    if (room !== undefined && isRead(room)) {
      if (isOthers) host.onRead(id, event.sequence);
      else host.onWritten(id, event.sequence);
    }
    const thread = threadOf(event);
    if (thread !== undefined) host.onReply(id, thread);
    if (/^(?:member|join)\./.test(event.type)) listPeopleSoon(id);
  };

  /** Who is there of a direct room shows in the list. What fails is asked again with the next connection. */
  const listOnline = async (id: string): Promise<void> => {
    const online = await client
      .room(id)
      .presence()
      .catch(() => undefined);
    if (online !== undefined) dispatch({ type: "people_listed", room: id, online });
  };

  const listPeopleSoon = (id: string): void => {
    clearTimeout(listingPeople);
    listingPeople = setTimeout(() => void listPeople(id), settlePeopleMs);
  };

  const noteOutgoing = (id: string, entry: Outgoing): void => {
    if (entry.state === "sent") outgoing.delete(entry.clientMessageId);
    else outgoing.set(entry.clientMessageId, entry);
    dispatch({ type: "outgoing_changed", room: id, entry: viewOf(entry) });
  };

  /** Live delivery with presence. One that runs without is taken up again at its place. */
  const follow = async (room: Room): Promise<Subscribed> => {
    await counting.get(room.id);
    counting.delete(room.id);
    const { position, subscription } = room;
    if (withPresence.has(room.id) && subscription !== undefined) return subscription;
    if (subscription !== undefined) await room.unsubscribe();
    const begun = await room.subscribe({
      presence: true,
      ...(position === undefined ? {} : { position }),
    });
    withPresence.add(room.id);
    return begun;
  };

  const load = (id: string, join = false): Promise<void> => {
    const begun = loading.get(id) ?? loadNewest(id, join).finally(() => loading.delete(id));
    loading.set(id, begun);
    return begun;
  };
  const loadNewest = async (id: string, join: boolean): Promise<void> => {
    const room = bind(id);
    let isAbsent = false;
    try {
      // To subscribe would make a room of any name, a mistyped one too. To read does not.
      if (
        id !== host.landingRoom &&
        roomState(id)?.listed !== true &&
        room.subscription === undefined
      ) {
        isAbsent = roomState(id)?.epoch === "";
        await room.history({ limit: 1 });
        isAbsent = false;
      }
      const about = await follow(room);
      // The listing knows how far one has read.
      await listing;
      const isJoining = join && about.role === undefined;
      const unread = (roomState(id)?.unread ?? 0) + firstPage.beyondUnread;
      const limit = Math.min(firstPage.most, Math.max(firstPage.least, unread));
      const [{ head, floor, epoch, events }, view] = await Promise.all([
        room.history({ limit }),
        room.view(),
        isJoining ? joinRoom(id).catch(() => undefined) : undefined,
      ]);
      dispatch({
        type: "room_opened",
        room: id,
        about: { ...about, head, floor, epoch },
        events,
        view,
      });
    } catch (error) {
      if (roomState(id)?.status === "ready") return;
      const isGone = codeOf(error) === "not_found" || codeOf(error) === "forbidden";
      const refusal = isAbsent ? "absent" : "gone";
      dispatch({ type: "room_refused", room: id, status: isGone ? refusal : "failed" });
    }
  };

  const joinRoom = async (id: string): Promise<void> => {
    await client.room(id).join();
    await list();
    dispatch({ type: "room_joined", room: id });
    await listPeople(id);
  };

  const list = (): Promise<void> => {
    listing = listOnce();
    return listing;
  };
  const listOnce = async (): Promise<void> => {
    try {
      const rooms = await client.listRooms();
      dispatch({ type: "rooms_listed", ...rooms });
      for (const { room, kind } of rooms.joined) {
        if (host.isOpen(room)) {
          // Somebody brought the reader in, or back, while they looked at its closed door.
          const status = roomState(room)?.status;
          if (status === "gone" || status === "absent") void load(room);
          continue;
        }
        if (withPresence.has(room) || counting.has(room)) continue;
        // One that cannot be followed shows that when it is opened.
        const begun = kind === "direct" ? follow(bind(room)) : bind(room).subscribe();
        counting.set(
          room,
          begun.then(listMissed, () => undefined),
        );
      }
    } catch {
      dispatch({ type: "rooms_failed" });
    }
  };

  /** What came after the list was made and before the room was followed is in no event: the next list counts it. */
  const listMissed = ({ room, offset }: Subscribed): void => {
    if (offset > (roomState(room)?.head ?? 0)) void list();
  };

  const listPeople = async (id: string): Promise<void> => {
    if (!host.isOpen(id) || roomState(id)?.status !== "ready") return;
    const room = client.room(id);
    const { role, kind } = roomState(id) ?? {};
    const isAnswering = kind === "private" && (role === "owner" || role === "moderator");
    const [members, online, requests] = await Promise.allSettled([
      room.members(),
      room.presence(),
      isAnswering ? room.joinRequests() : [],
    ]);
    if (requests.status === "fulfilled") {
      dispatch({ type: "requests_listed", room: id, requests: requests.value });
    }
    if (members.status === "fulfilled") {
      dispatch({ type: "members_listed", room: id, members: members.value });
    }
    if (online.status === "fulfilled") {
      dispatch({ type: "people_listed", room: id, online: online.value });
    } else {
      dispatch({ type: "people_failed", room: id });
    }
  };

  return {
    bind,
    load,
    join: joinRoom,
    list,
    listPeople,
    drop: async (id) => {
      withPresence.delete(id);
      counting.delete(id);
      await client.room(id).unsubscribe();
    },
    noteOutgoing,
    outgoing: (clientMessageId) => outgoing.get(clientMessageId),
    forgetOutgoing: (clientMessageId) => void outgoing.delete(clientMessageId),
    close: () => {
      clearTimeout(listingPeople);
      for (const unlisten of [...bound.values()].flat()) unlisten();
    },
  };
}

function viewOf(entry: Outgoing): OutgoingView {
  const { published } = entry;
  return {
    clientMessageId: entry.clientMessageId,
    text: entry.text,
    thread: entry.options.thread,
    replyTo: entry.options.replyTo,
    time: new Date(entry.createdAt).toISOString(),
    state: entry.state,
    reason: entry.error?.code,
    ...(published === undefined
      ? {}
      : { published: { messageId: published.message_id, sequence: published.sequence } }),
  };
}
