import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, createConnection, type Socket } from "node:net";
import { createMemoryBroker } from "@parlance/broker/memory";
import { type Clock, createNode, type Dialect, defaultSettings, type Node } from "@parlance/core";
import { sseDialect } from "@parlance/dialects/sse";
import type { ClientMessageId, Principal, RoomId, UserId } from "@parlance/protocol";
import { EventStreamReader, NoStreamError } from "@parlance/testkit/event-stream";
import { countingIds, namesAsTokens } from "@parlance/testkit/harness";
import { createMemoryStore } from "@parlance/testkit/memory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../test/echo-server.ts";
import { until } from "../../test/raw-peer.ts";
import { Admission, createEventStreams, type EventStreams, hardenHttpServer } from "../index.ts";

let server: Server;
let node: Node;
let streams: EventStreams;
let admission: Admission;
let url: string;
/** Calls of `encodeEvent` for messages, by kind of stream. */
let encoded: Map<Dialect, number>;
/** Timers that were asked for. */
let timers: number;
const held: string[] = [];

beforeEach(async () => {
  encoded = new Map();
  timers = 0;
  const clock: Clock = {
    ...systemClock,
    after(delayMs, run) {
      timers += 1;
      return systemClock.after(delayMs, run);
    },
  };
  const { log, directory } = createMemoryStore({ random: () => 0.5 });
  const report = (): void => {};
  node = createNode(
    {
      nodeId: "n1",
      log,
      directory,
      broker: createMemoryBroker(),
      authenticator: {
        checkName: namesAsTokens.checkName,
        authenticate: (credential) =>
          namesAsTokens.authenticate(
            "ticket" in credential ? { token: credential.ticket.slice(4) } : credential,
          ),
      },
      tickets: {
        hold(ticket) {
          held.push(ticket);
          return () => void held.splice(held.indexOf(ticket), 1);
        },
      },
      clock: systemClock,
      ids: countingIds(),
      report,
    },
    { ...defaultSettings, commandsPerSecond: 0, rates: [] },
  );
  await node.start();
  const counted = new Map(
    sseDialect.dialects.map((dialect) => {
      const counting: Dialect = {
        ...dialect,
        encodeEvent(event, epoch) {
          if (event.type === "message.created") {
            encoded.set(dialect, (encoded.get(dialect) ?? 0) + 1);
          }
          return dialect.encodeEvent(event, epoch);
        },
      };
      return [dialect, counting];
    }),
  );
  admission = new Admission({ maxConnections: 60, maxConnectionsPerAddress: 2 });
  streams = createEventStreams({
    node,
    dialect: {
      ...sseDialect,
      dialects: [...counted.values()],
      begin(request) {
        const stream = sseDialect.begin(request);
        const dialect = counted.get(stream.dialect);
        if (dialect === undefined) throw new Error("an unknown kind of stream");
        return Object.assign(stream, { dialect });
      },
    },
    clock,
    report,
    admission,
    origins: [],
    trustedProxies: ["127.0.0.1"],
    heartbeatMs: 250,
    drainMs: 5_000,
    random: () => 0.5,
  });
  server = createServer((request, response) => {
    if (!streams.handle(request, response)) response.end("elsewhere");
  });
  hardenHttpServer(server, report);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  streams.close();
  await node.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ann = { authorization: "Bearer ann" };

function open(target: string, headers: Record<string, string> = ann): Promise<EventStreamReader> {
  return EventStreamReader.open(`${url}${target}`, headers);
}

async function statusOf(target: string, headers: Record<string, string> = ann): Promise<number> {
  try {
    (await open(target, headers)).close();
    return 200;
  } catch (error) {
    if (error instanceof NoStreamError) return error.status;
    throw error;
  }
}

async function say(room: string, text: string): Promise<void> {
  await node.execute<"publish">(
    { user: "bob" as UserId, name: "Bob", kind: "external", principal: "bob" as Principal },
    {
      type: "publish",
      id: 0,
      room: room as RoomId,
      client_message_id: text as ClientMessageId,
      text,
    },
  );
}

describe("fan-out", () => {
  test("an event is encoded once for all streams of one room, and once for all of several", async () => {
    const single = await Promise.all(Array.from({ length: 20 }, () => open("/rooms/a/events")));
    const several = await Promise.all(
      Array.from({ length: 20 }, (_, index) => open(`/events?room=a&room=b${index}`)),
    );
    const all = [...single, ...several];
    const has = (type: string) => () => all.every((stream) => stream.find(type) !== undefined);
    await until(has("subscribed"), "all to begin");
    for (let sent = 1; sent <= 10; sent += 1) await say("a", `text-${sent}`);
    await until(() => all.every((stream) => stream.sequences().length === 10), "all messages");
    expect([...encoded.values()]).toEqual([10, 10]);
    const ids = single.map((stream) => stream.events.map(({ id }) => id).join(" "));
    expect(new Set(ids).size).toBe(1);
    expect(new Set(several.map(({ lastId }) => lastId)).size).toBe(20);
    for (const stream of all) stream.close();
  });
});

describe("the connection", () => {
  test("one timer keeps all streams awake", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => open("/rooms/a/events")));
    await until(() => all.every(({ heartbeats }) => heartbeats >= 2), "two heartbeats in all");
    const before = timers;
    await new Promise((resolve) => setTimeout(resolve, 500));
    // A turn of the wheel has 25 steps, however many there are on it.
    expect(timers - before).toBeLessThanOrEqual(60);
    expect(streams.streamCount()).toBe(50);
    for (const stream of all) stream.close();
    await until(() => streams.streamCount() === 0, "all to be gone");
    expect(node.counts().connections).toBe(0);
  });

  test("counts with the others of its address and of the node", async () => {
    const far = { ...ann, "x-forwarded-for": "203.0.113.7" };
    const first = await open("/rooms/a/events", far);
    expect(admission.admit("203.0.113.7")).toBeUndefined();
    expect(await statusOf("/rooms/a/events", far)).toBe(429);
    first.close();
    await until(() => streams.streamCount() === 0, "it to be gone");
    expect(await statusOf("/rooms/a/events", far)).toBe(200);
    await until(() => streams.streamCount() === 0, "that to be gone too");
    for (let count = 0; count < 100; count += 1) admission.admit("127.0.0.1");
    expect(await statusOf("/rooms/a/events")).toBe(503);
  });

  test("[I-24] is refused with 503 and the time to come back once the server goes away", async () => {
    admission.refuseNew();
    const refused = await open("/rooms/a/events").catch((error: unknown) => error as NoStreamError);
    expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  });

  test("a refusal leaves it to the next request, and gives its place back", async () => {
    const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
    const answers = collect(socket);
    for (let count = 1; count <= 100; count += 1) {
      socket.write(
        `GET /rooms/r_x/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\n\r\n`,
      );
      await until(() => answers().split("HTTP/1.1 404 ").length === count + 1, "an answer");
    }
    socket.write("GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => answers().includes("elsewhere"), "what is not ours");
    socket.destroy();
    expect(node.counts().connections).toBe(0);
    expect(await statusOf("/rooms/a/events")).toBe(200);
  });

  test("[T9] a GET with a body is refused and its connection closed", async () => {
    for (const header of ["Content-Length: 5", "Transfer-Encoding: chunked"]) {
      const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
      const answers = collect(socket);
      socket.write(
        `GET /rooms/a/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\n${header}\r\n\r\n`,
      );
      await until(() => answers().includes("\r\n\r\n"), "the answer");
      expect(answers()).toMatch(/^HTTP\/1\.1 400 [\s\S]*connection: close/i);
      socket.destroy();
    }
  });

  test("[T20] peers that reset it anywhere free all of it", async () => {
    const { port } = new URL(url);
    for (let count = 0; count < 60; count += 1) {
      const socket = createConnection(Number(port), "127.0.0.1");
      await once(socket, "connect");
      socket.write(`GET /rooms/a/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\n\r\n`);
      if (count % 3 > 0) await once(socket, "data");
      if (count % 3 > 1) await say("a", `reset-${count}`);
      socket.resetAndDestroy();
    }
    await until(() => node.counts().connections === 0, "all to be gone");
    expect(streams.streamCount()).toBe(0);
    expect(await statusOf("/rooms/a/events")).toBe(200);
  });

  test("pipelined requests are answered one by one, streams among them refused", async () => {
    const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
    const answers = collect(socket);
    const head = "HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\n\r\n";
    socket.write(`GET /rooms/a/events ${head}GET /rooms/a/events ${head}`);
    await until(() => answers().includes("event: subscribed"), "the first");
    await until(() => streams.streamCount() === 1, "one stream only");
    socket.destroy();
    await until(() => node.counts().connections === 0, "all to be gone");
  });

  test("a ticket is held as long as its stream is open, and let go with it", async () => {
    const target = "/rooms/a/events?ticket=plt_ann";
    expect([await statusOf("/rooms/r_x/events?ticket=plt_ann", {}), held]).toEqual([404, []]);
    const stream = await open(target, {});
    expect(held).toEqual(["plt_ann"]);
    stream.close();
    await until(() => held.length === 0, "it to be let go");
  });

  test("HEAD gets the status without a body", async () => {
    const answer = await new Promise<{ status: number | undefined; bytes: number }>((resolve) => {
      const asked = httpRequest(`${url}/rooms/a/events`, { method: "HEAD" }, (response) => {
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on("end", () => resolve({ status: response.statusCode, bytes }));
      });
      asked.end();
    });
    expect(answer).toEqual({ status: 405, bytes: 0 });
  });
});

/** What a socket has received so far. */
function collect(socket: Socket): () => string {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on("error", () => {});
  return () => text;
}
