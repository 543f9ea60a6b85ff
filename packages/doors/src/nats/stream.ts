/**
 * The door that reads a stream of JetStream, by a durable consumer. One node at a time reads.
 *
 * JetStream sends again what has no acknowledgement, but when its time is up, behind what is new. So who begins to read first gives
 * every message between the last acknowledged and the last delivered its place in the order, from the stream itself; when
 * they are delivered again, their keys show that they are stored. The same is done whenever the numbers of the deliveries show
 * that one went to somebody else, or was lost on the way.
 */
import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  type MsgRequest,
  RetentionPolicy,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { headers, type MsgHdrs, type NatsConnection, nanos } from "@nats-io/transport-node";
import type { ClientMessageId, ProtocolError } from "@parlance/protocol";
import type { Door } from "../door.ts";
import { BrokerDoor, type BrokerDoorOptions } from "../line/broker-door.ts";
import { Intake, type Taken } from "../line/intake.ts";
import { KeptOpen, type Shift } from "../line/keep-open.ts";
import { keyOfId, placeKey } from "../line/keys.ts";
import type { ServiceHost } from "../line/service-url.ts";
import { readBytes } from "../read.ts";
import { connectNats, isCode } from "./connect.ts";

export interface NatsStreamOptions extends BrokerDoorOptions {
  readonly stream: string;
  /** Of a stream that is absent: it is made with these, and lets go of what is acknowledged. */
  readonly subjects?: readonly string[];
  /** The consumer's name. One that is there is taken as it is, if it is pulled from and acknowledges each message. */
  readonly durable: string;
  /** Of a consumer that is absent: it gets what has this subject. Absent: everything. */
  readonly filter?: string;
}

const name = "nats-stream";
const apiMs = 5_000;
/** A message that has no verdict by then is delivered again. */
const ackWaitMs = 30_000;
/** More than are under way here: what a node that is gone left behind must not hold up what is new. */
const maxAckPending = 1_024;
const fetchMs = 5_000;
/** Servers of a cluster that keep a stream which is made here. */
const clusterReplicas = 3;
/** JetStream's words for that: no suitable peers, not clustered, not enough resources. */
const tooFewServers: ReadonlySet<number> = new Set([10_005, 10_074, 10_023]);
/** Messages that are kept of what was refused. The oldest goes first. */
const maxRefused = 10_000;
/** Beside a message's own bytes. */
const maxReasonBytes = 4_096;

/**
 * Where a stream's refused messages go, with `Parlance-Reason`, `Parlance-Field`, `Parlance-Rule` and `Parlance-Sequence` as headers:
 * into the stream that takes this subject, or one of that name that is made for them.
 */
export function refusedSubjectOf(stream: string): string {
  return `parlance.refused.${stream}`;
}

/** @returns once it reads, at the latest after two seconds. It goes on trying by itself. */
export async function openNatsStream(options: NatsStreamOptions): Promise<Door> {
  const { url, doorway, report, lease } = options;
  const intake = new Intake({ name, doorway, report });
  const line = new KeptOpen<ServiceHost>({
    name,
    addresses: url.hosts,
    report,
    lease,
    needsLease: () => true,
    async serve(shift) {
      const connection = await connectNats(url, shift);
      const manager = await jetstreamManager(connection, { checkAPI: false, timeout: apiMs });
      await new Reader(options, intake, shift, { connection, manager }).run();
    },
    idle: () => intake.idle(),
  });
  await line.start();
  return new BrokerDoor(name, { doorway, intake, line });
}

interface Api {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
}

/** What one connection does. */
class Reader {
  readonly #options: NatsStreamOptions;
  readonly #intake: Intake;
  readonly #shift: Shift<ServiceHost>;
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #client: JetStreamClient;
  /** By sequence, what has no verdict yet, as it was delivered last. */
  readonly #unsettled = new Map<number, JsMsg>();
  /** Stands for this life of the stream: a new one of the same name counts from 1 again. */
  #place = "";
  #keepsRefused = false;
  /** The number that the next delivery has. */
  #next = 0;

  constructor(options: NatsStreamOptions, intake: Intake, shift: Shift<ServiceHost>, api: Api) {
    this.#options = options;
    this.#intake = intake;
    this.#shift = shift;
    this.#connection = api.connection;
    this.#manager = api.manager;
    this.#client = jetstream(api.connection, { timeout: apiMs });
  }

  async run(): Promise<void> {
    const { stream, durable } = this.#options;
    const connection = this.#connection;
    await this.#makeStreams();
    await this.#makeConsumer();
    const consumer = await this.#client.consumers.get(stream, durable);
    // What was acknowledged is written by then.
    this.#shift.opened({ ping: () => connection.flush(), close: () => connection.drain() });
    await this.#goAhead();
    while (await this.#hasRoom()) await this.#fetch(consumer);
  }

  async #makeStreams(): Promise<void> {
    const { stream, subjects } = this.#options;
    const { streams } = this.#manager;
    const info = await streams.info(stream).catch((error: unknown) => {
      if (!isCode(error, JetStreamApiCodes.StreamNotFound) || subjects === undefined) throw error;
      const retention = RetentionPolicy.Workqueue;
      return this.#addStream({ name: stream, subjects: [...subjects], retention });
    });
    this.#place = placeKey(stream, info.created);
    const subject = refusedSubjectOf(stream);
    try {
      const isThere = await streams.find(subject).then(
        () => true,
        () => false,
      );
      if (!isThere) {
        const own = {
          name: subject.replaceAll(".", "_"),
          subjects: [subject],
          max_msgs: maxRefused,
        };
        await this.#addStream(own);
      }
      this.#keepsRefused = true;
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      // Not allowed: then the log is all that tells.
      this.#keepsRefused = false;
    }
  }

