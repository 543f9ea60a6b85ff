/** Says who is on this node, while a webhook wants to know: what changed since the last time, and that this node lives. */
import type { Clock, WebhookPresence, WebhookPresent } from "@parlance/core";

/** How long it counts, and how often it is said at least. */
const lifeMs = 17_000;
const repeatMs = 5_000;
/** Who went is waited for so long: a page that is loaded anew comes back, to this node or another. */
const lingerMs = 3_000;
/** After a stop people have so long to come back, to another node or this one. */
const closingMs = 5_000;

export interface PresentHereOptions {
  readonly nodeId: string;
  readonly store: () => Pick<WebhookPresence, "putPresent">;
  readonly present: () => readonly WebhookPresent[];
  readonly clock: Clock;
}

export class PresentHere {
  readonly #options: PresentHereOptions;
  /** What was said last; undefined where everything has to be said. */
  #said: ReadonlyMap<string, WebhookPresent> | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** Until when those are waited for who went. */
  readonly #lingering = new Map<string, number>();

  constructor(options: PresentHereOptions) {
    this.#options = options;
  }

  /** Whether anything was ever said. */
  get hasSpoken(): boolean {
    return this.#saidAt !== Number.NEGATIVE_INFINITY;
  }

  /** @throws StorageError; everything is said the next time then. */
  async tell(): Promise<void> {
    const { clock } = this.#options;
    const now = this.#hereOrSoon();
    const said = this.#said;
    const came = [...now].filter(([key]) => said?.has(key) !== true).map(([, person]) => person);
    const went = [...(said ?? [])].filter(([key]) => !now.has(key)).map(([, person]) => person);
    const isQuiet = said !== undefined && came.length + went.length === 0;
    if (isQuiet && clock.monotonic() - this.#saidAt < repeatMs) return;
    await this.#put(now, { isWhole: said === undefined, came, went }, lifeMs);
  }

  /** The last word. @throws StorageError */
  async leave(): Promise<void> {
    if (!this.hasSpoken) return;
    const now = this.#here();
    await this.#put(now, { isWhole: true, came: [...now.values()], went: [] }, closingMs);
  }

  async #put(
    now: ReadonlyMap<string, WebhookPresent>,
    change: Parameters<WebhookPresence["putPresent"]>[2],
    life: number,
  ): Promise<void> {
    const { nodeId, store, clock } = this.#options;
    this.#said = undefined;
    if (await store().putPresent(nodeId, life, change)) this.#said = now;
    this.#saidAt = clock.monotonic();
  }

  /** Who is here, and who was until a moment ago. */
  #hereOrSoon(): ReadonlyMap<string, WebhookPresent> {
    const now = new Map(this.#here());
    const at = this.#options.clock.monotonic();
    for (const key of this.#lingering.keys()) if (now.has(key)) this.#lingering.delete(key);
    for (const [key, person] of this.#said ?? []) {
      if (now.has(key)) continue;
      const until = this.#lingering.get(key) ?? at + lingerMs;
      if (until > at) {
        this.#lingering.set(key, until);
        now.set(key, person);
      } else this.#lingering.delete(key);
    }
    return now;
  }

  #here(): ReadonlyMap<string, WebhookPresent> {
    // No id has a line break.
    return new Map(
      this.#options.present().map((person) => [`${person.room}\n${person.user}`, person]),
    );
  }
}
