/**
 * Moves a running install from one database to another while it serves. The source stays the truth until the last step:
 * whatever fails or is cut short before, nothing was lost and the move can be begun again.
 *
 * 1. The target is made and marked as unfinished, so that no start takes it for an install.
 * 2. Triggers at the source note which rows are touched, in the transactions that do it.
 * 3. One snapshot of the source is copied, which takes as long as it takes.
 * 4. What was touched meanwhile is copied again, round by round, until little is left.
 * 5. Writes wait. The last round, a comparison, the source is sealed, the target is no longer unfinished, and the server uses it.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Report } from "@parlance/core";
import type { Store } from "../store.ts";
import { differingRooms } from "./compare.ts";
import { type CopyProgress, copyAll, type TableCounts } from "./copy-all.ts";
import type { Changes, CopyEnd } from "./end.ts";
import type { SwitchableStore } from "./switchable-store.ts";

/** Writes wait for no longer than this before they are let go and the switch is tried again later. */
const heldMs = 1_400;
/** What may be left to copy when writes are made to wait: a few milliseconds of work. */
const fewChanges = 200;
/** How long the source is waited for to take writes again, before they are let go all the same. */
const unsealMs = 400;
/** Changes of one round trip. */
const changesAtOnce = 1_000;
/** How often the switch is tried before the move is given up. */
const switchAttempts = 20;
/** Between two of them, and between a small round and the next look. */
const betweenMs = 250;
/** Marks that a database cannot take back are tried to be taken back so often. */
const undoAttempts = 5;

export type MovePhase =
  | "preparing"
  | "copying"
  | "catching_up"
  | "switching"
  | "done"
  | "failed"
  | "abandoned";

/** How far a move has come. */
export interface MoveReport {
  readonly phase: MovePhase;
  /** The target, for people. */
  readonly to: string;
  readonly table?: string;
  readonly rows: number;
  readonly total: number;
  /** Changes that were copied after the snapshot. */
  readonly changes: number;
  /** Milliseconds since the move began. */
  readonly elapsedMs: number;
  /** How often writes were made to wait. */
  readonly switches: number;
  /** The longest that writes were made to wait at once. */
  readonly heldMs: number;
  /** Why it failed, in words for the operator. */
  readonly reason?: string;
  /** Rows of each table at the target. */
  readonly counts?: TableCounts;
}

export interface MoveOptions {
  readonly source: CopyEnd;
  readonly target: CopyEnd;
  /** What the server uses; its current store is the source. */
  readonly store: SwitchableStore;
  /** The target, for people: without user and password. */
  readonly to: string;
  /** Whether what is in the target may be overwritten. */
  readonly replace?: boolean;
  readonly report: Report;
}

/** The move is not possible as it was asked for, in words for the operator. Nothing was changed. */
export class MoveRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MoveRefused";
  }
}

/** One move. `run` does it, `state` tells how far it is. */
export class Move {
  readonly #options: MoveOptions;
  readonly #abort = new AbortController();
  readonly #begun = performance.now();
  #phase: MovePhase = "preparing";
  #progress: CopyProgress | undefined;
  #changes = 0;
  #switches = 0;
  #heldMs = 0;
  #reason: string | undefined;
  #counts: TableCounts | undefined;
  #elapsedMs: number | undefined;
  /** Ids of rooms that were touched since they were compared. */
  #touchedRooms = new Set<string>();
  #opened: Store | undefined;
  /** What all epochs began with when the move began. */
  #part: string | undefined;

  constructor(options: MoveOptions) {
    this.#options = options;
  }

