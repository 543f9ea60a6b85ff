/**
 * Names of things as they travel. Each is a string (or an integer) that cannot be mistaken for another
 * kind: a `RoomId` is not accepted where a `UserId` is due. At run time they are the plain values.
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A room's name on the wire: 1-128 characters of `A-Za-z0-9_:.-`, the first a letter or digit. */
export type RoomId = Branded<string, "RoomId">;
/** A user, human or bot: 1-128 visible ASCII characters, opaque. Given by a token or made by the server. */
export type UserId = Branded<string, "UserId">;
/** A durable event's own id, unique in the install. A message's id is its event's id. */
export type EventId = Branded<string, "EventId">;
/** Chosen by the sender, 1-64 visible ASCII characters; makes publishing idempotent. */
export type ClientMessageId = Branded<string, "ClientMessageId">;
/** One client installation, chosen by the client: 1-64 visible ASCII characters. */
export type DeviceId = Branded<string, "DeviceId">;
/** Names one life of a room's log. Opaque; offsets compare only within one epoch. */
export type Epoch = Branded<string, "Epoch">;
/** A stored login of a built-in account or guest. */
export type SessionId = Branded<string, "SessionId">;
/** One live link on one node; dies with its socket. */
export type ConnectionId = Branded<string, "ConnectionId">;
/** Who was authenticated, for idempotence: a user id, or `service:<name>` for a back end's key. */
export type Principal = Branded<string, "Principal">;
/** One call in a room, made by the server. */
export type CallId = Branded<string, "CallId">;
/** A file, also while it is being uploaded. Made by the server: 1-64 letters and digits, nothing of the file's name. */
export type FileId = Branded<string, "FileId">;
/** A link that lets people into a room: the beginning of its token's SHA-256, so that the id does not open what the token does. */
export type InviteId = Branded<string, "InviteId">;
/** An event's place in its room's log: 1, 2, 3 …; as an offset, 0 is before the first. */
export type Sequence = number;

/** A reader's place in one room. */
export interface Position {
  readonly epoch: Epoch;
  /** The last sequence handled; 0 is before the first. */
  readonly offset: Sequence;
}
