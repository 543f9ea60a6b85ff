/**
 * Connection state recovery of the stock Socket.IO client on another node that lives, without sticky sessions: its
 * line to one node is cut, and the next one leads elsewhere.
 */
import { Cluster } from "@parlance/testkit/cluster";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { until } from "../e2e/dialects/line.ts";
import { requires } from "../requirements.ts";
import { Front } from "./front.ts";

const test = requires("postgresql", "redis");
const timeoutMs = 90_000;

interface Person {
  readonly id: string;
  readonly token: string;
}

interface Heard {
  readonly chat_id: string;
  readonly content: string;
}

/** A stock client with what it heard. */
class Chatter {
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  connects = 0;

  constructor(url: string, { token }: Person) {
    this.socket = io(url, {
      auth: { token },
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
    });
    this.socket.on("message:new", (message: Heard) => void this.heard.push(message));
    this.socket.on("connect", () => {
      this.connects += 1;
    });
  }

  async connected(times = 1): Promise<void> {
    await until(() => this.socket.connected && this.connects >= times, `connect ${times}`);
  }

  async send(chatId: string, content: string): Promise<void> {
    const answer = (await this.socket
      .timeout(20_000)
      .emitWithAck("message:send", { chatId, content })) as { readonly error?: unknown };
    expect(answer.error).toBeUndefined();
  }

  in(chat: string): string[] {
    return this.heard.filter(({ chat_id }) => chat_id === chat).map(({ content }) => content);
  }
}

describe("a Socket.IO client whose next line leads to another node", () => {
  let cluster: Cluster;
  const fronts: Front[] = [];
  const chatters: Chatter[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start({ engine: "postgresql", broker: "redis", nodes: 2 });
  }, timeoutMs);
  afterAll(async () => {
    for (const { socket } of chatters) socket.disconnect();
    await Promise.all(fronts.map((front) => front.close()));
    await cluster?.remove();
  });

  async function person(name: string): Promise<Person> {
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error("no node");
    type Guest = { readonly user: { readonly id: string }; readonly token: string };
    const guest = await cluster.rest<Guest>(node, "POST", "/guests", undefined, { name });
    return { id: guest.user.id, token: guest.token };
  }

  /** Two people with two chats; the reader comes by a front that leads to the first node, the writer is on the second. */
  async function scene(): Promise<{
    chats: readonly string[];
    front: Front;
    reader: Chatter;
    writer: Chatter;
  }> {
    const [ann, bob] = await Promise.all([person("Ann"), person("Bob")]);
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error("two nodes");
    const chats: string[] = [];
    for (const title of ["One", "Two"]) {
      const body = { kind: "private", title };
      const { room } = await cluster.rest<{ room: string }>(
        first,
        "POST",
        "/rooms",
        ann.token,
        body,
      );
      const path = `/rooms/${room}/members/${bob.id}`;
      await cluster.rest(first, "PUT", path, ann.token, { role: "member" });
      chats.push(room);
    }
    const front = await Front.open(cluster.nodes, 0);
    fronts.push(front);
    const [reader, writer] = [new Chatter(front.url, bob), new Chatter(second.url, ann)];
    chatters.push(reader, writer);
    await Promise.all([reader.connected(), writer.connected()]);
    return { chats, front, reader, writer };
  }

  const numbers = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `${from + index}`);

  async function sendTo(writer: Chatter, chats: readonly string[], from: number, to: number) {
    for (const content of numbers(from, to)) {
      for (const chat of chats) await writer.send(chat, content);
    }
  }

  test(
    "[I-10] [I-11] is recovered: nothing missed, nothing twice in the chat of its last message, the others at least once",
    async () => {
      for (let time = 0; time < 5; time += 1) {
        const { chats, front, reader, writer } = await scene();
        await sendTo(writer, chats, 0, 10);
        await until(() => reader.heard.length === 20, "what was sent before");
        const last = reader.heard.at(-1)?.chat_id ?? "";
        front.moveOn();
        await front.line.refuse();
        await sendTo(writer, chats, 10, 20);
        await front.line.pass();
        await reader.connected(2);
        expect(reader.socket.recovered).toBe(true);
        await sendTo(writer, chats, 20, 25);
        for (const chat of chats) {
          await until(() => reader.in(chat).includes("24"), "what was sent after");
          expect([...new Set(reader.in(chat))]).toEqual(numbers(0, 25));
        }
        expect(reader.in(last)).toEqual(numbers(0, 25));
        reader.socket.disconnect();
        writer.socket.disconnect();
      }
    },
    timeoutMs,
  );

  test(
    "[I-10] [I-11] also where it is back at once, before the node that it left has noticed",
    async () => {
      for (let time = 0; time < 5; time += 1) {
        const { chats, front, reader, writer } = await scene();
        await sendTo(writer, chats, 0, 5);
        await until(() => reader.heard.length === 10, "what was sent before");
        const last = reader.heard.at(-1)?.chat_id ?? "";
        front.moveOn();
        // What the node sends from now on waits on the line, and is lost with it.
        front.line.blackHole("toClient");
        await sendTo(writer, chats, 5, 8);
        front.line.cut();
        await front.line.pass();
        await reader.connected(2);
        const { recovered } = reader.socket;
        await sendTo(writer, chats, 8, 12);
        for (const chat of chats) {
          await until(() => reader.in(chat).includes("11"), "what was sent after");
          // Or it is told that it was not recovered, and loads its chats anew.
          if (recovered) expect([...new Set(reader.in(chat))]).toEqual(numbers(0, 12));
        }
        if (recovered) expect(reader.in(last)).toEqual(numbers(0, 12));
        reader.socket.disconnect();
        writer.socket.disconnect();
      }
    },
    timeoutMs,
  );

  test(
    "[I-10] [F-N4] is recovered also where kill -9 took its node a moment after it came: at least once, in every chat",
    async () => {
      const { chats, front, reader, writer } = await scene();
      const [chat = ""] = chats;
      await writer.send(chat, "0");
      await until(() => reader.heard.length === 1, "the first message");
      const [node] = cluster.nodes;
      front.moveOn();
      await node?.kill();
      await writer.send(chat, "1");
      await reader.connected(2);
      await writer.send(chat, "2");
      await until(() => reader.in(chat).includes("2"), "what was sent after");
      // Its place is stored as soon as it has one; how soon that is done, the store decides.
      if (reader.socket.recovered) {
        expect([...new Set(reader.in(chat))]).toEqual(["0", "1", "2"]);
      }
      await node?.start();
    },
    timeoutMs,
  );

  test(
    "is told honestly that it was not recovered, where its places are gone",
    async () => {
      const { chats, front, reader, writer } = await scene();
      const [chat = ""] = chats;
      await writer.send(chat, "0");
      await until(() => reader.heard.length === 1, "the first message");
      const [node] = cluster.nodes;
      front.moveOn();
      await node?.kill();
      const session = await cluster.database.session();
      await session.query(`DELETE FROM ${cluster.database.table("places")}`);
      await session.close();
      await writer.send(chat, "1");
      await reader.connected(2);
      expect(reader.socket.recovered).toBe(false);
      await writer.send(chat, "2");
      await until(() => reader.in(chat).includes("2"), "what was sent after");
      await node?.start();
    },
    timeoutMs,
  );
});
