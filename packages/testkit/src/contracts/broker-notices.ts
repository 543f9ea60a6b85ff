/** Notices as the brokers' tests send and compare them. */
import type { Broker, Notice, Subject } from "@parlance/core";
import type { EphemeralEvent } from "@parlance/protocol";
import { expect } from "vitest";

/** What a listener heard, growing. */
export type Heard = readonly Notice[];

export const subject = (room: string): Subject => room as Subject;

/** An announcement of messages with these sequences. */
export function committed(
  room: string,
  sequences: readonly number[],
): Notice & { type: "committed" } {
  const events = sequences.map((sequence) => ({
    sequence,
    revision: 1,
    countable: sequence,
    frame: {
      type: "message.created",
      room,
      sequence,
      id: `event-${sequence}`,
      author: "u1",
      time: "2026-01-02T03:04:05.678Z",
      ...(sequence % 2 === 0 ? { client_message_id: `cid-${sequence}` } : {}),
      ...(sequence % 3 === 0
        ? { erased: true }
        : { data: { text: `text ${sequence}`, author_name: "Ada" } }),
    },
  }));
  return { type: "committed", epoch: "e.1", events } as unknown as Notice & { type: "committed" };
}

export function typing(room: string, user: string): Notice {
  const event = { type: "typing", room, user, name: "Ada", active: true };
  return { type: "ephemeral", event } as unknown as Notice;
}

/** One of each, without its room: a type that is forgotten does not compile. */
const ephemerals: { readonly [T in EphemeralEvent["type"]]: object } = {
  typing: { user: "u1", name: "Ada", active: true },
  presence: { online: [], offline: ["u1"], count: 2 },
  read: { user: "u1", read_mark: 7 },
  cursor: { user: "u1", name: "Ada", position: { line: 1 } },
  "document.awareness": { states: [{ client: 7, clock: 1, user: "u1", state: { at: [1, null] } }] },
  "call.signal": { call_id: "c1", from: "u1", signal: { offer: "o" } },
  whisper: { name: "client-typing", data: '{"a":1}', user: "u1" },
  "message.appended": { message_id: "m1", at: 3, text: 'more\r\n"\ud83d\ude00' },
};

/** Every type of ephemeral event, each to everybody, to one user, and under a revision. */
export function ephemeralNotices(room: string): readonly Notice[] {
  return Object.entries(ephemerals).flatMap(([type, fields]) => {
    const one = { type: "ephemeral", event: { type, room, ...fields } };
    const about = [
      {},
      { to: "u2" },
      { revision: 4 },
      { to: "u2", revision: 4 },
      { except: "c1" },
      { except: "c1", revision: 4 },
    ];
    return about.map((more) => ({ ...one, ...more }) as unknown as Notice);
  });
}

/** @returns a list that grows with what the broker brings. */
export async function hearer(broker: Broker, of: Subject): Promise<Heard> {
  const heard: Notice[] = [];
  await broker.subscribe(of, (notice) => heard.push(notice));
  return heard;
}

export function headsOf(heard: Heard): readonly number[] {
  return heard.flatMap((notice) => (notice.type === "control" ? [notice.head] : []));
}

/** Resolves when the condition holds, fails after the time. */
export async function eventually(condition: () => boolean, withinMs = 10_000): Promise<void> {
  await expect.poll(condition, { timeout: withinMs, interval: 5 }).toBe(true);
}
