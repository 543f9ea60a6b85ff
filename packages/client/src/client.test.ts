import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { canonicalize, type ErrorCode, errors, type Json } from "@parlance/protocol";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type WebSocket as Socket, WebSocketServer } from "ws";
import { type Client, type ClientOptions, createClient, type EventFrame } from "./index.ts";
import { maxWaitingMessages } from "./outbox.ts";

type Frame = Record<string, unknown> & { readonly type: string; readonly id: number };
const sha = (head: Uint8Array, text: string): Buffer =>
  createHash("sha256").update(head).update(text).digest();

/** A server of one user that speaks enough of the protocol, and does what a test tells it. */
class Scripted {
  readonly log: EventFrame[] = [];
  readonly nonces: Buffer[] = [];
  readonly hashes: Buffer[] = [Buffer.alloc(32)];
  readonly received: Frame[] = [];
  epoch = "e.1";
  floor = 0;
  /** Answers a command in another way; true: it did. */
  script: (frame: Frame, socket: Socket) => boolean | undefined = () => false;
  /** Says whether the next frame, in either direction, breaks the line instead of passing. */
  cuts: (direction: "in" | "out") => boolean = () => false;
  readonly live = new Set<Socket>();
  readonly #server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  readonly listening = once(this.#server, "listening");

  constructor() {
    this.#server.on("connection", (socket) => {
      socket.on("message", (data) => {
        if (this.cuts("in")) return socket.terminate();
        const frame = JSON.parse((data as Buffer).toString()) as Frame;
        this.received.push(frame);
        if (this.script(frame, socket) !== true) this.answer(frame, socket);
      });
      socket.on("close", () => this.live.delete(socket));
    });
  }
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get sockets(): Socket[] {
    return [...this.#server.clients] as Socket[];
  }
  of(type: string): Frame[] {
    return this.received.filter((frame) => frame.type === type);
  }
  send(socket: Socket, frame: object): void {
    if (socket.readyState !== 1) return;
    if (this.cuts("out")) socket.terminate();
    else socket.send(JSON.stringify(frame));
  }
  fail(socket: Socket, { id }: Frame, code: ErrorCode, details: object = {}): true {
    this.send(socket, { type: "error", id, code, retry: errors[code].retry, text: code, details });
    return true;
  }
  append(text: string, key?: string, author = "u_me"): EventFrame {
    const sequence = this.log.length + 1;
    const envelope = { type: "message.created", room: "r", sequence, id: `m${sequence}`, author };
    const time = "2026-01-01T00:00:00.000Z";
    const data = { text, author_name: "Me" };
    const head = { ...envelope, time, ...(key === undefined ? {} : { client_message_id: key }) };
    const nonce = Buffer.alloc(16, sequence);
    const commitment = sha(nonce, canonicalize(data)).toString("hex");
    this.nonces.push(nonce);
    this.hashes.push(
      sha(this.hashes.at(-1) as Buffer, canonicalize({ ...head, commitment } as Json)),
    );
    const event = { ...head, data } as unknown as EventFrame;
    this.log.push(event);
    for (const socket of this.live) this.send(socket, event);
    return event;
  }
  answer(frame: Frame, socket: Socket): void {
    const reply = (result: object): void =>
      this.send(socket, { type: "reply", id: frame.id, result });
    const head = this.log.length;
    const standing = { room: "r", epoch: this.epoch, head, floor: this.floor, kind: "public" };
    const from = (offset: number): void => {
      for (const event of this.log.slice(offset)) this.send(socket, event);
      this.live.add(socket);
    };
    if (frame.type === "sign_in") {
      const limits = { text_length: 100, frame_bytes: 9_999, page_events: 200, subscriptions: 9 };
      const user = { id: "u_me", name: "Me", kind: "guest" };
      reply({ version: 1, user, heartbeat_ms: 25_000, limits, token: "pls_1" });
    } else if (frame.type === "subscribe") {
      const offset = Math.max(this.floor, head - ((frame["last"] as number) ?? 0));
      reply({ ...standing, offset, title: "R" });
      from(offset);
    } else if (frame.type === "resume") {
      const [wanted] = frame["rooms"] as [{ position: { epoch: string; offset: number } }];
      const { epoch, offset } = wanted.position;
      if (epoch !== this.epoch || offset > head) {
        const error = { code: "resync_required", retry: "after_resync", text: "" };
        reply({ rooms: [{ room: "r", error }] });
      } else {
        reply({ rooms: [{ ...standing, offset, title: "R" }] });
        from(offset);
      }
    } else if (frame.type === "publish") {
      const key = frame["client_message_id"] as string;
      const known = this.log.find((event) => event.client_message_id === key);
      const { sequence, id, time } = known ?? this.append(frame["text"] as string, key);
      reply({ room: "r", epoch: this.epoch, sequence, message_id: id, time });
    } else if (frame.type === "history") {
      const { after = 0, limit = 50 } = frame as { after?: number; limit?: number };
      reply({ ...standing, events: this.log.slice(after, after + limit) });
    } else if (frame.type === "proof") {
      const { from: first, to } = frame as unknown as { from: number; to: number };
      const nonces = this.nonces.slice(first - 1, to);
      const commitments = nonces.map((nonce) => ({ nonce: nonce.toString("hex") }));
      const [before, after] = [this.hashes[first - 1], this.hashes[to]].map((h) =>
        h?.toString("hex"),
      );
      reply({ ...standing, from: first, to, hash_before: before, hash_after: after, commitments });
    } else reply({});
  }
  close(): void {
    for (const socket of this.sockets) socket.terminate();
    this.#server.close();
  }
}

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

