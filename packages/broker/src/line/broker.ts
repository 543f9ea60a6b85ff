/**
 * The one broker under every adapter: it keeps a connection, and what is listened to on it. A notice that it loses is found
 * in the log, so nothing here waits, nothing is unbounded, and nothing that arrives is trusted (life of a message, step 7).
 */
import { randomInt } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Broker, BrokerCounts, Notice, Report, Subject, Unsubscribe } from "@parlance/core";
import type { Dial, Ear, Line } from "./line.ts";
import { Joiner, MessageWriter, maxBodyBytes, openMessage } from "./message.ts";
import { readNotices, writeNotice } from "./notices.ts";
import { UnsentQueue } from "./unsent.ts";
import { pause, until, withDeadline } from "./waiting.ts";

type Listener = (notice: Notice) => void;

/** What an adapter says about itself. */
export interface LineOptions<Address> {
  /** As it shows in the log: `redis`. */
  readonly name: string;
  /** Tried in turn, at least one. */
  readonly addresses: readonly Address[];
  readonly dial: Dial<Address>;
  readonly nodeId: string;
  readonly report: Report;
}

/** A broker that counts. */
export interface LineBroker extends Broker {
  counts(): BrokerCounts;
}

/** One attempt may take so long. */
const connectMs = 4_000;
/** Without an answer to any subscription. Some ten thousand take a while, and a broker that answers is not dead. */
const listenMs = 15_000;
/** A start waits so long for the first connection. */
const startMs = 2_000;
/** With its answer's deadline: a line that is silently dead is found within 10 s. */
const pingMs = 4_000;
const pingAnswerMs = 5_000;
/** Waiting between attempts: doubled from the first to the second, each time between half and all of it. */
const firstBackOffMs = 100;
const lastBackOffMs = 2_000;
/** A connection that lasted so long was a good one. */
const steadyMs = 5_000;
/**
 * More than this on its way to the broker, and the rest waits here, where it is bounded: drivers keep what a slow broker does not
 * read without a bound. A ping tells what was read, from the smaller number on.
 */
const maxOnTheWayBytes = 2_097_152;
const askOnTheWayBytes = 262_144;
const blockedRetryMs = 20;
/** Notices of one turn are put into one message up to so many UTF-16 code units. */
const joinedLength = 524_288;
const closeMs = 1_000;

/**
 * Makes a broker and lets it begin to connect.
 *
 * @returns the broker once it is connected, at the latest after two seconds: a broker that is down never holds anything up.
 */
export async function createLineBroker<Address>(
  options: LineOptions<Address>,
): Promise<LineBroker> {
  const broker = new ReconnectingBroker(options);
  await broker.start();
  return broker;
}

/** A connection and what ends it. */
interface Live {
  readonly line: Line;
  readonly gone: AbortController;
  /** What is under way for a subject: calls for one subject never overlap. */
  readonly steps: Map<Subject, Promise<void>>;
  /** Bytes that were sent and that the broker may not have read. */
  onTheWayBytes: number;
  /** When a subscription was answered last, in `performance.now()`. */
  answeredAt: number;
  ping: Promise<void> | undefined;
}

class ReconnectingBroker<Address> implements LineBroker {
  readonly carries = true;
  readonly #options: LineOptions<Address>;
  readonly #writer: MessageWriter;
  readonly #joiner = new Joiner();
  readonly #listeners = new Map<Subject, Set<Listener>>();
  readonly #interruptionListeners: (() => void)[] = [];
  readonly #unsent = new UnsentQueue();
  readonly #counts = { sent: 0, received: 0, ignored: 0, skipped: 0, dropped: 0, connects: 0 };
  /** Notices of this turn. */
  readonly #turn = new Map<Subject, Notice[]>();
  readonly #life = new AbortController();
  #live: Live | undefined;
  #isConnected = false;
  #flush: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  /** An outage is told once, when it begins and when it ends. */
  #isOutageTold = false;

  constructor(options: LineOptions<Address>) {
    this.#options = options;
    this.#writer = new MessageWriter(options.nodeId);
    setMaxListeners(0, this.#life.signal);
  }

  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running = this.#keepConnected(resolve);
    const timer = setTimeout(resolve, startMs);
    await promise;
    clearTimeout(timer);
  }

  // --- The port ---------------------------------------------------------------------------------------