  /** In a cluster on three of its servers, where there are so many: what is in one place is gone, or away, with its server. */
  async #addStream(
    config: Pick<StreamConfig, "name" | "subjects"> & Partial<StreamConfig>,
  ): Promise<StreamInfo> {
    const { streams } = this.#manager;
    const info = this.#connection.info as { readonly cluster?: string } | undefined;
    if (info?.cluster === undefined) return await streams.add(config);
    try {
      return await streams.add({ ...config, num_replicas: clusterReplicas });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || !tooFewServers.has(error.code)) throw error;
      return await streams.add(config);
    }
  }

  async #makeConsumer(): Promise<void> {
    const { stream, durable, filter } = this.#options;
    const { consumers } = this.#manager;
    const { config } = await consumers.info(stream, durable).catch((error: unknown) => {
      if (!isCode(error, JetStreamApiCodes.ConsumerNotFound)) throw error;
      return consumers.add(stream, {
        durable_name: durable,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: nanos(ackWaitMs),
        max_ack_pending: maxAckPending,
        ...(filter === undefined ? {} : { filter_subject: filter }),
      });
    });
    const isFit =
      config.ack_policy === AckPolicy.Explicit &&
      config.deliver_subject === undefined &&
      config.filter_subjects === undefined;
    if (!isFit)
      throw new Error(
        "not a consumer for pulling with explicit acknowledgement and at most one filter",
      );
  }

  /** Gives what was delivered and may not be stored its place before what is new. */
  async #goAhead(): Promise<void> {
    const { stream, durable, foreign } = this.#options;
    const { consumers, streams } = this.#manager;
    const { ack_floor: floor, delivered, config } = await consumers.info(stream, durable);
    const next_by_subj = config.filter_subject ?? ">";
    for (let seq = floor.stream_seq + 1; seq <= delivered.stream_seq && (await this.#hasRoom()); ) {
      const stored = await streams.getMessage(stream, { seq, next_by_subj } as MsgRequest);
      if (stored === null || stored.seq > delivered.stream_seq) break;
      const key = this.#keyOf(stored.seq, stored.header);
      this.#intake.takeAhead({ read: () => readBytes(bufferOf(stored.data), foreign), key });
      seq = stored.seq + 1;
    }
    this.#next = delivered.consumer_seq + 1;
  }

  async #fetch(consumer: Consumer): Promise<void> {
    const { ending } = this.#shift;
    const batch = await consumer.fetch({ max_messages: this.#intake.free, expires: fetchMs });
    const stop = (): void => batch.stop();
    ending.addEventListener("abort", stop, { once: true });
    if (ending.aborted) stop();
    try {
      for await (const message of batch) {
        if (!this.#shift.isMine()) return;
        if (message.info.deliverySequence !== this.#next) {
          stop();
          await this.#goAhead();
          return;
        }
        this.#next += 1;
        this.#take(message);
      }
    } finally {
      ending.removeEventListener("abort", stop);
      stop();
    }
  }

  async #hasRoom(): Promise<boolean> {
    await this.#intake.room(this.#shift.ending);
    return this.#shift.isMine();
  }

  #take(message: JsMsg): void {
    const { seq } = message;
    const isAgain = this.#unsettled.has(seq);
    this.#unsettled.set(seq, message);
    if (isAgain) return;
    const latest = (): JsMsg => this.#unsettled.get(seq) ?? message;
    const taken: Taken = {
      read: () => readBytes(bufferOf(message.data), this.#options.foreign),
      key: this.#keyOf(seq, message.headers),
      place: `${this.#options.stream} ${seq}`,
      published: () => {
        latest().ack();
        this.#unsettled.delete(seq);
      },
      refused: async (error) => {
        await this.#setAside(message, error);
        // Without the reason, which servers before 2.11 do not understand.
        latest().term();
        this.#unsettled.delete(seq);
      },
      unsettled: (reason) => this.#shift.lost(reason),
    };
    this.#intake.take(taken);
  }

  async #setAside(
    { subject, seq, data, headers: given }: JsMsg,
    error: ProtocolError,
  ): Promise<void> {
    if (!this.#keepsRefused) return;
    const { stream } = this.#options;
    const { field, rule } = error.details ?? {};
    const why = headers();
    why.set("Parlance-Reason", error.code);
    why.set("Parlance-Subject", subject);
    why.set("Parlance-Sequence", String(seq));
    if (typeof field === "string") why.set("Parlance-Field", field);
    if (typeof rule === "string") why.set("Parlance-Rule", rule);
    const id = given?.get("Nats-Msg-Id");
    if (id !== undefined && id !== "") why.set("Parlance-Msg-Id", id);
    // One that is as long as they may be has no room for the reason beside it.
    const maxBytes = (this.#connection.info?.max_payload ?? 0) - maxReasonBytes;
    const kept = data.length > maxBytes ? new Uint8Array() : data;
    const msgID = `${this.#place}:${seq}`;
    await this.#client.publish(refusedSubjectOf(stream), kept, { headers: why, msgID });
  }

  #keyOf(seq: number, given: MsgHdrs | undefined): ClientMessageId {
    const id = given?.get("Nats-Msg-Id") ?? "";
    return id === "" ? (`js:${this.#place}:${seq}` as ClientMessageId) : keyOfId(id);
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
