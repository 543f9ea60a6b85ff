/** Endpoints of a binary dialect, and paths with a name in them. */
import { limits } from "@parlance/protocol";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type EchoServer, startEchoServer, textDialect } from "../test/echo-server.ts";
import { frame, handshake, RawPeer, until } from "../test/raw-peer.ts";

const frameBytes = 2_000_000;

let server: EchoServer;

beforeAll(async () => {
  server = await startEchoServer({
    compression: true,
    endpoints: [
      { path: "/ws", dialect: textDialect("plain") },
      {
        path: "/bytes",
        takesName: true,
        dialect: { ...textDialect("bytes"), isBinary: true, readsHandshake: true },
        frameBytes,
      },
      { path: "/bytes/own", dialect: textDialect("own") },
    ],
  });
});
afterEach(() => server.expectUnharmed());
afterAll(() => server.close());

test.each([0, 1, 125, 126, 65_536, limits.frameBytes + 1, frameBytes])(
  "[I-27] %d bytes come in and go out as they are",
  async (length) => {
    const bytes = Buffer.alloc(length, "yjs");
    const peer = await RawPeer.open(server.port, {}, "/bytes/a");
    peer.send(frame({ opcode: 2, payload: bytes }));
    await until(() => peer.frames.length === 1, "the bytes");
    expect(peer.frames[0]?.opcode).toBe(2);
    expect(peer.frames[0]?.payload.equals(bytes)).toBe(true);
    peer.socket.destroy();
  },
);

test("[I-27] a long message in small pieces of TCP", async () => {
  const bytes = Buffer.alloc(1_200_000, "piece");
  const peer = await RawPeer.open(server.port, {}, "/bytes/a");
  peer.socket.setNoDelay(true);
  const whole = frame({ opcode: 2, payload: bytes });
  for (let at = 0; at < whole.length; at += 1_000) {
    peer.send(whole.subarray(at, at + 1_000));
    await new Promise(setImmediate);
  }
  await until(() => peer.frames.length === 1, "the bytes");
  expect(peer.frames[0]?.payload.equals(bytes)).toBe(true);
  peer.socket.destroy();
});

test("[J9] a text frame ends a binary connection with 1003", async () => {
  const peer = await RawPeer.open(server.port, {}, "/bytes/a");
  const seen = server.newest();
  peer.text("a");
  await until(() => peer.closeCode() === 1003, "the Close");
  expect(seen.received).toEqual([]);
  peer.socket.destroy();
});

test("[I-27] a message over the endpoint's own limit ends it with 1009, and its limit is no other's", async () => {
  const peer = await RawPeer.open(server.port, {}, "/bytes/a");
  peer.send(frame({ opcode: 2, declaredLength: BigInt(frameBytes + 1) }));
  await until(() => peer.closeCode() === 1009, "the Close");
  peer.socket.destroy();
  const text = await RawPeer.open(server.port);
  text.send(frame({ declaredLength: BigInt(limits.frameBytes + 1) }));
  await until(() => text.closeCode() === 1009, "the Close");
  text.socket.destroy();
});

test("[I-27] bytes go out compressed to those who agreed on it", async () => {
  const peer = await RawPeer.open(
    server.port,
    { "Sec-WebSocket-Extensions": "permessage-deflate" },
    "/bytes/a",
  );
  peer.send(frame({ opcode: 2, payload: Buffer.alloc(4_000, "a") }));
  await until(() => peer.frames.length === 1, "the bytes");
  expect(peer.frames[0]?.first).toBe(0xc2);
  expect(peer.frames[0]?.payload.length).toBeLessThan(100);
  peer.socket.destroy();
});

test("a path with a name belongs to its row; a row of that very path comes first", async () => {
  const named = await RawPeer.open(server.port, {}, "/bytes/doc%3Aa?ticket=x");
  expect(server.newest().wire.dialect.name).toBe("bytes");
  expect(server.newest().peer.handshake?.url).toBe("/bytes/doc%3Aa?ticket=x");
  const own = await RawPeer.open(server.port, {}, "/bytes/own");
  expect(server.newest().wire.dialect.name).toBe("own");
  named.socket.destroy();
  own.socket.destroy();
});

test.each(["/bytes", "/bytes/a/b", "/byte/a", "/bytes/own/a", "/a"])(
  "there is nothing at %s",
  async (path) => {
    const peer = new RawPeer(server.port);
    peer.send(handshake({}, `GET ${path} HTTP/1.1`));
    await until(() => peer.rest.length > 0, "an answer");
    expect(peer.rest.toString("latin1", 0, 12)).toBe("HTTP/1.1 404");
    await peer.closed();
  },
);
