/**
 * The door that reads streams, by a consumer group: Redis keeps for it what has no verdict yet. One node at a time reads, since
 * several would each publish a part of a room's messages in an order of its own. Who comes next takes over what the one before
 * left pending, in the order of the ids, before anything new.
 */
import type { ClientMessageId, ProtocolError } from "@parlance/protocol";
import type { Door } from "../door.ts";
import { BrokerDoor, type BrokerDoorOptions } from "../line/broker-door.ts";
import { Intake } from "../line/intake.ts";
import { KeptOpen, type Shift } from "../line/keep-open.ts";
import { placeKey } from "../line/keys.ts";
import type { ServiceHost } from "../line/service-url.ts";
import { until } from "../line/waiting.ts";
import { connectRedis, type RedisClient } from "./connect.ts";
import { type Entry, entriesOf, readEntry } from "./entry.ts";

export interface RedisStreamsOptions extends BrokerDoorOptions {
  /** Made where they are absent. Each of one server: the slots of a cluster are not followed. */
  readonly streams: readonly string[];
  /** Made where it is absent, from the stream's first entry on. Of this fleet alone. */
  readonly group: string;
  /** This node's name in the group. */
  readonly consumer: string;
}

const name = "redis-streams";
/** A stream that was deleted while it is waited for is noticed, and made, this much later. */
const blockMs = 2_000;
/** Entries that are kept of what was refused, about. The oldest goes first. */
const maxRefused = 10_000;

/** Where a stream's refused entries are, with `refused_id`, `refused_code`, `refused_field` and `refused_rule` added. */
export function refusedStreamOf(stream: string): string {
  return `${stream}:refused`;
}

/** @returns once it reads, at the latest after two seconds. It goes on trying by itself. */
export async function openRedisStreams(options: RedisStreamsOptions): Promise<Door> {
  const { url, doorway, report, lease } = options;
  const intake = new Intake({ name, doorway, report });
  const line = new KeptOpen<ServiceHost>({
    name,
    addresses: url.hosts,
    report,
    lease,
    needsLease: () => true,
    serve: async (shift) => await new Reader(options, intake, shift).run(),
    idle: () => intake.idle(),
  });
  await line.start();
  return new BrokerDoor(name, { doorway, intake, line });
}

/** What one connection does. */
class Reader {
  readonly #options: RedisStreamsOptions;
  readonly #intake: Intake;
  readonly #shift: Shift<ServiceHost>;
  /** The last entry of each stream that is known: waiting goes on behind it. */
  readonly #seen = new Map<string, string>();

  constructor(options: RedisStreamsOptions, intake: Intake, shift: Shift<ServiceHost>) {
    this.#options = options;
    this.#intake = intake;
    this.#shift = shift;
  }