  publish(subject: Subject, notice: Notice): void {
    if (this.#life.signal.aborted) return;
    const isStuck = !this.#isConnected || !this.#unsent.isEmpty;
    if (isStuck && isFleeting(notice)) {
      this.#counts.dropped += 1;
      return;
    }
    const notices = this.#turn.get(subject);
    if (notices === undefined) this.#turn.set(subject, [notice]);
    else notices.push(notice);
    this.#flush ??= setImmediate(() => this.#endTurn());
  }

  async subscribe(subject: Subject, listener: Listener): Promise<Unsubscribe> {
    let listeners = this.#listeners.get(subject);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(subject, listeners);
      if (this.#live !== undefined) this.#step(this.#live, subject);
    }
    // One of its own for each call, so that the same function twice is two subscriptions.
    const own: Listener = (notice) => listener(notice);
    listeners.add(own);
    const under = this.#live?.steps.get(subject);
    if (under !== undefined) await under;
    return () => this.#unsubscribe(subject, own);
  }

  onInterruption(listener: () => void): void {
    this.#interruptionListeners.push(listener);
  }

  isConnected(): boolean {
    return this.#isConnected && this.#live?.line.isBlocked() === false;
  }

  counts(): BrokerCounts {
    return { ...this.#counts, queuedBytes: this.#unsent.bytes };
  }

  async close(): Promise<void> {
    if (this.#life.signal.aborted) return;
    clearImmediate(this.#flush);
    this.#endTurn();
    this.#life.abort(new Error("closed"));
    clearTimeout(this.#retry);
    const live = this.#live;
    if (live !== undefined) {
      const { line, gone } = live;
      await withDeadline(until(line.close(), gone.signal), closeMs, () => gone.abort()).catch(
        () => {},
      );
      gone.abort();
    }
    await this.#running;
    this.#listeners.clear();
  }

  // --- The connection ---------------------------------------------------------------------------------

  async #keepConnected(triedAll: () => void): Promise<void> {
    const { addresses } = this.#options;
    let failures = 0;
    for (let attempt = 0; !this.#life.signal.aborted; attempt += 1) {
      const address = addresses[attempt % addresses.length] as Address;
      const gone = new AbortController();
      setMaxListeners(0, gone.signal);
      const stop = (): void => gone.abort(this.#life.signal.reason);
      this.#life.signal.addEventListener("abort", stop, { once: true });
      const startedAt = performance.now();
      try {
        await this.#connect(address, gone);
        triedAll();
        // A close in good order says good bye first.
        this.#life.signal.removeEventListener("abort", stop);
        await this.#watch(gone.signal);
      } catch (error) {
        gone.abort(error);
      }
      this.#life.signal.removeEventListener("abort", stop);
      this.#left(gone.signal.reason);
      const isSteady = performance.now() - startedAt > steadyMs + connectMs;
      failures = isSteady ? 1 : failures + 1;
      if (failures >= addresses.length) triedAll();
      const rounds = Math.floor((failures - 1) / addresses.length);
      const backOffMs = Math.min(lastBackOffMs, firstBackOffMs * 2 ** Math.min(rounds, 10));
      await pause(randomInt(backOffMs / 2, backOffMs + 1), this.#life.signal);
    }
    triedAll();
  }

  /** Resolves once everything that is wanted is listened to. */
  async #connect(address: Address, gone: AbortController): Promise<void> {
    const ear: Ear = {
      message: (subject, bytes) => this.#hear(subject, bytes),
      lost: (reason) => {
        // A connection that is being closed in good order may finish that.
        if (!this.#life.signal.aborted) gone.abort(reason);
      },
    };
    const late = (): void => gone.abort(new Error("no answer in time"));
    const dialed = until(this.#options.dial(address, ear, gone.signal), gone.signal);
    const line = await withDeadline(dialed, connectMs, late);
    const live: Live = {
      line,
      gone,
      steps: new Map(),
      onTheWayBytes: 0,
      answeredAt: performance.now(),
      ping: undefined,
    };
    this.#live = live;
    for (const subject of this.#listeners.keys()) this.#step(live, subject);
    const listened = until(Promise.all(live.steps.values()), gone.signal);
    await withDeadline(listened, listenMs, late, () => live.answeredAt);
    gone.signal.throwIfAborted();
    this.#isConnected = true;
    this.#counts.connects += 1;
    const { name } = this.#options;
    if (this.#isOutageTold) this.#options.report("info", "broker_back", { broker: name });
    else if (this.#counts.connects === 1) {
      this.#options.report("info", "broker_connected", { broker: name });
    }
    this.#isOutageTold = false;
    this.#drain();
    // Also after the first connection, where somebody subscribed before it.
    if (this.#listeners.size > 0 || this.#counts.connects > 1) this.#interrupted();
  }

  /** Rejects when the connection is lost. */
  async #watch(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(pingMs, signal);
      signal.throwIfAborted();
      const live = this.#live;
      if (live === undefined) return;
      await this.#ping(live);
    }
  }

  /** Rejects, and ends the connection, when the broker does not answer. */
  #ping(live: Live): Promise<void> {
    live.ping ??= this.#newPing(live).finally(() => {
      live.ping = undefined;
    });
    return live.ping;
  }

  async #newPing(live: Live): Promise<void> {
    const { line, gone } = live;
    const bytes = live.onTheWayBytes;
    const late = (): void => gone.abort(new Error("no answer to a ping"));
    const answered = until(line.ping(), gone.signal);
    // Many subscriptions may stand before it in the line.
    await withDeadline(answered, pingAnswerMs, late, () => live.answeredAt).catch((error) => {
      gone.abort(error);
      throw error;
    });
    live.onTheWayBytes -= bytes;
  }

  #left(reason: unknown): void {
    this.#live = undefined;
    this.#isConnected = false;
    this.#joiner.clear();
    if (this.#life.signal.aborted || this.#isOutageTold) return;
    this.#isOutageTold = true;
    // The driver's text may say more than should be in a log; codes do not.
    const { name } = this.#options;
    this.#options.report("warn", "broker_lost", { broker: name, error_code: codeOf(reason) });
  }

  /** Brings the connection's subscription in line with what is wanted, after what is under way for the subject. */
  #step(live: Live, subject: Subject): void {
    const { line, gone, steps } = live;
    const before = steps.get(subject) ?? Promise.resolve();
    const isWanted = this.#listeners.has(subject);
    const step = until(
      before.then(() => (isWanted ? line.listen(subject) : line.unlisten(subject))),
      gone.signal,
    )
      .catch((error: unknown) => gone.abort(error))
      .then(() => {
        live.answeredAt = performance.now();
        if (steps.get(subject) === step) steps.delete(subject);
      });
    steps.set(subject, step);
  }

  #unsubscribe(subject: Subject, own: Listener): void {
    const listeners = this.#listeners.get(subject);
    if (listeners?.delete(own) !== true || listeners.size > 0) return;
    this.#listeners.delete(subject);
    if (this.#live !== undefined) this.#step(this.#live, subject);
  }

  #interrupted(): void {
    for (const listener of this.#interruptionListeners) this.#guarded(listener);
  }

  // --- Out ----------------------------------------------------------------------------------------------

  #endTurn(): void {
    this.#flush = undefined;
    for (const [subject, notices] of this.#turn) {
      let rows = "";
      for (const notice of notices) {
        const row = writeNotice(subject, notice);
        if (rows !== "" && rows.length + row.length > joinedLength) {
          this.#queue(subject, rows);
          rows = "";
        }
        rows = rows === "" ? row : `${rows},${row}`;
      }
      this.#queue(subject, rows);
    }
    this.#turn.clear();
    this.#drain();
  }

  #queue(subject: Subject, rows: string): void {
    const message = this.#writer.write(`[${rows}]`);
    this.#counts.dropped += message === undefined ? 1 : this.#unsent.push({ subject, message });
  }

  #drain(): void {
    const live = this.#live;
    if (live === undefined || !this.#isConnected) return;
    while (!this.#unsent.isEmpty && !live.line.isBlocked()) {
      if (live.onTheWayBytes > maxOnTheWayBytes) break;
      const unsent = this.#unsent.take();
      if (unsent === undefined) break;
      const parts = this.#writer.split(unsent.message, live.line.maxBytes);
      if (parts.length === 0) this.#counts.dropped += 1;
      for (const part of parts) live.line.send(unsent.subject, part);
      live.onTheWayBytes += unsent.message.length;
      this.#counts.sent += parts.length;
    }
    if (live.onTheWayBytes > askOnTheWayBytes && live.ping === undefined) {
      // A failure ends the connection; there is nothing else to do about it.
      this.#ping(live).then(
        () => this.#drain(),
        () => {},
      );
    }
    if (live.line.isBlocked()) this.#drainLater();
  }

