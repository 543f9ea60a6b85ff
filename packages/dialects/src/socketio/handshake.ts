/** Whose connection it is: what the library's handshake carries, and how a refusal looks to its clients. */
import type { HandshakeFacts } from "@parlance/core";
import { type DeviceId, limits, ProtocolError } from "@parlance/protocol";
import type { Socket } from "socket.io";
import { type ChatError, chatError } from "./encode.ts";
import { type RoomPlace, readPlace } from "./place.ts";

const sessionName = /^[A-Za-z0-9_-]{16,40}$/;

/** What a client brings along to be connected. */
export interface Brought {
  /** The last connection's name, and the last argument of the last event it got. */
  readonly session?: string;
  /** `"unknown"`: its last event was not one of ours, so where it is cannot be told. */
  readonly last?: RoomPlace | "unknown";
  readonly token?: string;
}

/** Reads what a client brings. Total over whatever it put into `auth`. */
export function broughtBy(socket: Socket): Brought {
  const auth: Readonly<Record<string, unknown>> = socket.handshake.auth;
  const { token, pid, offset } = auth;
  const last = typeof offset === "string" ? (readPlace(offset) ?? "unknown") : undefined;
  return {
    ...(typeof token === "string" && token !== "" ? { token: withoutScheme(token) } : {}),
    ...(typeof pid === "string" && sessionName.test(pid) ? { session: pid } : {}),
    ...(last === undefined ? {} : { last }),
  };
}

/** Some pages put the whole header into `auth.token`. */
function withoutScheme(token: string): string {
  return token.replace(/^Bearer +/i, "");
}

/** The handshake as the node sees it: a token in `auth` counts before what the request carried. */
export function factsWith(facts: HandshakeFacts, { token }: Brought): HandshakeFacts {
  return token === undefined ? facts : { ...facts, token };
}

/** The name under which a client's places are stored. */
export function deviceOf(session: string): DeviceId {
  return `socketio:${session}`.slice(0, limits.deviceIdLength) as DeviceId;
}

/** An error that the library sends as `connect_error`, with `data` as an acknowledgement has it. */
export function refusalOf(thrown: unknown): Error & { readonly data: ChatError } {
  const error = thrown instanceof ProtocolError ? thrown : new ProtocolError("internal");
  return Object.assign(new Error(error.message), { data: chatError(error) });
}
