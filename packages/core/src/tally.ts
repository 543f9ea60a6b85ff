/**
 * What a node has counted since its start: plain numbers that somebody reads now and then. Whatever is counted for each event
 * or each turn is one addition here; nothing is ever counted under a user's, a room's or an address' name.
 */
import type { ErrorCode } from "@parlance/protocol";
import { Histogram, type HistogramView } from "./histogram.ts";
import type { RateRule } from "./rates/rules.ts";

/** What a node has counted. Milliseconds and bytes. */
export interface NodeTally {
  /** By dialect. */
  readonly opened: ReadonlyMap<string, number>;
  /** By the reason: a code of the error table, `shutdown`, or `left`. */
  readonly closed: ReadonlyMap<string, number>;
  readonly receivedFrames: number;
  /** Those of them that were not understood. */
  readonly badFrames: number;
  /** By the way in (the dialect of a connection, `http`, a door), then by type. */
  readonly commands: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** From its beginning to its answer, by type. */
  readonly commandMs: ReadonlyMap<string, HistogramView>;
  /** Refusals and failures that were told to somebody. */
  readonly errors: ReadonlyMap<ErrorCode, number>;
  /** From the hand-over to the log until it said that the event is committed. */
  readonly acknowledgedMs: HistogramView;
  readonly committed: number;
  /** Appends that were stored before under the same key. */
  readonly repeated: number;
  /** Comparisons of what is unread with the log, and how many of them did not agree. */
  readonly unreadChecks: number;
  readonly unreadMismatches: number;
  /** Events that this node gave to its rooms, each once, wherever they were committed. */
  readonly delivered: number;
  /** Durable events times the live subscriptions that got them. */
  readonly deliveries: number;
  readonly ephemeralDeliveries: number;
  /** Payload bytes that were handed to transports, and in how many writes. */
  readonly sentBytes: number;
  readonly writes: number;
  /** Times that a reader began to lag. */
  readonly lagged: number;
  /** Pages read from the log for readers that are behind. */
  readonly catchUpReads: number;
  /** Times that a room read what it had missed, and the events that it found so. */
  readonly repairs: number;
  readonly repairedEvents: number;
  /** Times that notices of other nodes may have been missed. */
  readonly interruptions: number;
  /** Pieces of open messages that were stored, and how long each transaction of such took, failures included. */
  readonly storedPieces: number;
  readonly piecesMs: HistogramView;
  /** Commands that a rate refused, by whose it was. */
  readonly rateLimited: ReadonlyMap<RateRule["per"], number>;
  /** Questions to all nodes by this one, by their name, and how many nodes gave no answer. */
  readonly questions: ReadonlyMap<string, number>;
  readonly silentNodes: number;
}

/** The numbers while they are counted. */
export class Tally implements NodeTally {
  readonly opened: Map<string, number> = new Map();
  readonly closed: Map<string, number> = new Map();
  receivedFrames = 0;
  badFrames = 0;
  readonly commands: Map<string, Map<string, number>> = new Map();
  readonly commandMs: Map<string, Histogram> = new Map();
  readonly errors: Map<ErrorCode, number> = new Map();
  readonly acknowledgedMs: Histogram = new Histogram();
  committed = 0;
  repeated = 0;
  unreadChecks = 0;
  unreadMismatches = 0;
  delivered = 0;
  deliveries = 0;
  ephemeralDeliveries = 0;
  sentBytes = 0;
  writes = 0;
  lagged = 0;
  catchUpReads = 0;
  repairs = 0;
  repairedEvents = 0;
  interruptions = 0;
  storedPieces = 0;
  readonly piecesMs: Histogram = new Histogram();
  readonly rateLimited: Map<RateRule["per"], number> = new Map();
  readonly questions: Map<string, number> = new Map();
  silentNodes = 0;

  /** One command was answered, well or badly. */
  command(via: string, type: string, durationMs: number): void {
    let ofWay = this.commands.get(via);
    if (ofWay === undefined) {
      ofWay = new Map();
      this.commands.set(via, ofWay);
    }
    add(ofWay, type);
    let histogram = this.commandMs.get(type);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.commandMs.set(type, histogram);
    }
    histogram.observe(durationMs);
  }

  error(code: ErrorCode): void {
    add(this.errors, code);
  }
}

/** Adds one to a named number. */
export function add<K>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
