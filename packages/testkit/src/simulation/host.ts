import { hash } from "node:crypto";
import type { Clock, Ids } from "@parlance/core";
import type { ConnectionId, EventId, RoomId, UserId } from "@parlance/protocol";
import type { Random } from "./random.ts";
import type { Host, Scheduler } from "./scheduler.ts";

/** A host with the clocks and the state of health that its checker needs. */
export interface SimHost extends Host {
  /** Milliseconds by which its wall clock is wrong. */
  wallOffset: number;
  /** Since when nothing has kept it from acting; what it must do within seconds counts from here. */
  healthySince: number;
  pausedAt: number;
  /** How long it was paused, if that was the last thing that kept it from acting; else 0. */
  pausedForMs: number;
}

export function createHost(name: string): SimHost {
  return {
    name,
    isDead: false,
    isPaused: false,
    held: [],
    wallOffset: 0,
    healthySince: 0,
    pausedAt: 0,
    pausedForMs: 0,
  };
}

/** Where virtual time 0 is on the wall. */
export const wallStart: number = Date.UTC(2026, 0, 1);

/** What `host` reads on its wall, in milliseconds since 1970. */
export function wallTime(scheduler: Scheduler, host: SimHost): number {
  return wallStart + scheduler.now + host.wallOffset;
}

/** The clock of one host over virtual time. Its timers stand still while it is paused and end with it. */
export function createVirtualClock(scheduler: Scheduler, host: SimHost): Clock {
  return {
    now: () => wallTime(scheduler, host),
    monotonic: () => scheduler.now,
    after: (delayMs, run) => {
      const task = scheduler.after(Math.ceil(delayMs), "timer", run, host);
      return {
        cancel: () => {
          task.isCancelled = true;
        },
      };
    },
    afterTurn: (run) => void scheduler.after(0, "turn", run, host),
  } satisfies Clock;
}

/** Ids from the seed. */
export function createIds(random: Random): Ids {
  const make = (prefix: string): string => {
    let text = prefix;
    while (text.length < 20) text += Math.floor(random.next() * 36 ** 4).toString(36);
    return text.slice(0, 20);
  };
  return {
    event: () => make("e") as EventId,
    connection: () => make("c") as ConnectionId,
    user: () => make("u_") as UserId,
    room: () => make("r_") as RoomId,
    secret: () => make("s").padEnd(32, "0"),
    digest: (text) => hash("sha256", text),
    random: () => random.next(),
  } satisfies Ids;
}