interface Started {
  readonly server: Scripted;
  readonly client: Client;
  readonly seen: number[];
  readonly texts: string[];
}

async function start(options: Partial<ClientOptions> = {}): Promise<Started> {
  const server = new Scripted();
  await server.listening;
  const identity = options.token === undefined ? { guest: { name: "Me" } } : {};
  const client = createClient({ url: server.url, ...identity, ...options });
  endings.push(
    () => client.close(),
    () => server.close(),
  );
  const [seen, texts]: [number[], string[]] = [[], []];
  client.room("r").on("event", (event) => {
    seen.push(event.sequence);
    if ("data" in event && "text" in event.data) texts.push(event.data.text);
  });
  return { server, client, seen, texts };
}

const drop = (server: Scripted): void => {
  for (const socket of server.sockets) socket.terminate();
};
const until = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 15_000, interval: 5 });

describe("line and states", () => {
  test("states are told in order, and a guest is given the token to come back with", async () => {
    const tokens: string[] = [];
    const { server, client } = await start({ onToken: (token) => tokens.push(token) });
    const states: string[] = [client.state.status];
    client.on("state", ({ status }) => states.push(status));
    await client.connect();
    drop(server);
    await until(() => expect(server.of("sign_in")).toHaveLength(2));
    await until(() => expect(client.state.status).toBe("online"));
    client.close();
    expect(states).toEqual([
      "idle",
      "connecting",
      "online",
      "waiting",
      "connecting",
      "online",
      "closed",
    ]);
    expect(server.of("sign_in").map((frame) => frame["token"])).toEqual([undefined, "pls_1"]);
    expect(tokens[0]).toBe("pls_1");
  });

  test("the first attempt after a break comes within 250 ms", async () => {
    const { server, client } = await start();
    await client.connect();
    drop(server);
    await until(() => expect(client.state.status).toBe("waiting"));
    const { state } = client;
    expect(state.status === "waiting" && state.retryAt - Date.now()).toBeLessThanOrEqual(250);
  });

  test.each([4500, 4509, 4777])("close code %i ends the client for good", async (code) => {
    const { server, client } = await start();
    await client.connect();
    server.sockets[0]?.close(code);
    await until(() => expect(client.state.status).toBe("closed"));
    expect(client.state).toMatchObject({ error: { retry: "never" } });
    await expect(client.listRooms()).rejects.toMatchObject({ retry: "never" });
    expect(server.of("sign_in")).toHaveLength(1);
  });

  test("a refused token is fetched anew once, then the client gives up", async () => {
    let asked = 0;
    const { server, client } = await start({ token: () => `t${(asked += 1)}` });
    server.script = (frame, socket) =>
      frame.type === "sign_in" && server.fail(socket, frame, "token_expired");
    await expect(client.connect()).rejects.toMatchObject({ code: "token_expired" });
    expect(server.of("sign_in").map((frame) => frame["token"])).toEqual(["t1", "t2"]);
  });

  test("a token is renewed on the open line before it ends", async () => {
    let asked = 0;
    const { server, client } = await start({ token: () => `t${(asked += 1)}` });
    server.script = (frame, socket) => {
      if (frame.type !== "sign_in") return false;
      const expires_at = new Date(Date.now() + 500).toISOString();
      const limits = { text_length: 100 };
      const result = { user: { id: "u_me" }, heartbeat_ms: 25_000, limits, expires_at };
      server.send(socket, { type: "reply", id: frame.id, result });
      return true;
    };
    await client.connect();
    await until(() => expect(server.of("refresh")).toMatchObject([{ token: "t2" }]));
    expect(client.state.status).toBe("online");
  });

  test("[F-C2] a line that died without a sign is noticed and replaced", async () => {
    const { server, client, texts } = await start({ pingIntervalMs: 50 });
    await Promise.all([client.connect(), client.room("r").subscribe()]);
    const [dead] = server.sockets;
    server.live.clear();
    server.script = (_frame, socket) => socket === dead;
    server.append("missed");
    await until(() => expect(texts).toEqual(["missed"]));
    expect(server.of("sign_in")).toHaveLength(2);
  });

  test("goodbye: the client comes back after the delay that the server gave", async () => {
    const { server, client } = await start();
    await client.connect();
    for (const socket of server.sockets) {
      server.send(socket, { type: "goodbye", reconnect_after_ms: 3_000 });
      socket.close(1012);
    }
    await until(() => expect(client.state.status).toBe("waiting"));
    const { state } = client;
    expect(state.status === "waiting" && state.retryAt - Date.now()).toBeGreaterThan(2_500);
  });

  test("a command on a line that does not come rejects with offline, a lost reading one is repeated", async () => {
    const { server, client } = await start({ commandTimeoutMs: 300 });
    await expect(client.listRooms()).rejects.toMatchObject({ code: "offline" });
    await client.connect();
    let lost = false;
    server.script = (frame, socket) => {
      if (frame.type !== "history" || lost) return false;
      lost = true;
      socket.terminate();
      return true;
    };
    await expect(client.room("r").history()).resolves.toMatchObject({ head: 0 });
  });
});

