/** Moving the install of a running server to another database: what the operator's routes ask for, over the store in use. */
import type { Report } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { MoveControl, MoveRequest, MoveView } from "@parlance/http";
import type { Move, SwitchableStore } from "@parlance/storage/copy";
import type { Config } from "./config/schema.ts";
import { copyAddress, isShared, storeName } from "./store.ts";

interface Parts {
  readonly config: Config;
  readonly store: SwitchableStore;
  readonly report: Report;
  /** One of several processes, which share what none of them can exchange. */
  readonly isWorker: boolean;
}

/** What `start` keeps of it. */
export interface MoveParts extends MoveControl {
  /** Abandons a move under way. */
  close(): Promise<void>;
}

/** The moves of one process. One that is under way ends with the process, and the source stays the truth. */
export function createMoveControl({ config, store, report, isWorker }: Parts): MoveParts {
  let current = config;
  let move: Move | undefined;
  let isBeginning = false;
  let run: Promise<void> = Promise.resolve();

  const begin = async (request: MoveRequest): Promise<MoveView> => {
    const { Move, MoveRefused, openCopyEnd } = await import("@parlance/storage/copy");
    const target: Config = { ...config, database_url: request.to };
    const refusal = refusalOf(current, target, request);
    if (refusal !== undefined) return refused(refusal);
    const source = await openCopyEnd(copyAddress(current));
    const into = await openCopyEnd(copyAddress(target));
    const to = storeName(target);
    const replace = request.replace;
    const next = new Move({ source, target: into, store, to, replace, report });
    try {
      const others = request.onlyNode ? 0 : await source.neighbours();
      if (others > 0) throw new MoveRefused(fleetText(`${others} connections from other machines`));
      await next.check();
    } catch (error) {
      await Promise.all([source.close(), into.close()]);
      if (error instanceof MoveRefused) return refused(error.message);
      if (error instanceof StorageError) {
        return refused(`${to} cannot be used: ${error.message}.`);
      }
      throw error;
    }
    move = next;
    run = next.run().then(() => {
      if (next.state.phase === "done") current = target;
    });
    return viewOf(next);
  };

  return {
    begin: async (request) => {
      if (isWorker) return refused(oneProcess);
      if (isBeginning || (move !== undefined && !move.isOver)) {
        return refused("A move is under way: parlance move --status tells how far it is.");
      }
      isBeginning = true;
      try {
        return await begin(request);
      } finally {
        isBeginning = false;
      }
    },
    view: () => (move === undefined ? { phase: "none" } : viewOf(move)),
    abandon: async () => {
      move?.abandon();
      await run;
      return move === undefined ? { phase: "none" } : viewOf(move);
    },
    close: async () => {
      move?.abandon();
      await run;
    },
  };
}

const oneProcess =
  "Only a server of one process can move its install. Start it with --processes 1 for the time of the move.";

/** What can be told without asking a database. */
function refusalOf(current: Config, target: Config, request: MoveRequest): string | undefined {
  const address = addressTrouble(target);
  if (address !== undefined) return address;
  if (storeName(current) === storeName(target) && samePrefix(current, target)) {
    return `The install is in ${storeName(target)} already.`;
  }
  if (isShared(current) && !request.onlyNode && !/^(memory|none):/.test(current.broker_url)) {
    return fleetText("this server is told to share a broker with others");
  }
  return undefined;
}

function addressTrouble(target: Config): string | undefined {
  try {
    copyAddress(target);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function samePrefix(one: Config, other: Config): boolean {
  const [a, b] = [copyAddress(one), copyAddress(other)];
  return a.engine === "sqlite" || b.engine === "sqlite" || a.prefix === b.prefix;
}

function fleetText(sign: string): string {
  return (
    `Only an install of one server can be moved while it serves, and there may be more: ${sign}. Stop the others; if there ` +
    "are none, say so with --only-node."
  );
}

function refused(reason: string): MoveView {
  return { phase: "refused", reason };
}

function viewOf({ state }: Move): MoveView {
  const { phase, to, table, rows, total, changes, reason, switches } = state;
  return {
    phase,
    to,
    ...(table === undefined ? {} : { table }),
    rows,
    total,
    changes,
    elapsed_ms: state.elapsedMs,
    switches,
    held_ms: state.heldMs,
    ...(reason === undefined ? {} : { reason }),
    ...(state.counts === undefined ? {} : { counts: state.counts }),
  };
}

/**
 * What a move left in a shared database when its server was killed: a server that starts is the only one, or the move was
 * not allowed. SQLite's store sees to it by itself.
 */
export async function removeLeftCapture(config: Config): Promise<void> {
  if (!isShared(config)) return;
  const { openCopyEnd } = await import("@parlance/storage/copy");
  const end = await openCopyEnd(copyAddress(config));
  try {
    if ((await end.state()).isCaptured) await end.release();
  } finally {
    await end.close();
  }
}
