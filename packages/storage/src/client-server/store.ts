/** Puts a store together over an engine: everything that PostgreSQL and MySQL have in common meets here. */

import type { Directory } from "@parlance/core";
import { createChain } from "@parlance/core/chain";
import { createCrashPoint } from "../sql/crash-point.ts";
import { createKeyedHash } from "../sql/keyed-hash.ts";
import { SetAsideError } from "../sql/marks.ts";
import { nonceSource } from "../sql/nonces.ts";
import { createSha256 } from "../sql/sha256.ts";
import type { Store } from "../store.ts";
import type { Reads, Write } from "./access.ts";
import { Batch, type BatchTools } from "./batch.ts";
import { createEntrances } from "./entrances.ts";
import { createFileIndex } from "./file-index.ts";
import { createFleet } from "./fleet.ts";
import { readInstall } from "./install.ts";
import { Lanes, type RunBatch } from "./lanes.ts";
import { createLeases } from "./leases.ts";
import { createMembers, createReadMarks, createRoomAdmin } from "./members.ts";
import { createNarrows } from "./narrows.ts";
import { createOutbox } from "./outbox.ts";
import { createOwn } from "./own.ts";
import { createPlaces } from "./places.ts";
import { createPresenceBoard } from "./presence-board.ts";
import { createProfileWrites } from "./profiles.ts";
import { createRates } from "./rates.ts";
import { createRoomLog } from "./room-log.ts";
import { searchMessages } from "./search-messages.ts";
import type { Engine, Session } from "./session.ts";
import { reading, transact, writing } from "./transaction.ts";
import { createKeys, createSessions, createUsers } from "./users.ts";
import { createWebhooks } from "./webhooks.ts";

/** How long a page waits while others take their time. */
const pagePatienceMs = 5_000;
/** A search, which others would have to wait for in turn. */
const searchPatienceMs = 2_000;

export interface StoreOptions {
  /** Connections reserved for appends, above 0. Batches gain more than connections do. */
  readonly lanes: number;
  /** Whether a database that is being copied into, or was moved away, is opened too. */
  readonly isBeingCopied?: boolean;
  /** Test only: die at the n-th passing of a named place, such as `after_commit:37`. */
  readonly crashAt?: string;
}

/** The session, telling of every answer. */
function watched(session: Session, alive: () => void): Session {
  const told = <A extends unknown[], T>(ask: (...args: A) => Promise<T>) =>
    (async (...args: A) => {
      const answer = await ask(...args);
      alive();
      return answer;
    }) as (...args: A) => Promise<T>;
  return {
    all: told(session.all) as Session["all"],
    get: told(session.get) as Session["get"],
    run: told(session.run),
    insert: told(session.insert),
    insertNew: told(session.insertNew),
    update: told(session.update),
    add: told(session.add),
    replaceOlder: told(session.replaceOlder),
  };
}

/** @throws StorageError if the database cannot be read. */
export async function openStoreOver(engine: Engine, options: StoreOptions): Promise<Store> {
  const { sql, appends, others } = engine;
  const pages = createNarrows(Math.max(1, Math.floor(others.size / 2)), pagePatienceMs);
  const reads: Reads = {
    each: (read) => reading(others, read),
    page: (read) => pages.through(() => reading(others, read)),
    snapshot: (read) => pages.through(() => writing(others, sql.beginSnapshot, read)),
  };
  const searches = createNarrows(Math.max(1, Math.floor(others.size / 4)), searchPatienceMs);
  const write: Write = (work) => writing(others, sql.begin, work);
  const install = await write(readInstall);
  if (install.mark !== undefined && options.isBeingCopied !== true) {
    throw new SetAsideError(install.mark);
  }

  const pass = createCrashPoint(options.crashAt);
  const sha256 = createSha256();
  const tools: BatchTools = {
    sql,
    chain: createChain(sha256),
    keyedHash: createKeyedHash(install.payloadKey, sha256),
    nextNonce: nonceSource(),
    crash: pass,
  };
  const hooks = {
    beforeCommit: () => pass("before_commit"),
    afterCommit: () => pass("after_commit"),
  };
  const run: RunBatch<Batch> = (jobs, alive) =>
    transact(
      appends,
      sql.begin,
      async (session) => {
        const batch = new Batch(watched(session, alive), tools);
        const rooms = new Set(
          jobs.map((job) => (job.type === "append" ? job.append.room : job.room)),
        );
        await batch.begin(
          [...rooms],
          jobs.flatMap((job) => (job.type === "append" ? (job.key ?? []) : [])),
          jobs.flatMap((job) =>
            job.type === "call" && job.create !== undefined
              ? [[job.room, job.create] as const]
              : [],
          ),
        );
        const results: unknown[] = [];
        for (const job of jobs) {
          const result = job.type === "append" ? batch.append(job) : job.run(batch);
          results.push(result instanceof Promise ? await result : result);
        }
        return { result: results, last: () => batch.last() };
      },
      options.crashAt === undefined ? undefined : hooks,
    );
  const lanes = new Lanes<Batch>(options.lanes, run);

  const close = async (): Promise<void> => {
    await lanes.close();
    await Promise.all([appends.close(), others.close()]);
  };
  let closing: Promise<void> | undefined;
  return {
    log: createRoomLog(lanes, reads, write, sql, (query) =>
      searches.through(() => searchMessages(others, sql.search, query)),
    ),
    directory: {
      ...createUsers(reads, write),
      ...createProfileWrites(write),
      ...createSessions(reads, write),
      ...createKeys(reads, write),
      ...createMembers(reads),
      ...createEntrances(reads),
      ...createRoomAdmin(reads),
      ...createReadMarks(lanes),
      ...createOwn(lanes, reads),
      ...createPlaces(reads, write),
      ...createLeases(write, sql.now),
    } satisfies Directory,
    files: createFileIndex(reads, write),
    outbox: createOutbox(reads, write, sql.now),
    rates: createRates(sql, write),
    webhooks: createWebhooks(reads, write, sql.now),
    fleet: createFleet(reads, write, sql.now),
    presence: createPresenceBoard(reads, write, sql.now),
    installId: install.id,
    // Whether it answers now is for whoever asks it: connections come back by themselves.
    status: () => ({
      available: closing === undefined,
      epochRenewed: false,
      integrity: "not_needed",
      findings: [],
    }),
    batches: () => lanes.batches,
    checked: Promise.resolve([]),
    lost: new Promise(() => {}),
    weaknesses: engine.weaknesses,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
