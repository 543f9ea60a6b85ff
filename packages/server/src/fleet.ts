/** Says to the other nodes of the install that this one lives, and knows which others do. */
import { hostname } from "node:os";
import { type Fleet, type LivingNode, type Report, StorageError } from "@parlance/core";
import { version } from "./version.ts";

/** Milliseconds between two signs of life, and how long one counts. */
const beatMs = 5_000;
const lifeMs = 17_000;

export interface FleetOptions {
  readonly nodeId: string;
  /** Asked each time: a database that is exchanged has another one; undefined where one process has it. */
  readonly fleet: () => Fleet | undefined;
  /** Asked once it listens. */
  readonly url: () => string;
  readonly connections: () => number;
  readonly report: Report;
}

export interface FleetMember {
  /** To be called when the server has its port. Settles when the others can know of it, or the database is away. */
  begin(): Promise<void>;
  /** Of an install that one process has: itself. @throws StorageError */
  nodes(): Promise<readonly LivingNode[]>;
  close(): Promise<void>;
}

/** Makes this node one of the fleet. */
export function joinFleet(options: FleetOptions): FleetMember {
  const startedAt = Date.now();
  const { nodeId: id, fleet, report } = options;
  const facts = () => ({
    id,
    url: options.url(),
    host: hostname(),
    version,
    connections: options.connections(),
  });
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;
  let isFailing = false;

  const beat = async (): Promise<void> => {
    try {
      await fleet()?.beat(facts(), lifeMs);
      isFailing = false;
    } catch (error) {
      // That the database is away is told once, by who asks it each second.
      if (error instanceof StorageError) return;
      if (!isFailing) report("warn", "fleet_beat_failed", { error });
      isFailing = true;
    }
  };

  return {
    begin() {
      const again = (): Promise<void> => {
        beating ??= beat().finally(() => {
          beating = undefined;
        });
        return beating;
      };
      timer = setInterval(() => void again(), beatMs);
      timer.unref();
      return again();
    },
    nodes: async () => (await fleet()?.nodes()) ?? [{ ...facts(), startedAt, heardMs: 0 }],
    async close() {
      clearInterval(timer);
      await beating;
      // Where that is not possible now, its time is soon over.
      await fleet()
        ?.leave(id)
        .catch(() => undefined);
    },
  };
}
