/**
 * Where all doors meet: a publication becomes messages, in the order in which it came for each room, once for each key. What the
 * server cannot do now is tried again here, for as long as the door holds the publication, so that a door only
 * learns what is final.
 */
import {
  type Identity,
  mayBeTriedAgain,
  type Node,
  type PublicationResult,
  publishEverywhere,
  type Report,
  RoomTurns,
  roomsOfPublication,
} from "@parlance/core";
import { type ClientMessageId, ProtocolError, type Publication } from "@parlance/protocol";

/** What became of a publication, for good. `stopped`: nothing is known; it has to be given again with the same key. */
export type Verdict =
  | { readonly outcome: "published"; readonly results: readonly PublicationResult[] }
  | {
      readonly outcome: "refused";
      readonly error: ProtocolError;
      readonly results: readonly PublicationResult[];
    }
  | { readonly outcome: "stopped" };

export interface DoorwayOptions {
  readonly node: Pick<Node, "execute">;
  /** Of the door, as log lines name it: `spool`, `redis`, … */
  readonly name: string;
  /** Who publishes through it if a publication does not say: the author whom readers see, `service:<service>`. */
  readonly service: string;
  /** Whether its publications may name another author. False if absent. */
  readonly mayImpersonate?: boolean;
  readonly report: Report;
}

export interface Doorway {
  /**
   * Publishes a publication. Those that are given one after the other for one room are published in that order; for others at the
   * same time. Never rejects.
   *
   * @param key Used where the publication has none: the same for every time that this very publication is given.
   * @param service In place of the door's own. Keys are told apart by service.
   */
  publish(publication: Publication, key: ClientMessageId, service?: string): Promise<Verdict>;
  /** Publications that are under way. */
  readonly underWay: number;
  /** What cannot be done at once is not tried any more. Resolves when nothing is under way. */
  close(): Promise<void>;
}

/** What fails as a bug of the server is tried so often; then it is refused, so that it does not stand before others for ever. */
const maxInternal = 30;
/** Milliseconds between two tries, from the first on. */
const retryMs = [50, 200, 500, 1_000] as const;
const lastRetryMs = 2_000;

/** Makes the way in of one door. */
export function createDoorway(options: DoorwayOptions): Doorway {
  return new NamedDoorway(options);
}

class NamedDoorway implements Doorway {
  readonly #options: DoorwayOptions;
  readonly #turns = new RoomTurns();
  readonly #waits = new Set<() => void>();
  #underWay = 0;
  #isClosed = false;
  #isTroubled = false;

  constructor(options: DoorwayOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#underWay;
  }

  async publish(
    publication: Publication,
    key: ClientMessageId,
    service = this.#options.service,
  ): Promise<Verdict> {
    const identity = identityOf(service, this.#options.mayImpersonate === true);
    const rooms: readonly string[] = roomsOf(publication);
    this.#underWay += 1;
    try {
      return await this.#turns.take(rooms, () => this.#publish(identity, publication, key));
    } finally {
      this.#underWay -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const wake of [...this.#waits]) wake();
    await this.#turns.settled();
  }

  async #publish(
    identity: Identity,
    publication: Publication,
    key: ClientMessageId,
  ): Promise<Verdict> {
    const { node, name, report } = this.#options;
    let internal = 0;
    for (let attempt = 0; ; attempt += 1) {
      if (this.#isClosed) return { outcome: "stopped" };
      let trouble: unknown;
      try {
        const used = publication.idempotency_key ?? key;
        const results = await publishEverywhere(node, identity, publication, used, name);
        const errors = results.flatMap((result) => ("error" in result ? [result.error] : []));
        trouble = errors.find(mayBeTriedAgain);
        if (trouble instanceof ProtocolError && trouble.code === "internal") {
          internal += 1;
          if (internal >= maxInternal) return { outcome: "refused", error: trouble, results };
        }
        if (trouble === undefined) {
          this.#isTroubled = false;
          const [error] = errors;
          if (error === undefined) return { outcome: "published", results };
          return { outcome: "refused", error, results };
        }
      } catch (error) {
        if (error instanceof ProtocolError && !mayBeTriedAgain(error)) {
          return { outcome: "refused", error, results: [] };
        }
        trouble = error;
      }
      if (!this.#isTroubled) report("warn", "door_waits", { door: name, error: trouble });
      this.#isTroubled = true;
      await this.#pause(Math.max(askedToWait(trouble), retryMs[attempt] ?? lastRetryMs));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waits.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waits.add(done);
      if (this.#isClosed) done();
    });
  }
}

/** A back end, as its API key would make it. */
function identityOf(service: string, mayImpersonate: boolean): Identity {
  const principal = `service:${service}`;
  return {
    user: principal as Identity["user"],
    name: service,
    kind: "service",
    principal: principal as Identity["principal"],
    scopes: mayImpersonate ? ["publish", "impersonate"] : ["publish"],
    cameBy: { dialect: "door" },
  };
}

/** A service that is over its rate waits as long as that says. */
function askedToWait(trouble: unknown): number {
  const waitMs = trouble instanceof ProtocolError && trouble.details?.["retry_after_ms"];
  return typeof waitMs === "number" ? waitMs : 0;
}

/** A publication that names what cannot be a room is refused in its turn. */
function roomsOf(publication: Publication): readonly string[] {
  try {
    return roomsOfPublication(publication);
  } catch {
    return [""];
  }
}
