import { deflateRawSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { EchoServer } from "../test/echo-server.ts";
import { startEchoServer } from "../test/echo-server.ts";
import { closePayload, frame, handshake, RawPeer, until } from "../test/raw-peer.ts";

let server: EchoServer;
let compressing: EchoServer;

beforeAll(async () => {
  server = await startEchoServer();
  compressing = await startEchoServer({ compression: true });
});
afterEach(async () => {
  await server.expectUnharmed();
  await compressing.expectUnharmed();
});
afterAll(async () => {
  await server.close();
  await compressing.close();
});

const deflate = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };

describe("who sends and never reads", () => {
  test("[T19] 20,000 pings are answered with the newest only, and the connection stays", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    peer.socket.pause();
    const pings = Array.from({ length: 20_000 }, (_, index) =>
      frame({ opcode: 9, payload: String(index) }),
    );
    peer.send(Buffer.concat(pings));
    peer.text("after the pings");
    await until(() => seen.received.length === 1, "the text behind the pings");
    expect(seen.link.unsentBytes).toBeLessThan(10_000);
    peer.socket.resume();
    await until(() => peer.texts().length === 1, "the echo");
    const lastPong = () => peer.frames.findLast(({ opcode }) => opcode === 10)?.payload.toString();
    await until(() => lastPong() === "19999", "the newest ping's answer");
    expect(peer.frames.filter(({ opcode }) => opcode === 10).length).toBeLessThan(1_000);
    await peer.echo("still here");
    peer.socket.destroy();
  });

  test("[T19] 48 MB of requests unread: the server stops reading, and goes on when it is read", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    peer.socket.pause();
    const request = frame({ payload: "y".repeat(16_000) });
    const count = 3_000;
    const before = process.memoryUsage().rss;
    for (let sent = 0; sent < count; sent++) peer.send(request);
    await until(() => seen.link.unsentBytes > 0, "the answers piling up");
    let atMost = 0;
    let last = -1;
    while (seen.received.length !== last) {
      last = seen.received.length;
      for (let look = 0; look < 20; look++) {
        atMost = Math.max(atMost, seen.link.unsentBytes);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    expect(seen.received.length).toBeLessThan(count);
    expect(atMost).toBeLessThan(1_000_000);
    await server.expectUnharmed();
    /* The 48 MB that the peer could not get rid of are in this process too. */
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    peer.frames.length = 0;
    peer.socket.resume();
    await until(() => seen.received.length === count, "the rest", 20_000);
    // Where the machine is busy the heartbeat's ping is among the frames.
    const answers = () => peer.frames.filter(({ opcode }) => opcode === 1).length;
    await until(() => answers() >= count, "all answers", 20_000);
    expect(answers()).toBe(count);
    expect(seen.closedWith).toBeUndefined();
    expect(seen.drains).toBeGreaterThan(0);
    peer.socket.destroy();
    await until(() => seen.closedWith === 1006, "the end");
  });

  test("a slow reader's progress shows in the unsent bytes, and drained is called at the end", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    peer.socket.pause();
    seen.link.write(seen.wire.frame("z".repeat(12_000_000)));
    const atFirst = seen.link.unsentBytes;
    expect(atFirst).toBeGreaterThan(1_000_000);
    peer.socket.resume();
    await until(() => peer.rest.length > 3_000_000, "a part read");
    peer.socket.pause();
    await until(() => seen.link.unsentBytes < atFirst, "progress");
    expect(seen.drains).toBe(0);
    peer.socket.resume();
    await until(() => seen.drains === 1, "drained");
    expect(seen.link.unsentBytes).toBe(0);
    peer.socket.destroy();
  });

  test("a small backlog is told as drained too, whatever the stream's high-water mark", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    peer.socket.pause();
    while (seen.link.unsentBytes === 0) seen.link.write(seen.wire.frame("w".repeat(8_000)));
    expect(seen.link.unsentBytes).toBeLessThan(16_000);
    peer.socket.resume();
    await until(() => seen.drains === 1, "drained");
    peer.socket.destroy();
  });

  test("a peer that takes nothing is ended at once by terminate", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    peer.socket.pause();
    seen.link.write(seen.wire.frame("z".repeat(12_000_000)));
    seen.link.terminate();
    await until(() => seen.closedWith === 1006, "the end");
    peer.socket.destroy();
  });
});

