/**
 * A connection's id in the form that Pusher's clients and back ends know, two whole numbers. Both say the same, so that every node
 * knows which connection an event is not for.
 */
import type { ConnectionId } from "@parlance/protocol";

/** Signs of an id in the first number; each is five bits, and a number holds 53. */
const half = 6;
/** An id as the server makes them: 13 signs of base 32. */
const form = /^[0-9a-v]{13}$/;
/** Larger than any half, so that leading zeros are kept. */
const markOf = (signs: number): number => 32 ** signs;

/** `\d+\.\d+`. */
export function socketIdOf(connection: ConnectionId): string {
  if (!form.test(connection)) return `0.${wordsOf(connection)}`;
  const [first, second] = [connection.slice(0, half), connection.slice(half)];
  return `${numberOf(first)}.${numberOf(second)}`;
}

/** The connection of a `socket_id`; undefined for one that is none of ours. */
export function connectionOf(socketId: string): ConnectionId | undefined {
  const [first = "", second = "", ...rest] = socketId.split(".");
  if (rest.length > 0) return undefined;
  const id = first === "0" ? textOf(second) : signsOf(first, half) + signsOf(second, 13 - half);
  return socketIdOf(id as ConnectionId) === socketId ? (id as ConnectionId) : undefined;
}

function numberOf(signs: string): number {
  return markOf(signs.length) + Number.parseInt(signs, 32);
}

function signsOf(digits: string, count: number): string {
  const value = Number(digits) - markOf(count);
  return value >= 0 ? value.toString(32).padStart(count, "0") : "";
}

/* Ids of other makers, in tests. */
function wordsOf(text: string): string {
  return Array.from(text, (sign) => String(sign.charCodeAt(0)).padStart(3, "0")).join("");
}

function textOf(digits: string): string {
  return (digits.match(/\d{3}/g) ?? []).map((code) => String.fromCharCode(Number(code))).join("");
}
