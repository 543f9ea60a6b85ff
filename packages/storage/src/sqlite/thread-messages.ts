/**
 * What the server's thread and the storage threads send each other. Appends travel as one flat array of
 * cells for a whole batch: cloning thousands of small objects between threads would cost more than storing
 * them.
 */
import type { Append, Appended } from "@parlance/core";
import type { Epoch, EventId } from "@parlance/protocol";
import type { Mark } from "../sql/marks.ts";
import type { Failure } from "./errors.ts";

/** What a storage thread is started with. */
export interface ThreadSettings {
  readonly directory: string;
  readonly crashAt?: string;
  /** Whether a database that is being copied into, or was moved away, is opened too. */
  readonly isBeingCopied?: boolean;
}

/** The writer's first words. */
export type WriterGreeting =
  | {
      readonly type: "ready";
      readonly installPart: string;
      readonly installId: string;
      readonly epochRenewed: boolean;
      readonly cleanStop: boolean;
    }
  | {
      readonly type: "failed";
      readonly failure: Failure;
      /** Where the database is of a newer program: its version and this program's. */
      readonly newer?: { readonly version: number; readonly known: number };
      /** Where it is no install that may be used. */
      readonly mark?: Mark;
    };

/** A call of one of the thread's functions. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}
export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: Failure };

export type Cell = string | number | null;

/**
 * One transaction's work. `steps`, in order: a number is that many appends (taken from `appends`), a call is
 * itself.
 */
export interface Batch {
  readonly type: "batch";
  readonly appends: readonly Cell[];
  readonly steps: readonly (number | Call)[];
}

/** Results in the order of the work. `failed`: nothing of the batch is known to be done. */
export type BatchResult =
  | {
      readonly type: "done";
      readonly appended: readonly Cell[];
      readonly called: readonly CallResult[];
    }
  | { readonly type: "failed"; readonly failure: Failure };

/** Cells of one append. */
export const appendStride = 14;

/** Adds one append's cells; `appendAt` reads them. */
export function pushAppend(cells: Cell[], append: Append, data: string): void {
  const { create, sent } = append;
  cells.push(
    append.room,
    append.revision ?? null,
    append.id,
    append.author,
    append.principal,
    append.device ?? null,
    append.clientMessageId ?? null,
    append.time,
    append.event.type,
    data,
    create?.kind ?? null,
    create?.title ?? null,
    create?.createdAt ?? null,
    sent === undefined ? null : JSON.stringify(sent),
  );
}

/** One append as the writer thread gets it. */
export interface AppendColumns {
  room: string;
  revision: number | null;
  id: string;
  author: string;
  principal: string;
  device: string | null;
  clientMessageId: string | null;
  time: number;
  type: string;
  data: string;
  createKind: string | null;
  createTitle: string | null;
  createdAt: number | null;
  sent: string | null;
}

/** The append whose cells begin at `start`. */
export function appendAt(cells: readonly Cell[], start: number): AppendColumns {
  return {
    room: cells[start] as string,
    revision: cells[start + 1] as number | null,
    id: cells[start + 2] as string,
    author: cells[start + 3] as string,
    principal: cells[start + 4] as string,
    device: cells[start + 5] as string | null,
    clientMessageId: cells[start + 6] as string | null,
    time: cells[start + 7] as number,
    type: cells[start + 8] as string,
    data: cells[start + 9] as string,
    createKind: cells[start + 10] as string | null,
    createTitle: cells[start + 11] as string | null,
    createdAt: cells[start + 12] as number | null,
    sent: cells[start + 13] as string | null,
  };
}

/** What became of an append: the first of its result cells. */
export const outcomeCode = {
  stored: 0,
  repeated: 1,
  conflict: 2,
  stale: 3,
  absent: 4,
  exists: 5,
  /** Not done, for a reason of its own; the message is in the id's cell. */
  failed: 6,
  gone: 7,
  unchanged: 8,
  full: 9,
  moved: 10,
} as const;

/** Cells of one append's result: outcome, epoch's room part, sequence, id, time, revision, countable. */
export const resultStride = 7;

/** The result whose cells begin at `start`. */
export function appendedAt(cells: readonly Cell[], start: number, installPart: string): Appended {
  const outcome = cells[start] as number;
  switch (outcome) {
    case outcomeCode.stored:
    case outcomeCode.repeated:
      return {
        outcome: "stored",
        epoch: joinEpoch(installPart, cells[start + 1] as string),
        sequence: cells[start + 2] as number,
        id: cells[start + 3] as EventId,
        time: cells[start + 4] as number,
        repeated: outcome === outcomeCode.repeated,
        revision: cells[start + 5] as number,
        countable: cells[start + 6] as number,
      };
    case outcomeCode.conflict:
      return { outcome: "conflict" };
    case outcomeCode.stale:
      return { outcome: "stale", revision: cells[start + 5] as number };
    case outcomeCode.absent:
      return { outcome: "absent" };
    case outcomeCode.gone:
      return { outcome: "gone" };
    case outcomeCode.unchanged:
      return { outcome: "unchanged", epoch: joinEpoch(installPart, cells[start + 1] as string) };
    case outcomeCode.full:
      return { outcome: "full" };
    case outcomeCode.moved:
      return { outcome: "moved" };
    default:
      return { outcome: "exists" };
  }
}

/** The epoch on the wire, from its two parts. */
export function joinEpoch(installPart: string, roomPart: string): Epoch {
  return `${installPart}.${roomPart}` as Epoch;
}
