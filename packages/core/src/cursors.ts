/** Where the people of one room have their cursors. Told a few times a second; of what comes in between, the latest. */
import type { CursorEvent, UserId } from "@parlance/protocol";
import type { Clock, Timer } from "./ports/index.ts";

/** 20 times a second for one person. */
const intervalMs = 50;

interface Mover {
  readonly timer: Timer;
  /** What came since it was told last. */
  latest: CursorEvent | undefined;
}

export class Cursors {
  readonly #clock: Clock;
  readonly #tell: (event: CursorEvent) => void;
  /** Those whose cursor was told less than `intervalMs` ago. */
  readonly #moving = new Map<UserId, Mover>();

  /** @param tell Tells the room's people on every node. */
  constructor(clock: Clock, tell: (event: CursorEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** A cursor moved: told now, or in place of an older one as soon as it is this person's turn again. */
  moved(event: CursorEvent): void {
    const mover = this.#moving.get(event.user);
    if (mover === undefined) this.#tellNow(event);
    else mover.latest = event;
  }

  close(): void {
    for (const { timer } of this.#moving.values()) timer.cancel();
    this.#moving.clear();
  }

  #tellNow(event: CursorEvent): void {
    const timer = this.#clock.after(intervalMs, () => this.#again(event.user));
    this.#moving.set(event.user, { timer, latest: undefined });
    this.#tell(event);
  }

  #again(user: UserId): void {
    const latest = this.#moving.get(user)?.latest;
    this.#moving.delete(user);
    if (latest !== undefined) this.#tellNow(latest);
  }
}
