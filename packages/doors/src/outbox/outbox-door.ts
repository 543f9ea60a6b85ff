/**
 * The door that is a table. An application writes a row in a transaction of its own, beside what else it stores, so that both
 * happen or neither does; the server publishes it and deletes it.
 *
 * Rows are taken in the order of their numbers, as far as they can be seen: of two transactions at the same time the one that is
 * committed first may be published first, whoever wrote first. Within one transaction the order is kept.
 *
 * A row is deleted in a statement of its own, after the verdict. What ends in between is published again with the same key, and
 * so it is there once. One node of a fleet at a time looks; should two for a moment, the same keys keep it to one message.
 */
import type { Outbox, OutboxRow, Report } from "@parlance/core";
import { ProtocolError, type RoomId } from "@parlance/protocol";
import type { Door, DoorStatus, Lease } from "../door.ts";
import type { Doorway } from "../doorway.ts";
import { LeaseKeeper } from "../lease-keeper.ts";
import { maxPublicationBytes } from "../read.ts";
import { reasonOf } from "../reason.ts";
import { readRow } from "./row.ts";

export interface OutboxDoorOptions {
  /** Where rows are, asked at every look. */
  readonly outbox: () => Outbox | undefined;
  /** The door's own: closed with it. */
  readonly doorway: Doorway;
  /** Whose node it is looks. On a single node `take` may always answer true. */
  readonly lease: Lease;
  readonly report: Report;
  /** Milliseconds between two looks at a table in which nothing waits. */
  readonly lookMs?: number;
}

const name = "outbox";
/** Rows that were taken and are not yet deleted: as many publications are in memory. */
const maxTaken = 64;
const defaultLookMs = 500;

/** Opens it. What is wrong with the table is found out by looking. */
export function openOutboxDoor(options: OutboxDoorOptions): Door {
  return new OutboxDoor(options);
}

/** A row that is to be deleted, or to be set aside with its error. */
interface Decided {
  readonly row: OutboxRow;
  readonly error?: ProtocolError;
  readonly room?: RoomId | undefined;
}

class OutboxDoor implements Door {
  readonly name: string = name;
  readonly #options: OutboxDoorOptions;
  readonly #lease: LeaseKeeper;
  /** Until they are deleted or set aside, so that no look takes them a second time. */
  readonly #taken = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #decided = new Set<Decided>();
  readonly #running: Promise<void>;
  #hasNews = false;
  #isClosed = false;
  #isOpen = true;
  #isTroubled = false;
  #published = 0;
  #refused = 0;
  #wake: () => void = () => {};

  constructor(options: OutboxDoorOptions) {
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

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#options.doorway.close();
    await this.#running;
    await Promise.all(this.#underWay);
    await this.#try((outbox) => this.#settle(outbox));
    await this.#lease.close();
  }

  async #run(): Promise<void> {
    const { lookMs = defaultLookMs } = this.#options;
    while (!this.#isClosed) {
      this.#hasNews = false;
      const isDone = await this.#try(async (outbox) => {
        await this.#settle(outbox);
        if (this.#lease.isHeld) await this.#take(outbox);
      });
      await this.#sleep(lookMs, () => isDone && this.#hasNews);
    }
  }

  /** @returns false if the table is out of reach, for now. */
  async #try(work: (outbox: Outbox) => Promise<void>): Promise<boolean> {
    const { report } = this.#options;
    const outbox = this.#options.outbox();
    this.#isOpen = outbox !== undefined;
    if (outbox === undefined) return false;
    try {
      await work(outbox);
      this.#isTroubled = false;
    } catch (error) {
      this.#isOpen = false;
      if (!this.#isTroubled) report("warn", "door_waits", { door: name, error });
      this.#isTroubled = true;
    }
    return this.#isOpen;
  }

  async #take(outbox: Outbox): Promise<void> {
    const rows = await outbox.waiting({ rows: maxTaken, bytes: maxPublicationBytes });
    for (const row of rows) {
      // Both may have ended while the database was asked.
      if (this.#isClosed || !this.#lease.isHeld || this.#taken.size >= maxTaken) return;
      if (!this.#taken.has(idOf(row))) this.#publish(row);
    }
  }

  #publish(row: OutboxRow): void {
    this.#taken.add(idOf(row));
    const work = this.#verdict(row).then((decided) => {
      this.#underWay.delete(work);
      if (decided === undefined) this.#taken.delete(idOf(row));
      else this.#decided.add(decided);
      this.#news();
    });
    this.#underWay.add(work);
  }

  /** @returns undefined where nothing is known: the row is found again. */
  async #verdict(row: OutboxRow): Promise<Decided | undefined> {
    try {
      const { publication, key, service } = readRow(row);
      const verdict = await this.#options.doorway.publish(publication, key, service);
      if (verdict.outcome === "stopped") return undefined;
      if (verdict.outcome === "published") return { row };
      const { error, results } = verdict;
      return {
        row,
        error,
        room: results.find((one) => "error" in one && one.error === error)?.room,
      };
    } catch (cause) {
      // What cannot be read, whatever the reason, must not be met for ever.
      const error = cause instanceof ProtocolError ? cause : new ProtocolError("internal");
      return { row, error };
    }
  }

  /** Lets go of what is decided. Done twice where the first answer was lost, which changes nothing. */
  async #settle(outbox: Outbox): Promise<void> {
    const decided = [...this.#decided];
    const published = decided.filter(({ error }) => error === undefined);
    await outbox.done(published.map(({ row }) => row));
    for (const one of published) this.#letGo(one);
    this.#published += published.length;
    const refused: Decided[] = [];
    try {
      for (const one of decided) {
        if (one.error === undefined) continue;
        await outbox.refuse(one.row, reasonOf(one.error, one.room));
        this.#letGo(one);
        refused.push(one);
      }
    } finally {
      this.#refused += refused.length;
      this.#tell(refused);
    }
  }

  #letGo(decided: Decided): void {
    this.#decided.delete(decided);
    this.#taken.delete(idOf(decided.row));
  }

  /** One line for all of a look: an application may write many that are wrong. */
  #tell([first, ...others]: readonly Decided[]): void {
    if (first?.error === undefined) return;
    const { report } = this.#options;
    const { field, rule } = first.error.details ?? {};
    report("warn", "door_refused", {
      door: name,
      error_code: first.error.code,
      field,
      rule,
      place: first.row.number,
      untold: others.length,
    });
  }

  #news(): void {
    this.#hasNews = true;
    this.#wake();
  }

  /** @param isWakeable Whether it may end before its time; closing always ends it. */
  async #sleep(ms: number, isWakeable: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.#isClosed && !isWakeable()) return;
        clearTimeout(timer);
        // At the end of the turn: what one commit decided is deleted together.
        setImmediate(resolve);
      };
      this.#wake();
    });
  }
}

function idOf({ number, key }: OutboxRow): string {
  return `${number} ${key}`;
}
