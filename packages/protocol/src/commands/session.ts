/** Commands about the connection and its identity. */
import { z } from "zod";
import { commandId, deviceId, displayName, token } from "../fields.ts";
import type { DeviceId, SessionId, UserId } from "../ids.ts";
import type { CommandId } from "./command-id.ts";

/** First command of a connection. Exactly one of `token` and `guest` says who comes. */
export interface SignIn {
  readonly type: "sign_in";
  readonly id: CommandId;
  /** Versions that the client speaks. Absent: [1]. */
  readonly versions?: readonly number[];
  /** A JWT, a session token of a built-in account or guest, or an API key. */
  readonly token?: string;
  /** Come in as a guest of that name, where guests are allowed. The reply carries a token to come back with. */
  readonly guest?: { readonly name: string };
  /** Names this installation of the client. A second connection of one user and device replaces the first (4509). */
  readonly device_id?: DeviceId;
}

/** Reply to `sign_in`. Times in milliseconds. */
export interface SignedIn {
  readonly version: number;
  readonly user: WireUser;
  readonly connection_id: string;
  readonly session_id?: SessionId;
  /** Only after `guest`: the session token to sign in with next time. */
  readonly token?: string;
  /** When the identity ends unless refreshed; ISO 8601. Absent: not limited. */
  readonly expires_at?: string;
  /** Something arrives at least this often if the client sends `ping` when nothing else does. */
  readonly heartbeat_ms: number;
  readonly limits: {
    readonly frame_bytes: number;
    readonly text_length: number;
    readonly page_events: number;
    readonly subscriptions: number;
  };
}

/** A user as others see them. */
export interface WireUser {
  readonly id: UserId;
  readonly name: string;
  /** `account` is built in, `guest` goes by a name of its own choice, `external` was vouched for by a token. */
  readonly kind: UserKind;
  /** For systems whose users are numbers: of accounts and guests; of others where their token's id is a number. */
  readonly number?: number;
}
export type UserKind = "account" | "guest" | "external" | "service";

/** Prolongs the identity of an open connection. Another user's token ends the connection (4401). */
export interface Refresh {
  readonly type: "refresh";
  readonly id: CommandId;
  readonly token: string;
}
export interface Refreshed {
  readonly expires_at?: string;
}

/** Asks for a `reply` and nothing else; keeps the connection alive. Allowed before `sign_in`. */
export interface Ping {
  readonly type: "ping";
  readonly id: CommandId;
}

export const signIn: z.ZodType<SignIn> = z
  .object({
    type: z.literal("sign_in"),
    id: commandId,
    versions: z.array(z.number().int().min(1).max(1_000_000)).min(1).max(16).exactOptional(),
    token: token.exactOptional(),
    guest: z.object({ name: displayName }).exactOptional(),
    device_id: deviceId.exactOptional(),
  })
  .refine((frame) => (frame.token === undefined) !== (frame.guest === undefined), {
    message: "exactly one of token and guest",
    path: ["token"],
  });

export const refresh: z.ZodType<Refresh> = z.object({
  type: z.literal("refresh"),
  id: commandId,
  token,
});

export const ping: z.ZodType<Ping> = z.object({ type: z.literal("ping"), id: commandId });
