export type {
  ClientMessageId,
  EphemeralEvent,
  Epoch,
  ErasedEvent,
  ErrorCode,
  ErrorDetails,
  EventFrame,
  EventId,
  HistoryPage,
  MarkedRead,
  MembershipChanged,
  MemberView,
  Position,
  PresenceEvent,
  Published,
  ReadEvent,
  Role,
  RoomId,
  RoomKind,
  RoomList,
  RoomView,
  Sequence,
  SignedIn,
  Subscribed,
  TypingEvent,
  UserId,
  WireUser,
} from "@parlance/protocol";
export { createClient } from "./client.ts";
export type { LocalErrorCode } from "./errors.ts";
export { ClientError } from "./errors.ts";
export type * from "./types.ts";