  #drainLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#drain();
    }, blockedRetryMs);
  }

  // --- In -----------------------------------------------------------------------------------------------

  #hear(subject: Subject, bytes: Buffer): void {
    const listeners = this.#listeners.get(subject);
    if (listeners === undefined) return;
    const opened = openMessage(bytes);
    if (opened?.sender === this.#options.nodeId) return;
    const body = opened === undefined ? undefined : this.#joiner.add(subject, opened);
    if (body === "waiting") return;
    if (body === undefined || body.length > maxBodyBytes) {
      this.#counts.ignored += 1;
      return;
    }
    const { notices, ignored, skipped } = readNotices(subject, body.toString());
    this.#counts.ignored += ignored;
    this.#counts.skipped += skipped;
    this.#counts.received += 1;
    for (const notice of notices) {
      for (const listener of listeners) this.#guarded(() => listener(notice));
    }
  }

  /** A driver that got an exception from our side would take it for its own and close, or end the process. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.report("error", "notice_failed", { error });
    }
  }
}

/** Whoever it is for has stopped waiting when the broker is back. */
function isFleeting({ type }: Notice): boolean {
  return type === "ephemeral" || type === "ask" || type === "told";
}

function codeOf(reason: unknown): string {
  if (!(reason instanceof Error)) return "closed";
  const { code } = reason as NodeJS.ErrnoException;
  if (typeof code === "string" || typeof code === "number") return String(code);
  return reason.name === "Error" ? reason.message.slice(0, 120) : reason.name;
}