describe("compression, where it is switched on", () => {
  test("one compressed frame is shared by all, and stock clients read it beside plain ones", async () => {
    const raw = await RawPeer.open(compressing.port, deflate);
    expect(raw.head).toContain("permessage-deflate; server_no_context_takeover");
    const first = compressing.newest();
    const stock = new WebSocket(`ws://127.0.0.1:${compressing.port}/ws`);
    const texts: string[] = [];
    stock.on("message", (data: Buffer) => texts.push(data.toString()));
    await new Promise((resolve) => stock.once("open", resolve));
    const second = compressing.newest();
    const plain = await RawPeer.open(compressing.port);
    expect(second.wire).toBe(first.wire);
    expect(compressing.newest().wire).not.toBe(first.wire);
    const sent: string[] = [];
    for (let index = 0; index < 200; index++) {
      const text = index % 3 === 0 ? `short ${index}` : `${index} κόσμε 🦉 `.repeat(index);
      const chunk = first.wire.join([first.wire.frame(text), first.wire.frame("next")]);
      first.link.write(chunk);
      second.link.write(chunk);
      sent.push(text, "next");
    }
    await until(() => texts.length === 400 && raw.texts().length === 400, "all of them");
    expect(texts).toEqual(sent);
    expect(raw.texts()).toEqual(sent);
    expect(raw.frames.some((seen) => seen.first === 0xc1)).toBe(true);
    await plain.echo("c".repeat(1_000));
    expect(plain.frames.every((seen) => seen.first === 0x81)).toBe(true);
    stock.send("d".repeat(5_000));
    await until(() => texts.includes(`echo ${"d".repeat(5_000)}`), "the echo");
    stock.terminate();
    raw.socket.destroy();
    plain.socket.destroy();
  });

  test("an offer that limits our window is declined, and the connection goes on without", async () => {
    const peer = await RawPeer.open(compressing.port, {
      "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=10",
    });
    expect(peer.head).not.toContain("Sec-WebSocket-Extensions");
    await peer.echo("e".repeat(1_000));
    peer.socket.destroy();
  });

  test("an offer that cannot be read is refused", async () => {
    const peer = new RawPeer(compressing.port);
    peer.send(handshake({ "Sec-WebSocket-Extensions": "permessage-deflate; =" }));
    await peer.closed();
    expect(peer.rest.toString()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("[T18] a bomb of 64 MiB ends its connection with 1009, and memory stays flat", async () => {
    const bomb = deflateRawSync(Buffer.alloc(64 * 1_048_576), { level: 9 });
    const before = process.memoryUsage().rss;
    const peer = await RawPeer.open(compressing.port, deflate);
    peer.send(frame({ rsv: 0x40, payload: bomb }));
    await peer.closed();
    expect(peer.closeCode()).toBe(1009);
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  });

  test("[T12] [I-27] what is not deflate is refused as invalid data", async () => {
    const peer = await RawPeer.open(compressing.port, deflate);
    peer.send(frame({ rsv: 0x40, payload: Buffer.from("ffffffff", "hex") }));
    await peer.closed();
    expect(peer.closeCode()).toBe(1007);
  });
});

describe("[T20] [F-C3] connections that end anywhere", () => {
  const request = frame({ payload: "a request" });

  test.each([
    ["after the handshake", Buffer.alloc(0)],
    ["after a request", request],
    ["in the middle of a frame", request.subarray(0, 7)],
    ["in the middle of a header", request.subarray(0, 1)],
  ])("60 resets %s free all of them", async (_name, bytes) => {
    const from = server.connections.length;
    const peers = await Promise.all(Array.from({ length: 60 }, () => RawPeer.open(server.port)));
    for (const peer of peers) {
      if (bytes.length > 0) peer.send(bytes);
      peer.socket.resetAndDestroy();
    }
    const seen = server.connections.slice(from);
    expect(seen).toHaveLength(60);
    await until(() => seen.every(({ closedWith }) => closedWith === 1006), "60 ends");
  });

  test("a reset or an end at every byte of a handshake and a frame", async () => {
    const bytes = Buffer.concat([
      Buffer.from(handshake()),
      request,
      frame({ opcode: 8, payload: closePayload(1000) }),
    ]);
    const peers: RawPeer[] = [];
    for (let cut = 0; cut <= bytes.length; cut++) {
      for (const isReset of [true, false]) {
        const peer = new RawPeer(server.port);
        peers.push(peer);
        peer.socket.write(bytes.subarray(0, cut), () => {
          if (isReset) peer.socket.resetAndDestroy();
          else peer.socket.end();
        });
      }
    }
    await until(() => peers.every(({ isClosed }) => isClosed), "all ends");
    await until(() => server.gateway.connectionCount() === 1, "only the bystander being left");
  });
});
