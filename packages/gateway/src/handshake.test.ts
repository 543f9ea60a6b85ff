import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { EchoServer } from "../test/echo-server.ts";
import { startEchoServer, textDialect } from "../test/echo-server.ts";
import { handshake, handshakeFields, RawPeer, until } from "../test/raw-peer.ts";

let server: EchoServer;

beforeAll(async () => {
  server = await startEchoServer({
    times: { headersMs: 400, requestMs: 800 },
    endpoints: [
      { path: "/ws", dialect: textDialect("plain") },
      { path: "/ws", subprotocol: "parlance.v1", dialect: textDialect("named") },
      { path: "/other", subprotocol: "only.this", dialect: textDialect("other") },
    ],
  });
});
afterEach(() => server.expectUnharmed());
afterAll(() => server.close());

/** Sends bytes on a connection of their own and returns the status of the answer, once it is closed. */
async function statusOf(bytes: string | Uint8Array): Promise<number | "cut"> {
  const answer = await answerTo(bytes);
  return answer === "" ? "cut" : Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

async function answerTo(bytes: string | Uint8Array): Promise<string> {
  const before = server.connections.length;
  const peer = new RawPeer(server.port);
  peer.send(bytes);
  await peer.closed();
  expect(server.connections.length).toBe(before);
  return peer.rest.toString("latin1");
}

describe("a handshake that is not one is refused, and the connection closed", () => {
  test.each([
    ["none", { "Sec-WebSocket-Key": undefined }],
    ["a short one", { "Sec-WebSocket-Key": "c2hvcnQ=" }],
    ["one that is not base64", { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }],
  ])("[T1] key: %s", async (_name, changes) => {
    expect(await statusOf(handshake(changes))).toBe(400);
  });

  test("[T1] key: two", async () => {
    const doubled = [...handshakeFields, handshakeFields[4]].join("\r\n");
    expect(await statusOf(`GET /ws HTTP/1.1\r\n${doubled}\r\n\r\n`)).toBe(400);
  });

  test.each(["12", "8", "13abc", "0xD", "013", "1.3e1", "", undefined])(
    "[T2] version %j, and the answer names the right one",
    async (version) => {
      const answer = await answerTo(handshake({ "Sec-WebSocket-Version": version }));
      expect(answer).toMatch(/^HTTP\/1\.1 426 /);
      expect(answer).toContain("\r\nSec-WebSocket-Version: 13\r\n");
    },
  );

  test.each(["POST", "PUT", "OPTIONS", "HEAD"])("[T3] method %s", async (method) => {
    expect(await statusOf(handshake({}, `${method} /ws HTTP/1.1`))).toBe(405);
  });

  test("[T3] HTTP/1.0", async () => {
    expect(await statusOf(handshake({}, "GET /ws HTTP/1.0"))).toBe(400);
  });

  test("[T3] no Host, an empty Host, two Hosts", async () => {
    expect(await statusOf(handshake({ Host: undefined }))).toBe(400);
    expect(await statusOf(handshake({ Host: "" }))).toBe(400);
    expect(await statusOf(handshake({ host: "evil.example" }))).toBe(400);
  });

  test("[T3] a handshake with a body", async () => {
    expect(await statusOf(handshake({ "Content-Length": "5" }))).toBe(400);
    expect(await statusOf(handshake({ "Transfer-Encoding": "chunked" }))).toBe(400);
  });

  test("[T3] an upgrade to something else is no handshake, but a request like any other", async () => {
    const answer = await answerTo(handshake({ Upgrade: "h2c", Connection: "Upgrade, close" }));
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain("no page");
  });

  test("[T4] a header of 64 KiB", async () => {
    expect(await statusOf(handshake({ "X-Long": "a".repeat(65_536) }))).toBe(431);
  });

  test.each([2_500, 1_997, 100])("[T4] %d header fields before Upgrade", async (count) => {
    const many = Array.from({ length: count }, () => "a:b").join("\r\n");
    const request = `GET /ws HTTP/1.1\r\n${many}\r\n${handshakeFields.join("\r\n")}\r\n\r\n`;
    expect(await statusOf(request)).toBe(431);
  });

  test.each([
    ["12,000 blanks", " ".repeat(12_000)],
    ["blanks between names", `a${" ".repeat(12_000)}b`],
    ["an empty member", "a,,b"],
    ["a name twice", "a, a"],
    ["not a token", "a b"],
  ])("[T5] sub-protocols: %s, in less than a second", async (_name, value) => {
    const start = performance.now();
    expect(await statusOf(handshake({ "Sec-WebSocket-Protocol": value }))).toBe(400);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test.each([
    "https://evil.example",
    "null",
    "https://chat.example.evil.example",
    "http://chat.example",
    "https://chat.example:8443",
    "https://chat.example/",
    "HTTPS://CHAT.EXAMPLE",
    "http://localhost:5173",
    "",
  ])("[T6] origin %j", async (origin) => {
    expect(await statusOf(handshake({ Origin: origin }))).toBe(403);
  });

  test("[T6] two origins, of which one is good", async () => {
    expect(
      await statusOf(handshake({ Origin: "https://chat.example", origin: "https://evil.example" })),
    ).toBe(400);
  });

  test.each([
    "/../ws",
    "/ws/../../etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/shadow",
    "/....//....//etc/passwd",
    "/ws/%00",
    "/.env",
    "/.git/config",
    "/package.json",
    "/ws/",
    "/WS",
    "/%77s",
    "//ws",
    "/ws;x=1",
    "/proc/self/environ",
    "/..\\..\\windows\\win.ini",
    "/__proto__",
    "/constructor",
  ])("[T7] path %s, as an upgrade and as a GET", async (path) => {
    expect(await statusOf(handshake({}, `GET ${path} HTTP/1.1`))).toBe(404);
    const plain = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    expect(await statusOf(plain)).toBe(404);
  });

  test("[T8] targets that are no path", async () => {
    expect(await statusOf(handshake({}, "GET /%zz HTTP/1.1"))).toBe(404);
    expect(await statusOf(handshake({}, "GET /w\0s HTTP/1.1"))).toBe(400);
    expect(await statusOf(handshake({}, `GET /${"a".repeat(102_400)} HTTP/1.1`))).toBe(414);
    expect(await statusOf(handshake({}, "GET * HTTP/1.1"))).toBe(400);
    expect(await statusOf(handshake({}, "GET http://localhost/ws HTTP/1.1"))).toBe(400);
  });

  test("[T9] what two servers could read differently", async () => {
    const both = handshake({ "Content-Length": "5", "Transfer-Encoding": "chunked" });
    expect(await statusOf(both)).toBe(400);
    expect(await statusOf(handshake({ "X-Folded": "a\r\n b" }))).toBe(400);
    expect(await statusOf(handshake({ "X-Blank ": "a" }))).toBe(400);
  });

  test("[T10] other protocols on the plain port", async () => {
    const tlsHello = Buffer.from("16030100c8010000c40303", "hex");
    expect(await statusOf(tlsHello)).toBe(400);
    expect(await statusOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).toBe(400);
    expect(await statusOf(Buffer.from([0, 255, 7, 200, 13, 10, 13, 10, 99]))).toBe(400);
  });

  test("[T11] a handshake byte by byte is cut off in time", async () => {
    const peer = new RawPeer(server.port);
    const bytes = handshake({ "X-Long": "a".repeat(5_000) });
    let sent = 0;
    const drip = setInterval(() => peer.send(bytes[sent++] ?? "a"), 20);
    await peer.closed();
    clearInterval(drip);
    expect(sent).toBeLessThan(100);
    expect(peer.rest.toString()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("[T11] a connection that says nothing is cut off in time", async () => {
    const silent = connect({ port: server.port, host: "127.0.0.1" });
    await new Promise((resolve) => silent.once("close", resolve).resume());
  });
});

describe("a good handshake", () => {
  test("of an allowed origin, and of no browser, is answered with 101", async () => {
    for (const changes of [{ Origin: "https://chat.example" }, {}]) {
      const peer = await RawPeer.open(server.port, changes);
      expect(peer.head).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      expect(peer.head).not.toContain("Sec-WebSocket-Protocol");
      await peer.echo("hello");
      peer.socket.destroy();
    }
  });

  test("leads to the dialect of the first sub-protocol that is known, and names it", async () => {
    const named = await RawPeer.open(server.port, {
      "Sec-WebSocket-Protocol": "parlance.v9, parlance.v1",
    });
    expect(named.head).toContain("Sec-WebSocket-Protocol: parlance.v1");
    expect(server.newest().wire.dialect.name).toBe("named");
    const unnamed = await RawPeer.open(server.port, { "Sec-WebSocket-Protocol": "unheard.of" });
    expect(unnamed.head).not.toContain("Sec-WebSocket-Protocol");
    expect(server.newest().wire.dialect.name).toBe("plain");
    named.socket.destroy();
    unnamed.socket.destroy();
  });

  test("needs the sub-protocol where an endpoint has no other", async () => {
    expect(await statusOf(handshake({}, "GET /other HTTP/1.1"))).toBe(400);
  });

  test("may come with its first frame in the same segment, and with a query", async () => {
    const peer = new RawPeer(server.port);
    const { frame } = await import("../test/raw-peer.ts");
    const request = Buffer.from(handshake({}, "GET /ws?a=b HTTP/1.1"));
    peer.send(Buffer.concat([request, frame({ payload: "early" })]));
    await until(() => peer.texts().includes("echo early"), "the echo");
    expect(server.newest().peer).toEqual({ address: "127.0.0.1", transport: "websocket" });
    peer.socket.destroy();
  });
});