describe("outbox", () => {
  test("[I-9] order and ids are kept over a break, and what waited is sent once", async () => {
    const { server, client, texts } = await start();
    const room = client.room("r");
    void room.subscribe();
    let lost = 0;
    server.script = (frame, socket) => {
      if (frame.type !== "publish" || lost >= 2) return false;
      lost += 1;
      if (lost === 2) server.append(frame["text"] as string, frame["client_message_id"] as string);
      socket.terminate();
      return true;
    };
    const sent = ["a", "b", "c"].map((text) => room.publish(text));
    expect(room.outgoing.map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting"]);
    await client.connect();
    const places = await Promise.all(sent.map(({ done }) => done));
    expect(places.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    await until(() => expect(texts).toEqual(["a", "b", "c"]));
    expect(new Set(server.of("publish").map((frame) => frame["client_message_id"])).size).toBe(3);
    expect(room.outgoing).toEqual([]);
  });

  test("a refusal that may pass is tried again without being overtaken; a definite one fails alone", async () => {
    const { server, client, texts } = await start();
    let refusals = 0;
    server.script = (frame, socket) => {
      if (frame["text"] === "a" && (refusals += 1) < 3) {
        return server.fail(socket, frame, "rate_limited", { retry_after_ms: 1 });
      }
      return frame["text"] === "b" && server.fail(socket, frame, "forbidden");
    };
    const room = client.room("r");
    await Promise.all([client.connect(), room.subscribe()]);
    const [, b, c] = ["a", "b", "c"].map((text) => room.publish(text));
    await c?.done;
    await until(() => expect(texts).toEqual(["a", "c"]));
    expect(b).toMatchObject({ state: "failed", error: { code: "forbidden" } });
    expect(room.outgoing).toEqual([b]);
    server.script = () => false;
    b?.retry();
    await expect(b?.done).resolves.toMatchObject({ sequence: 3 });
    expect(server.log[2]?.client_message_id).toBe(b?.clientMessageId);
  });

  test("the outbox is bounded, and a text over the limit does not reach the line", async () => {
    const { server, client } = await start();
    const room = client.room("r");
    const long = room.publish("x".repeat(101));
    for (let n = 1; n < maxWaitingMessages; n += 1) room.publish("x");
    await expect(room.publish("x").done).rejects.toMatchObject({ code: "outbox_full" });
    expect(room.outgoing).toHaveLength(maxWaitingMessages);
    await client.connect();
    await expect(long.done).rejects.toMatchObject({ code: "too_large" });
    await until(() => expect(server.log).toHaveLength(maxWaitingMessages - 1));
  });
});

describe("delivery", () => {
  test("[I-10] [I-11] repeats are dropped, a gap is reported and closed by position, unknown types count", async () => {
    const { server, client, seen } = await start();
    const problems: string[] = [];
    client.on("error", ({ code }) => problems.push(code));
    await Promise.all([client.connect(), client.room("r").subscribe()]);
    const first = server.append("1");
    for (const socket of server.live) server.send(socket, first);
    await client.listRooms();
    expect([seen, problems]).toEqual([[1], []]);
    server.live.clear();
    server.append("2");
    const third = { ...server.append("3"), type: "poll.created" };
    for (const socket of server.sockets) server.send(socket, third);
    await until(() => expect(seen).toEqual([1, 2, 3]));
    for (const socket of server.sockets) {
      server.send(socket, { ...third, sequence: 4 });
      server.send(socket, { ...third, sequence: 5 });
    }
    await until(() => expect(seen).toEqual([1, 2, 3, 4, 5]));
    expect(problems).toEqual(["protocol"]);
  });

  test("[I-13] a position that is gone gives a reset with the new one, then goes on", async () => {
    const { server, client, seen } = await start();
    const room = client.room("r");
    for (const text of "abc") server.append(text);
    await Promise.all([client.connect(), room.subscribe({ last: 2 })]);
    await until(() => expect(seen).toEqual([2, 3]));
    const resets: unknown[] = [];
    room.on("reset", (reset) => resets.push(reset));
    server.epoch = "e.2";
    drop(server);
    await until(() => expect(seen).toEqual([2, 3, 2, 3]));
    expect(resets).toEqual([{ room: "r", position: { epoch: "e.2", offset: 1 } }]);
  });

  test("a subscription that is refused or ended says so and is not begun again", async () => {
    const { server, client } = await start();
    const codes: string[] = [];
    const room = client.room("r");
    room.on("unsubscribed", ({ code }) => codes.push(code));
    await Promise.all([client.connect(), room.subscribe()]);
    for (const socket of server.sockets) {
      server.send(socket, { type: "unsubscribed", room: "r", code: "forbidden" });
    }
    await until(() => expect(codes).toEqual(["forbidden"]));
    server.script = (frame, socket) =>
      frame.type === "subscribe" && server.fail(socket, frame, "not_found");
    await expect(room.subscribe()).rejects.toMatchObject({ code: "not_found" });
    expect(room.position).toBeUndefined();
  });

  test("[I-9] [I-11] [I-12] wherever the line is cut, every message is there once and in order", async () => {
    const cut = fc.record({ direction: fc.constantFrom("in", "out"), after: fc.nat(14) });
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 4 }), async (cuts) => {
        const { server, client, seen, texts } = await start();
        const plan = [...cuts];
        let passed = 0;
        server.cuts = (direction) => {
          const [next] = plan;
          if (next === undefined || next.direction !== direction) return false;
          passed += 1;
          if (passed <= next.after) return false;
          plan.shift();
          passed = 0;
          return true;
        };
        const room = client.room("r");
        void room.subscribe({ last: 200 });
        void client.connect();
        const wanted = ["1", "2", "3", "4", "5", "6"];
        const sent = wanted.map((text) => room.publish(text).done);
        const places = await Promise.all(sent);
        expect(places.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
        await until(() => expect(texts).toEqual(wanted));
        expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
        expect(server.log).toHaveLength(6);
        expect(room.outgoing).toEqual([]);
        client.close();
        server.close();
      }),
      { numRuns: 25 },
    );
  });
});

