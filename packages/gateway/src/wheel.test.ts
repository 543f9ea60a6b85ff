import type { Clock } from "@parlance/core";
import { expect, test } from "vitest";
import type { Beating } from "./wheel.ts";
import { Wheel } from "./wheel.ts";

/** Time that moves when told; a step that is late is made once, as timers do. */
class Steps implements Clock {
  #due: (() => void) | undefined;
  #afterTurn: (() => void)[] = [];
  now = (): number => 0;
  monotonic = (): number => 0;
  after(_delayMs: number, run: () => void): { cancel(): void } {
    this.#due = run;
    return { cancel: () => (this.#due = undefined) };
  }
  afterTurn(run: () => void): void {
    this.#afterTurn.push(run);
  }
  /** One turn of the event loop: timers, then what `arrives`, then what waits for the end of the turn. */
  turn(arrives: () => void = () => {}): void {
    this.#due?.();
    arrives();
    for (const run of this.#afterTurn.splice(0)) run();
  }
  get isArmed(): boolean {
    return this.#due !== undefined;
  }
}

class Peer implements Beating {
  pings = 0;
  isEnded = false;
  isHeard = true;
  answers = true;
  ping(): void {
    this.pings++;
    this.isHeard = false;
  }
  hear(): void {
    if (this.answers) this.isHeard = true;
  }
  endIfSilent(): void {
    if (!this.isHeard) this.isEnded = true;
  }
}

const times = { heartbeatMs: 25_000, graceMs: 10_000 };

test("every connection is pinged once in a turn, evenly spread, with one timer", () => {
  const clock = new Steps();
  const wheel = new Wheel<Peer>(clock, times);
  const peers = Array.from({ length: 1_000 }, () => new Peer());
  for (const peer of peers) wheel.add(peer);
  const pings = () => peers.reduce((sum, peer) => sum + peer.pings, 0);
  for (let step = 0, before = 0; step < 25; step++) {
    clock.turn(() => {
      for (const peer of peers) peer.hear();
    });
    expect(pings() - before).toBe(40);
    before = pings();
  }
  expect(peers.every(({ pings, isEnded }) => pings === 1 && !isEnded)).toBe(true);
});

test("[F-C2] a silent peer is ended ten steps after its ping, and no other", () => {
  const clock = new Steps();
  const wheel = new Wheel<Peer>(clock, times);
  const silent = new Peer();
  silent.answers = false;
  const loud = new Peer();
  wheel.add(silent);
  wheel.add(loud);
  let stepsAfterPing = -1;
  for (let step = 0; step < 36 && !silent.isEnded; step++) {
    clock.turn(() => {
      silent.hear();
      loud.hear();
    });
    if (silent.pings > 0) stepsAfterPing++;
  }
  expect(silent.isEnded).toBe(true);
  expect(stepsAfterPing).toBe(10);
  expect(loud.isEnded).toBe(false);
});

test("[F-N6] a process that was busy or stopped ends nobody for its own lateness", () => {
  const clock = new Steps();
  const wheel = new Wheel<Peer>(clock, times);
  const peers = Array.from({ length: 100 }, () => new Peer());
  for (const peer of peers) wheel.add(peer);
  /* Answers come in only in the turn of the verdict itself, behind the timers of that turn. */
  let pinged: Peer[][] = [];
  for (let step = 0; step < 60; step++) {
    const before = new Map(peers.map((peer) => [peer, peer.pings]));
    clock.turn(() => {
      if (pinged.length > 9) for (const peer of pinged.shift() ?? []) peer.hear();
    });
    pinged = [...pinged, peers.filter((peer) => peer.pings > (before.get(peer) ?? 0))];
  }
  expect(peers.filter(({ isEnded }) => isEnded)).toEqual([]);
});

test("a connection that is removed is left alone, and a wheel that is stopped stands", () => {
  const clock = new Steps();
  const wheel = new Wheel<Peer>(clock, times);
  const peer = new Peer();
  const slot = wheel.add(peer);
  expect([...wheel.entries()]).toEqual([peer]);
  wheel.remove(peer, slot);
  wheel.remove(peer, slot);
  expect(wheel.size).toBe(0);
  for (let step = 0; step < 30; step++) clock.turn();
  expect(peer.pings).toBe(0);
  wheel.stop();
  expect(clock.isArmed).toBe(false);
});