  async run(): Promise<void> {
    const { streams, url } = this.#options;
    const shift = this.#shift;
    // A command that waits holds up all others of its connection.
    const [client, waiter] = await Promise.all([
      connectRedis(url, shift),
      connectRedis(url, shift),
    ]);
    for (const stream of streams) await this.#makeGroup(client, stream);
    shift.opened({ ping: () => client.ping(), close: () => client.close() });
    for (const stream of streams) await this.#takeOver(client, stream);
    while (shift.isMine()) {
      let isQuiet = true;
      for (const stream of streams) if (await this.#readNew(client, stream)) isQuiet = false;
      if (isQuiet) await this.#wait(waiter);
    }
  }

  async #makeGroup(client: RedisClient, stream: string): Promise<void> {
    const { group } = this.#options;
    try {
      await client.sendCommand(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("BUSYGROUP"))) throw error;
    }
    const groups = (await client.sendCommand([
      "XINFO",
      "GROUPS",
      stream,
    ])) as unknown as unknown[][];
    const own = groups.map(pairsOf).find((pairs) => pairs.get("name") === group);
    this.#seen.set(stream, own?.get("last-delivered-id") ?? "0-0");
  }

  /** Everything that has no verdict, whoever read it: the lease says that the others are gone. */
  async #takeOver(client: RedisClient, stream: string): Promise<void> {
    const { group, consumer } = this.#options;
    for (let cursor = "0-0"; await this.#hasRoom(); ) {
      const count = String(this.#intake.free);
      const answer = await client.sendCommand<unknown>([
        ...["XAUTOCLAIM", stream, group, consumer, "0", cursor, "COUNT", count],
      ]);
      const [next, entries] = answer as readonly unknown[];
      for (const entry of entriesOf(entries)) this.#take(client, stream, entry);
      cursor = String(next);
      if (cursor === "0-0") return;
    }
  }

  /** @returns whether there was something. */
  async #readNew(client: RedisClient, stream: string): Promise<boolean> {
    if (!(await this.#hasRoom())) return false;
    const { group, consumer } = this.#options;
    const count = String(this.#intake.free);
    const [answer, pending] = await Promise.all([
      client.sendCommand<unknown>([
        ...["XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", stream, ">"],
      ]),
      client.sendCommand<unknown>(["XPENDING", stream, group]),
    ]);
    const entries = entriesOf((answer as readonly (readonly unknown[])[] | null)?.[0]?.[1]);
    const last = entries.at(-1);
    if (last !== undefined) this.#seen.set(stream, last.id);
    // A node that has lost the lease without knowing it may have read what belongs before these.
    if (isOfOthers(pending, consumer)) await this.#takeOver(client, stream);
    else for (const entry of entries) this.#take(client, stream, entry);
    return entries.length > 0;
  }

  /** Resolves when there may be something new. Reads nothing: an entry that is read here would be nobody's if this node stopped. */
  async #wait(waiter: RedisClient): Promise<void> {
    const { ending } = this.#shift;
    const places = [...this.#seen.keys(), ...this.#seen.values()];
    const command = ["XREAD", "COUNT", "1", "BLOCK", String(blockMs), "STREAMS", ...places];
    const found = await until(waiter.sendCommand<unknown>(command), ending).catch(
      (error: unknown) => {
        if (ending.aborted) return null;
        throw error;
      },
    );
    for (const [stream, entries] of (found ?? []) as readonly (readonly [Buffer, unknown])[]) {
      const last = entriesOf(entries).at(-1);
      if (last !== undefined) this.#seen.set(stream.toString(), last.id);
    }
  }

  async #hasRoom(): Promise<boolean> {
    await this.#intake.room(this.#shift.ending);
    return this.#shift.isMine();
  }

  #take(client: RedisClient, stream: string, entry: Entry): void {
    const { group, foreign } = this.#options;
    const acknowledge = (): Promise<unknown> =>
      client.sendCommand(["XACK", stream, group, entry.id]);
    this.#intake.take({
      read: () => readEntry(entry, foreign),
      key: `rs:${placeKey(stream, group)}:${entry.id}` as ClientMessageId,
      place: `${stream} ${entry.id}`,
      published: acknowledge,
      refused: async (error) => {
        // Not in one transaction, whose second half is done also where the first cannot be: rather there twice than nowhere.
        await client.sendCommand(refusalOf(stream, entry, error));
        await acknowledge();
      },
      unsettled: (reason) => this.#shift.lost(reason),
    });
  }
}

function refusalOf(
  stream: string,
  { id, fields }: Entry,
  error: ProtocolError,
): (string | Buffer)[] {
  const { field, rule } = error.details ?? {};
  return [
    ...["XADD", refusedStreamOf(stream), "MAXLEN", "~", String(maxRefused), "*"],
    ...fields,
    ...["refused_id", id, "refused_code", error.code],
    ...(typeof field === "string" ? ["refused_field", field] : []),
    ...(typeof rule === "string" ? ["refused_rule", rule] : []),
  ];
}

/** Of the short form of `XPENDING`: how many, the first, the last, and how many each consumer has. */
function isOfOthers(pending: unknown, consumer: string): boolean {
  const [, , , consumers] = pending as readonly [
    unknown,
    unknown,
    unknown,
    readonly Buffer[][] | null,
  ];
  return (consumers ?? []).some(([name]) => name?.toString() !== consumer);
}

function pairsOf(row: readonly unknown[]): ReadonlyMap<string, string> {
  const texts = row.map(String);
  return new Map(
    texts.flatMap((text, index) => (index % 2 === 0 ? [[text, texts[index + 1] ?? ""]] : [])),
  );
}
