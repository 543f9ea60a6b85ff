/**
 * One connection of a `y-websocket` provider, which is one document. Frames are taken as they come and done when it is known whose the
 * connection is and it is subscribed; updates one after the other, as each stands on those before it.
 */
import type { Bytes, Doing, Entry, Task, Translator } from "@parlance/core";
import {
  type ClientState,
  type Command,
  type ErrorCode,
  limits,
  type NoticeEvent,
  ProtocolError,
  type Reply,
  type RoomId,
} from "@parlance/protocol";
import { decode, type RawState, readState } from "./decode.ts";
import { awarenessFrame, deniedFrame, isFinal, syncFrame } from "./encode.ts";
import { type Asked, readAddress } from "./handshake.ts";

/** Its answers find their way without. */
const noId = 0;
/** Updates of one connection that wait for those before them. Over it the provider is sent away, and brings them all in one. */
const maxWaiting = 2_000;
/** Between two tellings of what a client shows. Milliseconds. */
const awarenessMs = 50;
/** Wait where it is not said how long. Milliseconds. */
const retryMs = 1_000;
/** A provider of version 2 comes back 100 ms after whatever end, also where that is of no use. So such an end comes late. Milliseconds. */
const lateMs = 500;
/** Clients known to be others', so that what a provider repeats of them costs nothing. */
const maxForeign = 2_000;
/** Says nothing: what a provider sends that has nothing to say. */
const emptyUpdate: string = Buffer.from([0, 0]).toString("base64");

/** Refusals of one update that leave its writer reading. */
const mayNotWrite: ReadonlySet<ProtocolError["code"]> = new Set([
  "forbidden",
  "archived",
  "feature_disabled",
  "rejected",
]);

interface WaitingUpdate {
  /** Base64. */
  readonly update: string;
  readonly isAnswer: boolean;
}

export class YjsTranslator implements Translator {
  #room: RoomId | undefined;
  #isSubscribed = false;
  /** What the client has, as it said last; asked about when it may be. */
  #vector: string | undefined;
  /** The same, asked about or not. */
  #known = "AA==";
  #isSyncing = false;
  /** The client was told what the server has, and has not said yet what the server lacks. */
  #expectsAnswer = false;
  /** Updates not taken yet, the first of them perhaps under way. */
  #updates: WaitingUpdate[] = [];
  #updatesLength = 0;
  #isWriting = false;
  /** The document did not have what an update stands on. What the client says of what is missing has all that is left out until then. */
  #isRecovering = false;
  #wasDenied = false;
  /** What clients show, not told yet. */
  #states = new Map<number, ClientState>();
  /** It is about to be closed: nothing of it is heard any more. */
  #isOver = false;
  /** They are being told, or were a moment ago. */
  #isShowing = false;
  /** The client said what it shows before it was told of others: then it is its own. */
  #begins = false;
  #isTold = false;
  readonly #own = new Set<number>();
  readonly #foreign = new Set<number>();

  opened(doing: Doing): void {
    let asked: Asked;
    try {
      asked = readAddress(doing.url);
    } catch (error) {
      this.#end(error instanceof ProtocolError ? error.code : "bad_request", doing);
      return;
    }
    const { room, ticket } = asked;
    this.#room = room;
    const entry: Entry = { type: "enter" };
    doing.enter(
      ticket === undefined ? entry : { ...entry, ticket: { text: ticket, rooms: [room] } },
    );
  }

  entered(_identity: NonNullable<Doing["identity"]>, doing: Doing): void {
    const room = this.#room;
    if (room !== undefined) doing.run({ type: "subscribe", id: noId, room });
  }

