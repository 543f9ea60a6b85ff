/**
 * The door that is a directory. Whoever writes in any language: writes `<name>.json.tmp` there, syncs it, and renames it to
 * `<name>.json`. The file is a publication as JSON, with `key_id` (the public part of an API key) if it shall belong to the
 * service of that key. Files are taken in the order of their names, so a name begins with the time: microseconds since 1970
 * in 17 digits, then something random. A name is used once: where the publication has no key of its own, its name is the key.
 *
 * A file is taken away when its message is stored. What is wrong is moved to `refused/`, with the reason beside it. One node
 * of a fleet at a time looks; should two for a moment, the keys keep what both hand in to one message.
 */
import { type FSWatcher, watch } from "node:fs";
import type { Report } from "@parlance/core";
import { StorageError } from "@parlance/core";
import { ProtocolError, type Publication } from "@parlance/protocol";
import type { Door, DoorStatus, Lease } from "../door.ts";
import type { Doorway, Verdict } from "../doorway.ts";
import { LeaseKeeper } from "../lease-keeper.ts";
import { reasonOf } from "../reason.ts";
import { keyOfName, readContent } from "./content.ts";
import { isSpooled, type Mark, SpoolDirectory } from "./directory.ts";
import { codeOf, isOwnTrouble, Notes } from "./trouble.ts";

export interface SpoolDoorOptions {
  /** Made if it is absent (what is above it is not). Whoever may write there may publish under every service's name. */
  readonly directory: string;
  /** The door's own: closed with it. */
  readonly doorway: Doorway;
  /** Whose node it is takes files. On a single node `take` always answers true. */
  readonly lease: Lease;
  /** The service of an API key in force, by the key's public id. @throws StorageError */
  readonly serviceOfKey: (keyId: string) => Promise<string | undefined>;
  readonly report: Report;
}

/** @throws the system's error if the directory is not there and cannot be made. */
export async function openSpoolDoor(options: SpoolDoorOptions): Promise<Door> {
  const directory = new SpoolDirectory(options.directory);
  await directory.make();
  return new SpoolDoor(directory, options);
}

/** A file on its way. `later`: it is left where it is; `stuck`: all behind it too, so that they do not pass it. */
type Item =
  | {
      readonly is: "publication";
      readonly publication: Publication;
      readonly service?: string;
      readonly mark: Mark;
    }
  | { readonly is: "refused"; readonly error: ProtocolError; readonly mark: Mark }
  | { readonly is: "later" }
  | { readonly is: "stuck" };

/** Files that are taken one behind the other. When one of them is stuck, all behind it are let go of, and a new queue begins. */
interface Queue {
  isStuck: boolean;
}

const name = "spool";
/** Files that are read or published at once; as many publications are in memory. */
const maxUnderWay = 64;
/** Names in memory. A million files are listed a few hundred times. */
const pageNames = 4_096;
/** The watch is for speed: there is none on a network's file system, and what another machine writes it never sees. */
const lookMs = 1_000;
/** Until it is tried again what held up all of them. */
const stuckMs = 250;
/** What was told is over when it did not come again for so long. */
const quietMs = 30_000;
/** Who does not rename may take so long between two writes. */
const unfinishedMs = 5_000;
/** A file that cannot be read or moved is tried again after 1 s, then ever later up to this. */
const maxTroubleMs = 60_000;
const maxNotes = 10_000;

class SpoolDoor implements Door {
  readonly name: string = name;
  readonly #directory: SpoolDirectory;
  readonly #options: SpoolDoorOptions;
  readonly #lease: LeaseKeeper;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #unfinished = new Notes<{ readonly mark: Mark; readonly since: number }>(maxNotes);
  readonly #troubles = new Notes<{ readonly pauseMs: number; readonly dueAt: number }>(maxNotes);
  /** Ends when the file taken last is handed in, or is known not to be. */
  #turn: Promise<void> = Promise.resolve();
  /** Those who wait for time, news or room; all look again when woken. */
  readonly #sleepers = new Set<() => void>();
  readonly #running: Promise<void>;
  #watcher: FSWatcher | undefined;
  #hasNews = false;
  #isOpen = true;
  /** When all files had to wait last, in `performance.now()`, for the database with their keys or for room in this process. */
  readonly #waitedAt = new Map<"keys" | "files", number>();
  #isClosed = false;
  #published = 0;
  #refused = 0;

