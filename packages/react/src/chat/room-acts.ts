/** What the reader does to rooms and the people in them. */
import type { Client, Role, RoomChanges, WireUser } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { RoomState } from "../state/model.ts";
import { listAcquaintances } from "./acquaintances.ts";
import type { LiveRooms } from "./live-rooms.ts";

/** Kinds of rooms that people make. */
export type MadeKind = "public" | "private" | "announcement" | "document";

/** Acts that wait for the server's answer. Each throws `ClientError` when the server refuses. */
export interface RoomActs {
  join(room: string): Promise<void>;
  leave(room: string): Promise<void>;
  /** Makes a room and resolves with its id. */
  createRoom(kind: MadeKind, title: string): Promise<string>;
  /** Makes the public room of an address that led nowhere, and opens it. */
  makeRoom(room: string): Promise<void>;
  /** The direct room with these people; resolves with its id. */
  openDirect(users: readonly string[]): Promise<string>;
  /** Comes in by a link and resolves with the room's id. */
  acceptInvite(token: string): Promise<string>;
  /** Sets what the room is called and how it behaves. */
  updateRoom(room: string, changes: RoomChanges): Promise<void>;
  /** Brings somebody into a room. */
  addMember(room: string, user: string): Promise<void>;
  /** Puts somebody out of a room. */
  removeMember(room: string, user: string): Promise<void>;
  /** Puts somebody out for good. `reason`: one line; empty is none. */
  ban(room: string, user: string, reason: string): Promise<void>;
  /** Lets somebody come back. */
  unban(room: string, user: string): Promise<void>;
  /** Gives a member another role. */
  setRole(room: string, user: string, role: Role): Promise<void>;
  /** Lets somebody in who asked, or does not. */
  answerRequest(room: string, user: string, accept: boolean): Promise<void>;
  /**
   * Everybody in the rooms that the reader has joined, members and who is there now, by name, without the
   * members of `except`, which is a room, and without nobody if it is undefined.
   */
  acquaintances(except: string | undefined): Promise<readonly WireUser[]>;
}

/** What these acts need of the chat around them. */
export interface RoomActsHost {
  readonly client: Client;
  readonly rooms: LiveRooms;
  dispatch(action: Action): void;
  listRooms(): Promise<void>;
  /** Whether the list of rooms has come. */
  isListed(): boolean;
  /** Every room of the state. */
  all(): readonly RoomState[];
}

/** The acts of one chat. */
export function createRoomActs({
  client,
  rooms,
  dispatch,
  listRooms,
  isListed,
  all,
}: RoomActsHost): RoomActs {
  /** Something about people, shown once it is done. */
  const change = async (room: string, act: Promise<unknown>): Promise<void> => {
    await act;
    await rooms.listPeople(room);
  };
  return {
    join: rooms.join,
    leave: async (id) => {
      await client.room(id).leave();
      await rooms.drop(id);
      dispatch({ type: "room_left", room: id });
      await listRooms();
    },
    createRoom: async (kind, title) => {
      const { room } = await client.createRoom({ kind, title });
      await listRooms();
      return room;
    },
    makeRoom: async (id) => {
      await client.createRoom({ kind: "public", title: id, room: id });
      await listRooms();
      await rooms.load(id);
      await rooms.listPeople(id);
    },
    openDirect: async (users) => {
      const { room } = await client.openDirect(users);
      await listRooms();
      return room;
    },
    acceptInvite: async (token) => {
      const { room } = await client.acceptInvite(token);
      await listRooms();
      return room;
    },
    updateRoom: async (room, changes) => {
      const { sequence } = await client.room(room).update(changes);
      dispatch({ type: "room_updated", room, sequence, changes });
    },
    addMember: (id, user) => change(id, client.room(id).addMember(user)),
    removeMember: (id, user) => change(id, client.room(id).removeMember(user)),
    ban: (id, user, reason) =>
      change(id, client.room(id).ban(user, reason.trim() === "" ? undefined : reason.trim())),
    unban: (id, user) => change(id, client.room(id).unban(user)),
    setRole: (id, user, role) => change(id, client.room(id).setRole(user, role)),
    answerRequest: (id, user, accept) =>
      change(id, client.room(id).answerJoinRequest(user, accept)),
    acquaintances: async (except) => {
      if (!isListed()) await listRooms();
      return listAcquaintances(client, all(), except);
    },
  };
}