  /** How far it is. */
  get state(): MoveReport {
    const progress = this.#progress;
    return {
      phase: this.#phase,
      to: this.#options.to,
      ...(progress === undefined ? {} : { table: progress.table }),
      rows: progress?.rows ?? 0,
      total: progress?.total ?? 0,
      changes: this.#changes,
      elapsedMs: Math.round(this.#elapsedMs ?? performance.now() - this.#begun),
      switches: this.#switches,
      heldMs: Math.round(this.#heldMs),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.#counts === undefined ? {} : { counts: this.#counts }),
    };
  }

  /** Whether it is over, one way or the other. */
  get isOver(): boolean {
    return this.#phase === "done" || this.#phase === "failed" || this.#phase === "abandoned";
  }

  /** Stops it before the switch. Nothing happens once it is over. */
  abandon(): void {
    this.#abort.abort(new MoveRefused("it was abandoned"));
  }

  /**
   * Looks at both ends.
   *
   * @throws MoveRefused if they are not what they must be; StorageError if one of them cannot be reached.
   */
  async check(): Promise<void> {
    const { source, target, replace } = this.#options;
    const [from, into] = await Promise.all([source.state(), target.state()]);
    if (from.identity === undefined || from.version !== from.known) {
      throw new MoveRefused("The database in use is not of this program's version.");
    }
    if (into.version !== undefined && into.version > into.known) {
      throw new MoveRefused(
        `The target has schema version ${into.version}, and this program knows ${into.known}.`,
      );
    }
    const isOurs = into.mark?.type === "unfinished";
    if (into.isUsed && !isOurs && replace !== true) {
      const was = into.mark?.type === "moved" ? ", an install that was moved away before," : "";
      throw new MoveRefused(
        `The target is in use or was: there are people or messages in it${was} and a move would overwrite them. ` +
          "Name an empty database or another prefix, or give --replace.",
      );
    }
  }

  /** Runs it to its end, after `check`. Never throws: `state` tells how it ended. */
  async run(): Promise<void> {
    const { source, report, to } = this.#options;
    report("info", "move_began", { to });
    try {
      await this.#copy();
      await this.#switch();
      this.#phase = "done";
      report("info", "move_done", { to, held_ms: Math.round(this.#heldMs) });
    } catch (error) {
      const wasAbandoned = this.#abort.signal.aborted;
      this.#reason = error instanceof Error ? error.message : String(error);
      await this.#opened?.close().catch(() => undefined);
      // The source goes on, whatever becomes of these.
      await undo(() => source.release());
      this.#phase = wasAbandoned ? "abandoned" : "failed";
      if (wasAbandoned) report("info", "move_abandoned", {});
      else report("error", "move_failed", { reason: this.#reason });
    } finally {
      this.#elapsedMs = performance.now() - this.#begun;
      await source.close().catch(() => undefined);
      await this.#options.target.close().catch(() => undefined);
    }
  }

  async #copy(): Promise<void> {
    const { source, target } = this.#options;
    const { signal } = this.#abort;
    const { identity } = await source.state();
    if (identity === undefined) throw new Error("the install has no identity");
    this.#part = identity.part;
    signal.throwIfAborted();
    await target.prepare({ type: "unfinished", by: "move" }, identity);
    signal.throwIfAborted();
    await source.capture();
    this.#phase = "copying";
    await copyAll(source, target, { signal, onProgress: (progress) => this.#follow(progress) });
    this.#phase = "catching_up";
    await this.#catchUp();
    // Before anybody waits for it: a database that cannot be opened is found out now.
    this.#opened = await target.open();
    this.#touchedRooms.clear();
    for (const room of await differingRooms(source, target, signal)) this.#touchedRooms.add(room);
    this.#counts = await target.counts();
  }

  #follow(progress: CopyProgress): void {
    this.#progress = progress;
  }

  /** Rounds until little is left. */
  async #catchUp(): Promise<void> {
    const { source } = this.#options;
    for (;;) {
      this.#abort.signal.throwIfAborted();
      await this.#round(fewChanges);
      if ((await source.pending()) <= fewChanges) return;
    }
  }

  /** Copies what is noted until a reading brings less than `enough`. */
  async #round(enough: number): Promise<void> {
    for (;;) {
      const { ids } = await this.#copyChanges();
      if (ids.length <= enough) return;
      this.#abort.signal.throwIfAborted();
    }
  }

  async #copyChanges(): Promise<Changes> {
    const { source, target } = this.#options;
    const changes = await source.changes(changesAtOnce);
    if (changes.ids.length === 0) return changes;
    await target.apply(changes);
    await source.forget(changes.ids);
    this.#changes += changes.ids.length;
    for (const { table, keys } of changes.tables) {
      if (table === "rooms") for (const [room] of keys) this.#touchedRooms.add(String(room));
    }
    return changes;
  }

  async #switch(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#abort.signal.throwIfAborted();
      await this.#catchUp();
      this.#phase = "switching";
      if (await this.#tryToSwitch()) return;
      this.#phase = "catching_up";
      if (attempt >= switchAttempts) {
        throw new Error(
          `the databases are too slow to switch between within ${heldMs} ms, or too much is written`,
        );
      }
      await pause(betweenMs * attempt);
    }
  }

  /** @returns false if writes waited for long enough; they go on at the source then. */
  async #tryToSwitch(): Promise<boolean> {
    const { store, source, target, to } = this.#options;
    const since = performance.now();
    this.#switches += 1;
    const deadline = pause(heldMs, "late" as const);
    const inTime = async (work: Promise<unknown>): Promise<boolean> =>
      (await Promise.race([work.then(() => "done" as const), deadline])) === "done";
    // What is late may still be under way: it must end before anything else is tried.
    let last: Promise<unknown> = Promise.resolve();
    const step = (work: () => Promise<unknown>): Promise<boolean> => {
      last = work();
      return inTime(last);
    };
    let isSealed = false;
    try {
      if (!(await step(() => store.hold()))) return false;
      if (!(await step(() => this.#round(0)))) return false;
      isSealed = true;
      if (!(await step(() => source.seal(to)))) return false;
      // Whoever writes past this server did it before the seal.
      if (!(await step(() => this.#round(0)))) return false;
      if (!(await step(() => this.#mustAgree()))) return false;
      if (!(await step(() => target.complete()))) return false;
      store.exchange(this.#opened as Store);
      this.#opened = undefined;
      isSealed = false;
      return true;
    } finally {
      // The source is the truth again: it must take writes before they come.
      const unsealed = isSealed ? undo(() => source.unseal()) : Promise.resolve();
      await Promise.race([unsealed, pause(unsealMs)]);
      store.letGo();
      this.#heldMs = Math.max(this.#heldMs, performance.now() - since);
      await last.catch(() => undefined);
      await unsealed;
      // What the target was asked last may have been done.
      if (isSealed) await undo(() => target.uncomplete());
    }
  }

  async #mustAgree(): Promise<void> {
    const { source, target } = this.#options;
    const { identity } = await source.state();
    if (identity?.part !== this.#part) throw new Error("the epochs were renewed meanwhile");
    const head = await source.controlHead();
    await target.settle(head);
    const rooms = [...this.#touchedRooms];
    const differing = await differingRooms(source, target, this.#abort.signal, rooms);
    if (differing.length > 0) {
      throw new Error(`${differing.length} rooms are not the same in both databases`);
    }
    if ((await target.controlHead()) !== head) {
      throw new Error("the control log is not the same in both databases");
    }
    this.#touchedRooms.clear();
  }
}

async function undo(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= undoAttempts; attempt += 1) {
    try {
      await work();
      return;
    } catch {
      await pause(100 * attempt);
    }
  }
}