describe("verify", () => {
  async function withLog(): Promise<Started> {
    const started = await start();
    await Promise.all([started.client.connect(), started.client.room("r").subscribe()]);
    for (let n = 1; n <= 450; n += 1) started.server.append(`text ${n}`);
    await until(() => expect(started.seen).toHaveLength(450));
    return started;
  }

  test("says that a log is complete, over pages and for a part of it", async () => {
    const { client } = await withLog();
    const room = client.room("r");
    await expect(room.verify()).resolves.toEqual({
      complete: true,
      epoch: "e.1",
      from: 1,
      to: 450,
    });
    await expect(room.verify({ from: 7, to: 300 })).resolves.toMatchObject({
      complete: true,
      from: 7,
    });
  });

  test("finds a text that was altered, for one who saw it and for one who did not", async () => {
    const { server, client } = await withLog();
    const event = server.log[249] as EventFrame;
    server.log[249] = { ...event, data: { text: "altered", author_name: "Me" } } as EventFrame;
    const differs = { complete: false, reason: "differs_from_delivered", sequence: 250 };
    await expect(client.room("r").verify()).resolves.toEqual(differs);
    const other = createClient({ url: server.url, guest: { name: "Other" } });
    endings.push(() => other.close());
    await other.connect();
    const mismatch = { complete: false, reason: "hash_mismatch", sequence: 400 };
    await expect(other.room("r").verify()).resolves.toEqual(mismatch);
  });

  test("finds an event that is missing inside, and a log that was cut off at its end", async () => {
    const { server, client } = await withLog();
    const end = server.log.pop() as EventFrame;
    const missing = { complete: false, reason: "missing" };
    await expect(client.room("r").verify()).resolves.toEqual({ ...missing, sequence: 450 });
    server.log.push(end);
    server.log.splice(99, 1);
    await expect(client.room("r").verify({ to: 300 })).resolves.toEqual({
      ...missing,
      sequence: 100,
    });
  });

  test("accepts an erased payload, and no bare commitment for one that is there", async () => {
    const { server, client } = await withLog();
    const { data, ...envelope } = server.log[4] as EventFrame & { data: Json };
    const commitment = sha(server.nonces[4] as Buffer, canonicalize(data)).toString("hex");
    server.script = (frame, socket) => {
      if (frame.type !== "proof") return false;
      const part = server.nonces
        .slice(0, 9)
        .map((nonce, index) => (index === 4 ? { commitment } : { nonce: nonce.toString("hex") }));
      const hashes = { hash_before: "0".repeat(64), hash_after: server.hashes[9]?.toString("hex") };
      const result = { epoch: "e.1", from: 1, to: 9, ...hashes, commitments: part };
      server.send(socket, { type: "reply", id: frame.id, result });
      return true;
    };
    const verify = () => client.room("r").verify({ from: 1, to: 9 });
    await expect(verify()).resolves.toMatchObject({ complete: false, reason: "hash_mismatch" });
    server.log[4] = { ...envelope, erased: true } as EventFrame;
    await expect(verify()).resolves.toMatchObject({ complete: true });
  });
});
