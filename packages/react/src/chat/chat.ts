/** Binds the SDK to the state: listens, asks, and turns the reader's acts into commands. */
import type { Client, EventId, PublishOptions, RoomId, WireUser } from "@parlance/client";
import { createDrafts } from "../composer/drafts.ts";
import { createUploads, type Uploads } from "../files/uploads.ts";
import type { Action } from "../state/actions.ts";
import type { ChatState, Link, RoomState } from "../state/model.ts";
import { initialState, reduce } from "../state/state.ts";
import { type Answers, createAnswers } from "./answers.ts";
import { type AskingActs, createAsking } from "./asking.ts";
import { createChecks } from "./checks.ts";
import { inboxesOf } from "./inboxes.ts";
import { createKeeping, type Keeping } from "./keeping.ts";
import { createLiveRooms } from "./live-rooms.ts";
import { createMarks, type Marks } from "./marks.ts";
import { createMessageActs, type MessageActs } from "./message-acts.ts";
import { createPreferences, type PreferenceActs } from "./own-preferences.ts";
import { createPlaces, type Places } from "./places.ts";
import { createProfiles, type ProfileActs } from "./profiles.ts";
import { createRoomActs, type RoomActs } from "./room-acts.ts";
import { type KeyValue, local } from "./storage.ts";
import { createThreads, type Threads } from "./threads.ts";

/** Events of a room that stay in memory when one looks at another. */
const keptEvents = 200;
/** The list of rooms is not asked for more often than this when the window comes to the front. */
const listingAgeMs = 2_000;
/** So often it is asked for while the window is visible: that one was brought into a room may be told and lost. */
const listingEveryMs = 60_000;

/** What others do is shown at most this often: a thousand missed messages must not be a thousand renderings. */
const renderMs = 16;
const ofOthers: ReadonlySet<Action["type"]> = new Set(["event", "presence", "typing", "text_grew"]);

/** What the components see. Acts return at once; what comes of them is in the state. */
export interface Chat
  extends Answers,
    AskingActs,
    Keeping,
    MessageActs,
    Marks,
    Places,
    PreferenceActs,
    ProfileActs,
    RoomActs,
    Threads,
    Uploads {
  /** Fetches the bytes of a file; undefined where the page has no way to. */
  readonly loadFile: ChatOptions["loadFile"];
  /** The address of somebody's picture; undefined where the page has none. */
  readonly pictureUrl: ChatOptions["pictureUrl"];
  readonly client: Client;
  get(): ChatState;
  subscribe(listen: () => void): () => void;
  /** A view shows the room: loads it and keeps it live. `join`: become a member if one is not, and may. */
  open(room: string, join: boolean): Promise<void>;
  /** Loads again what could not be loaded. */
  reload(room: string): Promise<void>;
  /** A view of the room is gone. With the last one, most of the room's messages may be forgotten. */
  leaveView(room: string): void;
  /** Loads the newest notifications of one of the reader's inboxes, and keeps it live. */
  loadInbox(room: string): Promise<void>;
  /** @param options Where it belongs. */
  send(room: string, text: string, options?: PublishOptions): void;
  retry(clientMessageId: string): void;
  discard(room: string, clientMessageId: string): void;
  /** Ends an open message. @throws ClientError when the server refuses. */
  cancel(room: string, message: string): Promise<void>;
  /** Says that the reader writes, or stopped. `thread`: in the thread under this root. */
  typing(room: string, active: boolean, thread?: string): void;
  listPeople(room: string): Promise<void>;
  listRooms(): Promise<void>;
  check(room: string): Promise<void>;
  /** Does not wait for the next attempt. */
  tryNow(): void;
  /** Stops everything; the object is of no use afterwards. */
  close(): void;
}

/** How a chat is started. */
export interface ChatOptions {
  /** A room that is there for everybody, whether or not somebody has written in it yet. */
  readonly landingRoom?: string;
  /** Follow the user's inboxes too, for notifications. */
  readonly inboxes?: boolean;
  /** Where drafts are kept; this browser's `localStorage` if absent. */
  readonly storage?: () => KeyValue;
  /** Fetches the bytes of a file (`GET /api/v1/files/<id>` with the reader's token), see `serverFiles`. Absent: files show without. */
  readonly loadFile?: (id: string) => Promise<Blob>;
  /** The address of a picture (`/api/v1/pictures/<id>` of the server). Absent: people show by their initials. */
  readonly pictureUrl?: (id: string) => string;
}

