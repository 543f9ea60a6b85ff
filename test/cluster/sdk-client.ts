/** A client of the SDK, as applications have it, behind a balancer; it writes down what its application is told. */
import { type Client, createClient, type Room } from "@parlance/client";
import type { Cluster, Entry, History, Place } from "@parlance/testkit/cluster";
import { Front } from "./front.ts";

/** It may not know of a lost line before it asks; a test does not wait as long as a phone may. */
const pingIntervalMs = 500;

export class SdkClient {
  readonly name: string;
  readonly history: History;
  readonly #front: Front;
  readonly #client: Client;
  /** Messages without an answer. */
  outstanding = 0;
  #meant = 0;
  #isOnline = false;

  private constructor(name: string, cluster: Cluster, front: Front) {
    const user = `p-${name}`;
    this.name = name;
    this.#front = front;
    // It keeps the order of its messages whatever happens: no message of its is excused.
    this.history = { client: name, user, isAlone: true, entries: [], places: new Map() };
    this.#client = createClient({
      url: front.socketUrl,
      token: () => cluster.token(user),
      pingIntervalMs,
    });
    this.#client.on("state", ({ status }) => {
      const isOnline = status === "online";
      if (isOnline === this.#isOnline) return;
      this.#isOnline = isOnline;
      const at = performance.now();
      if (isOnline) this.#record({ kind: "online", at, node: this.#front.node.name });
      else this.#record({ kind: "offline", at, code: 1_006, byClient: false });
    });
  }

  /** Connects and hears those rooms. */
  static async start(name: string, cluster: Cluster, rooms: readonly string[]): Promise<SdkClient> {
    const front = await Front.open(cluster.nodes, name.length);
    const client = new SdkClient(name, cluster, front);
    await client.#client.connect();
    for (const room of rooms) await client.#hear(client.#client.room(room));
    return client;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  #record(entry: Entry): void {
    this.history.entries.push(entry);
  }

  async #hear(room: Room): Promise<void> {
    const { places } = this.history;
    room.on("subscribed", ({ epoch, offset, head }) => {
      const wanted = places.get(room.id);
      const place: Place = { epoch, offset };
      this.#record({
        kind: "subscribed",
        at: performance.now(),
        room: room.id,
        wanted,
        place,
        head,
      });
      places.set(room.id, place);
    });
    room.on("reset", ({ position }) => {
      const wanted = places.get(room.id);
      const { epoch } = position;
      this.#record({ kind: "reset", at: performance.now(), room: room.id, wanted, epoch });
      places.delete(room.id);
    });
    room.on("event", (event) => {
      const epoch = places.get(room.id)?.epoch ?? "";
      this.#record({
        kind: "delivered",
        at: performance.now(),
        room: room.id,
        epoch,
        sequence: event.sequence,
        id: event.id,
        author: event.author,
        type: event.type,
        clientMessageId: "client_message_id" in event ? event.client_message_id : undefined,
        payload: "data" in event ? canonical(event.data) : undefined,
      });
      places.set(room.id, { epoch, offset: event.sequence });
    });
    await room.subscribe();
  }

  publish(roomId: string): void {
    this.#meant += 1;
    this.outstanding += 1;
    const text = `${this.name} says ${this.#meant}`;
    const at = performance.now();
    const { clientMessageId, done } = this.#client.room(roomId).publish(text);
    this.#record({ kind: "sent", at, room: roomId, clientMessageId, text, attempt: 1 });
    done.then(
      ({ epoch, sequence, message_id: id }) => {
        this.outstanding -= 1;
        const place = { epoch, sequence, id };
        this.#record({
          kind: "acked",
          at: performance.now(),
          room: roomId,
          clientMessageId,
          ...place,
        });
      },
      (error: unknown) => {
        this.outstanding -= 1;
        const code = String(error);
        // It may have been sent several times.
        const isDefinite = false;
        this.#record({
          kind: "refused",
          at: performance.now(),
          room: roomId,
          clientMessageId,
          code,
          isDefinite,
        });
      },
    );
  }

  /** The balancer leads to a node that serves; with `force`, to another one in any case. */
  balance(force: boolean): void {
    const isWell = (): boolean => this.#front.node.isRunning && !this.#front.node.isPaused;
    if (isWell() && !force) return;
    this.#front.moveOn();
    if (isWell()) this.#front.line.cut();
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#front.close();
  }
}

/** The payload as the checker compares it: members in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