  constructor(directory: SpoolDirectory, options: SpoolDoorOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#lease = new LeaseKeeper(options.lease, name, options.report, () => this.#news());
    this.#running = this.#run();
  }

  status(): DoorStatus {
    return {
      isOpen: this.#isOpen && !this.#isClosed,
      published: this.#published,
      refused: this.#refused,
      underWay: this.#underWay.size,
    };
  }

  waiting(): Promise<number> {
    return this.#directory.count().catch(() => 0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unwatch();
    this.#wakeAll();
    await this.#options.doorway.close();
    await this.#running;
    await Promise.all(this.#underWay.values());
    await this.#lease.close();
  }

  get #mayHandIn(): boolean {
    return !this.#isClosed && this.#lease.isHeld;
  }

  async #run(): Promise<void> {
    let queue: Queue = { isStuck: false };
    while (!this.#isClosed) {
      this.#hasNews = false;
      if (this.#lease.isHeld) await this.#goThrough(queue);
      if (queue.isStuck) {
        // Nobody of the old queue may be under way when the new one begins: the last would be the first.
        await this.#turn;
        await this.#sleep(stuckMs, () => false);
        queue = { isStuck: false };
      } else if (!this.#hasNews) {
        await this.#sleep(lookMs, () => this.#hasNews);
      }
    }
  }

  async #goThrough(queue: Queue): Promise<void> {
    const { report } = this.#options;
    this.#watch();
    try {
      for (let after = ""; ; ) {
        const names = await this.#directory.list({
          after,
          limit: pageNames,
          isSkipped: (file) => this.#isSkipped(file),
        });
        this.#isOpen = true;
        for (const file of names) {
          while (this.#underWay.size >= maxUnderWay && !this.#isClosed) await this.#sleep(lookMs);
          if (!this.#mayHandIn || queue.isStuck) return;
          this.#take(file, queue);
        }
        const last = names.at(-1);
        if (last === undefined || names.length < pageNames) return;
        after = last;
      }
    } catch (error) {
      this.#unwatch();
      if (this.#isOpen) report("warn", "spool_unreadable", { error_code: codeOf(error), error });
      this.#isOpen = false;
      await this.#directory.make().catch(() => {});
    }
  }

  #isSkipped(file: string): boolean {
    if (this.#underWay.has(file)) return true;
    const trouble = this.#troubles.get(file);
    return trouble !== undefined && performance.now() < trouble.dueAt;
  }

  #take(file: string, queue: Queue): void {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    const carried = this.#carry(file, queue, before, resolve)
      .catch((error: unknown) => this.#noteTrouble(file, error))
      .finally(() => {
        resolve();
        this.#underWay.delete(file);
        this.#wakeAll();
      });
    this.#underWay.set(file, carried);
  }

  /** Reads at once, hands in when all before it are handed in, and waits for the verdict without holding up those behind. */
  async #carry(file: string, queue: Queue, before: Promise<void>, next: () => void): Promise<void> {
    const item = await this.#prepare(file);
    await before;
    if (item.is === "stuck" || !this.#mayHandIn) queue.isStuck = true;
    if (queue.isStuck || item.is === "stuck" || item.is === "later") return;
    if (item.is === "refused") {
      next();
      return this.#setAside(file, item.mark, item.error);
    }
    const { publication, service, mark } = item;
    const decided = this.#options.doorway.publish(publication, keyOfName(file), service);
    next();
    const verdict = await decided;
    if (verdict.outcome === "published") {
      await this.#directory.remove(file, mark);
      this.#published += 1;
      this.#troubles.delete(file);
    } else if (verdict.outcome === "refused") {
      await this.#setAside(file, mark, verdict.error, verdict);
    }
  }