/** Starts the chat of one signed-in user, and connects the client if it is not. */
export function startChat(client: Client, me: WireUser, options: ChatOptions = {}): Chat {
  let state = initialState(me);
  /** How many views show a room. */
  const open = new Map<string, number>();
  let listedAt = 0;
  const listeners = new Set<() => void>();

  const dispatch = (action: Action): void => {
    const next = reduce(state, action);
    if (next === state) return;
    state = next;
    if (!ofOthers.has(action.type)) tell();
    else telling ??= setTimeout(tell, renderMs);
  };
  let telling: ReturnType<typeof setTimeout> | undefined;
  const tell = (): void => {
    clearTimeout(telling);
    telling = undefined;
    for (const listen of listeners) listen();
  };
  const roomState = (id: string): RoomState | undefined => state.rooms[id];
  const marks = createMarks({
    client,
    me: me.id,
    dispatch,
    roomState,
    listRooms: () => listRooms(),
  });
  const storage = options.storage ?? local;
  const {
    list: listKept,
    close: closeKept,
    ...keeping
  } = createKeeping(client, dispatch, {
    drafts: createDrafts(storage, me.id),
    storage,
    me: me.id,
  });
  const { drafts } = keeping;
  const rooms = createLiveRooms({
    client,
    me: me.id,
    onGone: (id) => drafts.forget(id),
    dispatch,
    roomState,
    isOpen: (id) => open.has(id),
    landingRoom: options.landingRoom,
    onRead: marks.read,
    onWritten: marks.wrote,
    onReply: (id, thread) => threads.receive(id, thread),
  });
  const checks = createChecks(client, dispatch, (id) => (open.has(id) ? roomState(id) : undefined));
  const threads = createThreads({ client, get: () => state, dispatch });
  const acts = createMessageActs(client, dispatch, roomState);
  const places = createPlaces(client, dispatch, roomState);
  const uploads = createUploads(client, dispatch);
  const listRooms = (): Promise<void> => {
    listedAt = Date.now();
    return rooms.list();
  };
  const preferences = createPreferences(client, dispatch, () => state.preferences);
  const profiles = createProfiles(client, dispatch, () => state);
  const all = (): readonly RoomState[] => Object.values(state.rooms);
  const roomActs = createRoomActs({
    client,
    rooms,
    dispatch,
    listRooms,
    isListed: () => state.listing === "ready",
    all,
  });
  const unlistenJoined = client.on("own", ({ what }) => {
    if (what === "joined") void listRooms();
  });

  /** Only what one has joined counts what is unread. Who comes for the first time joins. */
  const joinInboxes = async (): Promise<void> => {
    if (options.inboxes !== true) return;
    const missing = inboxesOf(me.id).filter((id) => roomState(id)?.role === undefined);
    if (missing.length === 0 || state.listing !== "ready") return;
    await Promise.allSettled(missing.map((id) => client.room(id).join()));
    await listRooms();
  };

  let joining = Promise.resolve();
  let wasInterrupted = false;
  const followLink = (): void => {
    const link = linkOf(client.state);
    dispatch({ type: "link_changed", link });
    if (link.kind === "waiting") wasInterrupted = true;
    if (link.kind !== "online") return;
    joining = listRooms().then(joinInboxes);
    void preferences.load();
    void profiles.load();
    void listKept();
    void threads.listThreads();
    for (const id of open.keys()) {
      if (roomState(id)?.status === "ready") void rooms.listPeople(id);
      else void rooms.load(id);
      if (wasInterrupted) checks.soon(id);
    }
    if (open.size > 0) wasInterrupted = false;
  };
  const onVisible = (): void => {
    if (document.visibilityState !== "visible" || state.link.kind !== "online") return;
    if (Date.now() - listedAt > listingAgeMs) void listRooms();
  };
  const forgetTyping = setInterval(
    () => dispatch({ type: "typing_expired", now: Date.now() }),
    1_000,
  );
  const listAgain = setInterval(onVisible, listingEveryMs);
  const unlisten = client.on("state", followLink);
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("focus", onVisible);
  client.connect().catch(() => undefined);
  if (client.state.status === "online") followLink();

  return {
    ...acts,
    ...marks,
    ...threads,
    ...createAnswers(client, dispatch, roomState, drafts),
    ...createAsking(client, dispatch),
    ...places,
    ...roomActs,
    ...uploads,
    prefer: preferences.prefer,
    preferEverywhere: preferences.preferEverywhere,
    ...keeping,
    setProfile: profiles.setProfile,
    setPicture: profiles.setPicture,
    profileOf: profiles.profileOf,
    loadFile: options.loadFile,
    pictureUrl: options.pictureUrl,
    client,
    get: () => state,
    subscribe: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    open: async (id, join) => {
      open.set(id, (open.get(id) ?? 0) + 1);
      dispatch({ type: "room_opening", room: id });
      if (roomState(id)?.status !== "ready") await rooms.load(id, join);
      await Promise.all([rooms.listPeople(id), profiles.loadRoom(id)]);
    },
    reload: async (id) => {
      dispatch({ type: "room_opening", room: id });
      await rooms.load(id);
      await rooms.listPeople(id);
    },
    leaveView: (id) => {
      const others = (open.get(id) ?? 1) - 1;
      if (others > 0) {
        open.set(id, others);
        return;
      }
      open.delete(id);
      dispatch({ type: "reading_changed", room: id, isReading: false });
      dispatch({ type: "room_trimmed", room: id, keep: keptEvents });
    },
    loadInbox: async (id) => {
      await joining;
      dispatch({ type: "room_opening", room: id });
      if (roomState(id)?.status !== "ready") await rooms.load(id);
    },
    send: (id, text, place) => rooms.noteOutgoing(id, rooms.bind(id).publish(text, place)),
    retry: (clientMessageId) => rooms.outgoing(clientMessageId)?.retry(),
    discard: (id, clientMessageId) => {
      rooms.outgoing(clientMessageId)?.discard();
      rooms.forgetOutgoing(clientMessageId);
      dispatch({ type: "outgoing_discarded", room: id, id: clientMessageId });
    },
    cancel: (id, message) => client.room(id).cancel(message as EventId),
    typing: (id, active, thread) => {
      if (thread === undefined) client.room(id).typing(active);
      // What was written while nobody was there is no news afterwards.
      else if (client.state.status === "online") {
        client
          .request<"typing">({ type: "typing", room: id as RoomId, thread, active })
          .catch(() => undefined);
      }
    },
    listPeople: rooms.listPeople,
    listRooms,
    check: checks.all,
    tryNow: () => {
      client.close();
      client.connect().catch(() => undefined);
    },
    close: () => {
      clearInterval(forgetTyping);
      clearInterval(listAgain);
      clearTimeout(telling);
      marks.close();
      threads.close();
      acts.close();
      uploads.close();
      closeKept();
      rooms.close();
      checks.close();
      preferences.close();
      profiles.close();
      unlistenJoined();
      unlisten();
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("focus", onVisible);
      client.close();
    },
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
