/** A node over a store in memory, ways into it, and leases that tests pass from one to the other. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { Node, RoomLog } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { startNode } from "@parlance/testkit/harness";
import { createMemoryStore } from "@parlance/testkit/memory";
import type { Lease } from "../src/door.ts";
import { createDoorway, type Doorway } from "../src/doorway.ts";

export interface Told {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Rig {
  /** What doors reported. */
  readonly told: Told[];
  report(level: string, event: string, fields: Readonly<Record<string, unknown>>): void;
  /** A way in through a node of its own, as another process would have it. */
  newDoorway(): Promise<Doorway>;
  /** Texts of a room's messages, as they are in its log. */
  texts(room: string): Promise<string[]>;
}

export function startRig(): Rig {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const store = createMemoryStore({ random });
  const told: Told[] = [];
  const report = (_: string, event: string, fields: Told["fields"]): void => {
    told.push({ event, fields });
  };
  let count = 0;
  return {
    told,
    report,
    async newDoorway() {
      count += 1;
      const log = answeringLate(store.log);
      const node: Pick<Node, "execute"> = (
        await startNode({ ...store, log, broker: createMemoryBroker(), nodeId: `n${count}` })
      ).node;
      return createDoorway({ node, name: "test", service: "shop", report });
    },
    texts: (room) => textsOf(store.log, room),
  };
}

/** Commits at once and tells it late, as a database on the network does: a crash in between is what doors are about. */
function answeringLate(log: RoomLog): RoomLog {
  return new Proxy(log, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== "function") return member;
      const call = member.bind(target) as (...args: unknown[]) => unknown;
      if (name !== "append") return call;
      return async (...args: unknown[]) => {
        const result = await call(...args);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
        return result;
      };
    },
  });
}

async function textsOf(log: RoomLog, room: string): Promise<string[]> {
  const texts: string[] = [];
  for (let after = 0; ; after += 100) {
    const page = await log.read({ room: room as RoomId, after, limit: 100 });
    const events = page?.events ?? [];
    for (const { frame } of events) {
      if (frame.type === "message.created" && "data" in frame) texts.push(frame.data.text);
    }
    if (events.length < 100) return texts;
  }
}

/** One lease of several nodes, which is taken from them as tests like. */
export class SharedLease {
  readonly lifeMs: number;
  #holder: string | undefined;
  #until = 0;
  readonly #dead = new Set<string>();

  constructor(lifeMs = 1_000) {
    this.lifeMs = lifeMs;
  }

  get holder(): string | undefined {
    return performance.now() < this.#until ? this.#holder : undefined;
  }

  of(node: string): Lease {
    return {
      lifeMs: this.lifeMs,
      take: async () => {
        if (this.#dead.has(node)) return false;
        if (this.holder !== undefined && this.holder !== node) return false;
        this.#holder = node;
        this.#until = performance.now() + this.lifeMs;
        return true;
      },
      giveBack: async () => {
        if (this.#holder === node) this.#until = 0;
      },
    };
  }

  /** Gives it to another although the holder does not know yet: its clock runs slow, or it slept. */
  passTo(node: string): void {
    this.#holder = node;
    this.#until = performance.now() + this.lifeMs;
  }

  /** As when the process was killed. */
  kill(node: string): void {
    this.#dead.add(node);
    if (this.#holder === node) this.#until = 0;
  }
}

/** For a single node. */
export const ownLease: Lease = {
  lifeMs: 30_000,
  take: () => Promise.resolve(true),
  giveBack: () => Promise.resolve(),
};

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
