import type { PresentUser, RoomId } from "@parlance/protocol";

/**
 * Who is in which room, node by node, in the database: how nodes hear of each other's people while no broker carries
 * notices between them. Only databases that several nodes share have one.
 */
export interface PresenceBoard {
  /** Replaces what this node said of these rooms. @throws StorageError */
  put(lists: readonly PresenceList[]): Promise<void>;
  /**
   * What other nodes put after a place, or in the last so many milliseconds by the database's clock: in the order in which
   * they did, the newest of each room.
   *
   * @throws StorageError
   */
  since(
    node: string,
    from: { readonly place: number } | { readonly ageMs: number },
  ): Promise<readonly PutList[]>;
  /** Of the last so many milliseconds, in these rooms. @throws StorageError */
  inRooms(node: string, rooms: readonly RoomId[], ageMs: number): Promise<readonly PutList[]>;
  /** Removes all that a node put, and what nobody repeated for an hour. @throws StorageError */
  takeBack(node: string): Promise<void>;
}

/** Everybody whom one node has in one room. */
export interface PresenceList {
  readonly node: string;
  readonly room: RoomId;
  readonly users: readonly PresentUser[];
  /** The node cannot be heard otherwise, nor hear: others put theirs too, for it. */
  readonly isCutOff: boolean;
  /** The node stops: whoever is on its list no more may be on the way to another node. */
  readonly isClosing: boolean;
}

export interface PutList extends PresenceList {
  /** Grows with every list that is put, whoever puts it. */
  readonly place: number;
}