  async #prepare(file: string): Promise<Item> {
    try {
      const found = await this.#directory.read(file);
      if (found.is === "nothing") return { is: "later" };
      if (found.is === "refused") return found;
      const { mark } = found;
      const content = readContent(found.bytes);
      if (content.is === "unfinished") {
        const isGivenUp = this.#isUnchanged(file, mark);
        return isGivenUp ? { is: "refused", error: content.error, mark } : { is: "later" };
      }
      this.#unfinished.delete(file);
      if (content.is === "refused") return { ...content, mark };
      const { publication, keyId } = content;
      return keyId === undefined
        ? { is: "publication", publication, mark }
        : await this.#withService(publication, keyId, mark);
    } catch (error) {
      if (isOwnTrouble(error)) {
        this.#noteWaiting("files", error);
        return { is: "stuck" };
      }
      this.#noteTrouble(file, error);
      return { is: "later" };
    }
  }

  /** A key that is looked up while the database is away is looked up again; the files behind it wait for their turn meanwhile. */
  async #withService(publication: Publication, keyId: string, mark: Mark): Promise<Item> {
    while (this.#mayHandIn) {
      try {
        const service = await this.#options.serviceOfKey(keyId);
        if (service !== undefined) return { is: "publication", publication, service, mark };
        const error = new ProtocolError("unauthenticated", { field: "key_id" });
        return { is: "refused", error, mark };
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        this.#noteWaiting("keys", error);
        await this.#sleep(lookMs, () => false);
      }
    }
    return { is: "stuck" };
  }

  /** Whether a file that is not whole has lain there unchanged for long enough to be given up. */
  #isUnchanged(file: string, mark: Mark): boolean {
    const now = performance.now();
    const note = this.#unfinished.get(file);
    if (note?.mark === mark) return now - note.since >= unfinishedMs;
    this.#unfinished.set(file, { mark, since: now });
    return false;
  }

  async #setAside(
    file: string,
    mark: Mark,
    error: ProtocolError,
    verdict?: Verdict & { readonly outcome: "refused" },
  ): Promise<void> {
    const { report } = this.#options;
    const room = verdict?.results.find((one) => "error" in one && one.error === error)?.room;
    if (!(await this.#directory.setAside(file, mark, reasonOf(error, room)))) return;
    this.#refused += 1;
    this.#unfinished.delete(file);
    this.#troubles.delete(file);
    const { field, rule } = error.details ?? {};
    report("warn", "spool_refused", { file, error_code: error.code, field, rule });
  }

  /** Trouble with one file: the others pass it. */
  #noteTrouble(file: string, error: unknown): void {
    const { report } = this.#options;
    const known = this.#troubles.get(file);
    const pauseMs = Math.min(known === undefined ? lookMs : known.pauseMs * 2, maxTroubleMs);
    const isKept = this.#troubles.set(file, { pauseMs, dueAt: performance.now() + pauseMs });
    if (known !== undefined || !isKept) return;
    report("warn", "spool_file_trouble", { file, error_code: codeOf(error), error });
  }

  /** Trouble with all of them. */
  #noteWaiting(what: "keys" | "files", error: unknown): void {
    const { report } = this.#options;
    const now = performance.now();
    const isNew = now - (this.#waitedAt.get(what) ?? Number.NEGATIVE_INFINITY) > quietMs;
    this.#waitedAt.set(what, now);
    if (isNew) report("warn", "door_waits", { door: name, error });
  }

  #watch(): void {
    if (this.#watcher !== undefined || this.#isClosed) return;
    try {
      this.#watcher = watch(this.#directory.path, (_, file) => {
        if (file === null || (isSpooled(file) && !this.#underWay.has(file))) this.#news();
      });
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // None to be had here: looking once a second does.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #news(): void {
    this.#hasNews = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#sleepers) wake();
  }

  /** @param isWakeable Whether it may end before its time; closing always ends it. */
  async #sleep(ms: number, isWakeable: () => boolean = () => true): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const wake = (): void => {
        if (this.#isClosed || isWakeable()) done();
      };
      const timer = setTimeout(done, ms);
      this.#sleepers.add(wake);
      if (this.#isClosed) done();
    });
  }
}
