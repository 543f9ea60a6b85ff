/** Many people of a real chat, played by SDK clients that write down everything they do and see. */
import { type Client, createClient, type Outgoing } from "@parlance/client";
import type { ServerProcess } from "@parlance/testkit/server-process";
import type { ChatLine } from "./chat.ts";
import type { ClientHistory } from "./history.ts";

interface Played {
  readonly client: Client;
  readonly history: ClientHistory;
  /** Messages sent and not yet settled. */
  waiting: number;
}

/** How many of the clients subscribe to one room, in parts of all. */
const readersPerRoom = 1 / 3;
const tickMs = 10;
const progressMs = 5_000;
/** More messages waiting than this, and the chat pauses until the server is back. */
const maxWaiting = 20_000;

export class Player {
  readonly #chat: readonly ChatLine[];
  readonly #players: Played[];
  readonly #rooms: readonly string[];
  acknowledged = 0;

  private constructor(chat: readonly ChatLine[], players: Played[], rooms: readonly string[]) {
    this.#chat = chat;
    this.#players = players;
    this.#rooms = rooms;
  }

  get histories(): readonly ClientHistory[] {
    return this.#players.map((player) => player.history);
  }

  /** Connects all and subscribes each to its rooms. */
  static async start(options: {
    readonly server: ServerProcess;
    readonly chat: readonly ChatLine[];
    readonly clients: number;
    readonly rooms: number;
  }): Promise<Player> {
    const rooms = Array.from({ length: options.rooms }, (_, index) => `channel-${index + 1}`);
    const players: Played[] = [];
    const perClient = Math.max(1, Math.round(rooms.length * readersPerRoom));
    for (let index = 0; index < options.clients; index += 1) {
      const mine = Array.from(
        { length: perClient },
        (_, place) => rooms[(index + place * 3) % rooms.length] ?? "",
      );
      players.push(await connect(options.server, index, [...new Set(mine)]));
    }
    return new Player(options.chat, players, rooms);
  }

  /** Sends all messages at about so many a second. People of one name always write through one client. */
  async play(rate: number, progress: (done: number) => void): Promise<void> {
    let next = 0;
    let due = 0;
    let toldAt = performance.now();
    while (next < this.#chat.length) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
      due += (rate * tickMs) / 1_000;
      const waiting = this.#players.reduce((sum, player) => sum + player.waiting, 0);
      if (waiting > maxWaiting) due = 0;
      for (; due >= 1 && next < this.#chat.length; due -= 1) {
        const line = this.#chat[next];
        if (line !== undefined) this.#send(line);
        next += 1;
      }
      if (performance.now() - toldAt > progressMs) {
        toldAt = performance.now();
        progress(next);
      }
    }
  }

  #send(line: ChatLine): void {
    const player = this.#players[hash(line.from) % this.#players.length];
    if (player === undefined) return;
    const rooms = [...player.history.rooms.keys()];
    const roomId = rooms[hash(line.day) % rooms.length] ?? "";
    const room = player.client.room(roomId);
    const seen = room.position?.offset ?? 0;
    const at = performance.now();
    const outgoing = room.publish(line.text);
    const { clientMessageId } = outgoing;
    player.history.sends.push({ room: roomId, clientMessageId, text: line.text, at, seen });
    player.waiting += 1;
    this.#follow(player, outgoing);
  }

  #follow(player: Played, outgoing: Outgoing): void {
    outgoing.done.then(
      (published) => {
        player.waiting -= 1;
        this.acknowledged += 1;
        player.history.acks.push({
          room: published.room,
          clientMessageId: outgoing.clientMessageId,
          sequence: published.sequence,
          id: published.message_id,
          at: performance.now(),
        });
      },
      () => {
        player.waiting -= 1;
        player.history.refusals.push({
          room: outgoing.room,
          clientMessageId: outgoing.clientMessageId,
        });
      },
    );
  }

  /** Waits until everything sent is settled and everybody has everything. @returns false if that never came. */
  async rest(timeoutMs: number): Promise<boolean> {
    const end = performance.now() + timeoutMs;
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (this.#players.some((player) => player.waiting > 0)) continue;
      if (await this.#isLevel()) return true;
    }
    return false;
  }

  async #isLevel(): Promise<boolean> {
    const heads = new Map<string, number>();
    for (const room of this.#rooms) {
      const reader = this.#players.find((player) => player.history.rooms.has(room));
      const page = await reader?.client.room(room).history({ limit: 1 });
      heads.set(room, page?.head ?? 0);
    }
    return this.#players.every(({ client, history }) =>
      [...history.rooms.keys()].every(
        (room) => (client.room(room).position?.offset ?? 0) === heads.get(room),
      ),
    );
  }

  /** `verify()` of every client for every room of its. @returns what was not proven. */
  async verifyAll(): Promise<string[]> {
    const unproven: string[] = [];
    for (const { client, history } of this.#players) {
      for (const room of history.rooms.keys()) {
        const result = await client.room(room).verify();
        if (!result.complete)
          unproven.push(`${history.client}: ${room}: ${JSON.stringify(result)}`);
      }
    }
    return unproven;
  }

  close(): void {
    for (const { client } of this.#players) client.close();
  }
}

async function connect(
  server: ServerProcess,
  index: number,
  rooms: readonly string[],
): Promise<Played> {
  const client = createClient({ url: server.socketUrl, guest: { name: `Client ${index + 1}` } });
  const user = await client.connect();
  const history: ClientHistory = {
    client: `client ${index + 1}`,
    user: user.id,
    rooms: new Map(rooms.map((room) => [room, 0])),
    sends: [],
    acks: [],
    refusals: [],
    deliveries: [],
    resumes: 0,
    resets: 0,
  };
  client.on("state", (state) => {
    if (state.status === "online") history.resumes += 1;
  });
  for (const id of rooms) {
    const room = client.room(id);
    room.on("event", (event) => {
      history.deliveries.push({
        room: id,
        sequence: event.sequence,
        id: event.id,
        author: event.author,
        type: event.type,
        text: "data" in event && "text" in event.data ? event.data.text : undefined,
      });
    });
    room.on("reset", () => {
      history.resets += 1;
    });
    await room.subscribe();
  }
  return { client, history, waiting: 0 };
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619);
  }
  return value >>> 0;
}