  #end(code: ErrorCode, doing: Doing): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#updates = [];
    this.#states.clear();
    if (isFinal(code)) doing.after(lateMs, () => doing.end(code));
    else doing.end(code);
  }

  received(): void {}

  missed(_room: RoomId, doing: Doing): void {
    this.#vector ??= this.#known;
    this.#sync(doing);
  }

  // --- Frames in ------------------------------------------------------------------------------------

  receivedBytes(frame: Bytes, doing: Doing): void {
    if (this.#isOver) return;
    const message = decode(frame);
    switch (message?.type) {
      case undefined:
        this.#end("bad_request", doing);
        return;
      case "ask":
        if (message.vector.length > limits.stateVectorBytes) {
          this.#end("too_large", doing);
          return;
        }
        this.#known = base64(message.vector);
        this.#vector = this.#known;
        this.#sync(doing);
        return;
      case "update":
        this.#take(message.update, message.isAnswer, doing);
        return;
      case "awareness":
        this.#takeStates(message.states, doing);
        return;
      case "ask_awareness":
        if (this.#isSubscribed) this.#listAwareness(doing);
        return;
      case "unknown":
        doing.badFrame();
    }
  }

  #sync(doing: Doing): void {
    const room = this.#room;
    const vector = this.#vector;
    if (room === undefined || vector === undefined) return;
    if (!this.#isSubscribed || this.#isSyncing) return;
    this.#vector = undefined;
    this.#isSyncing = true;
    doing.run({ type: "sync_document", id: noId, room, state_vector: vector });
  }

  #take(bytes: Bytes, isAnswer: boolean, doing: Doing): void {
    if (bytes.length > limits.documentUpdateBytes) {
      this.#end("too_large", doing);
      return;
    }
    if (isAnswer) {
      this.#expectsAnswer = false;
      this.#isRecovering = false;
    }
    const update = base64(bytes);
    if (update === emptyUpdate || this.#isRecovering) return;
    const length = this.#updatesLength + update.length;
    const isTooMuch = length > 2 * limits.documentUpdateBytes && this.#updates.length > 0;
    if (isTooMuch || this.#updates.length >= maxWaiting) {
      this.#end("rate_limited", doing);
      return;
    }
    this.#updates.push({ update, isAnswer });
    this.#updatesLength = length;
    this.#write(doing);
  }

  #write(doing: Doing): void {
    const room = this.#room;
    const [next] = this.#updates;
    if (room === undefined || next === undefined) return;
    if (!this.#isSubscribed || this.#isWriting) return;
    this.#isWriting = true;
    doing.run({ type: "update_document", id: noId, room, update: next.update });
  }

  /* A provider repeats what it heard of others. What it says of its own client it says alone. */
  #takeStates(states: readonly RawState[], doing: Doing): void {
    for (const raw of states) {
      const { client } = raw;
      if (this.#foreign.has(client)) continue;
      if (states.length > 1 && !this.#own.has(client)) continue;
      const state = readState(raw);
      if (state === undefined) {
        this.#end(raw.text.length > limits.awarenessBytes ? "too_large" : "bad_request", doing);
        return;
      }
      if (this.#states.size < limits.awarenessStates || this.#states.has(client)) {
        this.#states.set(client, state);
      }
      if (!this.#isTold) this.#begins = true;
    }
    this.#show(doing);
  }

  #show(doing: Doing): void {
    const room = this.#room;
    if (room === undefined || !this.#isSubscribed || this.#isShowing) return;
    if (this.#states.size === 0) return;
    this.#isShowing = true;
    const states = [...this.#states.values()];
    const begins = this.#begins ? ({ begins: true } as const) : {};
    doing.run({ type: "set_awareness", id: noId, room, states, ...begins });
  }

  #listAwareness(doing: Doing): void {
    const room = this.#room;
    if (room !== undefined) doing.run({ type: "list_awareness", id: noId, room });
  }

  // --- Answers --------------------------------------------------------------------------------------

  replied(task: Exclude<Task, Entry>, reply: Reply, doing: Doing): void {
    switch (task.type) {
      case "subscribe":
        this.#subscribed(reply as Reply<"subscribe">, doing);
        return;
      case "sync_document": {
        const { update, state_vector: vector } = reply as Reply<"sync_document">;
        this.#isSyncing = false;
        this.#expectsAnswer = true;
        doing.send(syncFrame("missing", update));
        // Answered with what the server lacks: what was never acknowledged comes again so.
        doing.send(syncFrame("vector", vector));
        this.#sync(doing);
        return;
      }
      case "update_document":
        this.#isWriting = false;
        this.#wasDenied = false;
        this.#dropFirst();
        this.#write(doing);
        return;
      case "set_awareness":
        this.#shown(task, reply as Reply<"set_awareness">, doing);
        return;
      case "list_awareness": {
        const { states } = reply as Reply<"list_awareness">;
        this.#isTold = true;
        if (states.length > 0) doing.send(awarenessFrame(states));
        return;
      }
      default:
    }
  }

  #subscribed({ kind }: Reply<"subscribe">, doing: Doing): void {
    if (kind !== "document") {
      this.#end("bad_request", doing);
      return;
    }
    this.#isSubscribed = true;
    this.#sync(doing);
    this.#show(doing);
    this.#listAwareness(doing);
    this.#write(doing);
  }

  #shown(
    { states }: Command<"set_awareness">,
    { foreign, behind }: Reply<"set_awareness">,
    doing: Doing,
  ): void {
    this.#begins = false;
    for (const told of states) {
      if (this.#states.get(told.client) === told) this.#states.delete(told.client);
      if (foreign.includes(told.client)) {
        if (this.#foreign.size < maxForeign) this.#foreign.add(told.client);
      } else this.#own.add(told.client);
    }
    // A client that is told so says that it is still there, with a clock that is further.
    if (behind.length > 0) {
      doing.send(awarenessFrame(behind.map((one) => ({ ...one, state: null }))));
    }
    this.#showAfter(awarenessMs, doing);
  }

  #showAfter(ms: number, doing: Doing): void {
    doing.after(ms, () => {
      this.#isShowing = false;
      this.#show(doing);
    });
  }

  refused(task: Task, error: ProtocolError, doing: Doing): void {
    const { code } = error;
    switch (task.type) {
      case "update_document":
        this.#writeRefused(error, doing);
        return;
      case "set_awareness":
        if (code === "not_found") this.#end(code, doing);
        // What is not told now is told with the next.
        else this.#showAfter(waitOf(error), doing);
        return;
      case "list_awareness":
        return;
      case "enter":
        this.#end(code === "forbidden" || code === "conflict" ? "unauthenticated" : code, doing);
        return;
      default:
        this.#end(code, doing);
    }
  }

  #writeRefused(error: ProtocolError, doing: Doing): void {
    const { code } = error;
    if (code === "rate_limited") {
      doing.after(waitOf(error), () => {
        this.#isWriting = false;
        this.#write(doing);
      });
      return;
    }
    this.#isWriting = false;
    const refused = this.#dropFirst();
    if (mayNotWrite.has(code)) {
      if (!this.#wasDenied) doing.send(deniedFrame(error.message));
      this.#wasDenied = true;
      this.#write(doing);
      return;
    }
    if (code === "conflict" && refused?.isAnswer !== true) {
      this.#recover(doing);
      return;
    }
    this.#end(code, doing);
  }

  /* It may stand on what was refused or lost, or never arrived: when the client says what the server lacks, it says all of that. */
  #recover(doing: Doing): void {
    while (this.#updates.length > 0 && this.#updates[0]?.isAnswer !== true) this.#dropFirst();
    if (this.#updates.length > 0) {
      this.#write(doing);
      return;
    }
    this.#isRecovering = true;
    if (this.#expectsAnswer) return;
    this.#vector ??= this.#known;
    this.#sync(doing);
  }

  #dropFirst(): WaitingUpdate | undefined {
    const first = this.#updates.shift();
    this.#updatesLength -= first?.update.length ?? 0;
    return first;
  }

  noticed(notice: NoticeEvent, doing: Doing): void {
    if (notice.type === "unsubscribed") this.#end(notice.code, doing);
    // Its log began anew: the provider comes back, and brings what is missing.
    else if (notice.type === "reset") this.#end("unavailable", doing);
  }
}

function base64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function waitOf({ details }: ProtocolError): number {
  const wait = details?.["retry_after_ms"];
  return typeof wait === "number" ? wait : retryMs;
}
