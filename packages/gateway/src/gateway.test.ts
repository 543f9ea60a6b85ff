import { createServer } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { EchoServer } from "../test/echo-server.ts";
import { startEchoServer, textDialect } from "../test/echo-server.ts";
import { frame, handshake, RawPeer, until } from "../test/raw-peer.ts";
import type { GatewayOptions } from "./index.ts";
import { hardenHttpServer } from "./index.ts";
import type { Beating } from "./wheel.ts";

const servers: EchoServer[] = [];

async function start(options: Partial<GatewayOptions> = {}): Promise<EchoServer> {
  const server = await startEchoServer(options);
  servers.push(server);
  return server;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function refusal(server: EchoServer, changes: Record<string, string> = {}): Promise<string> {
  const peer = new RawPeer(server.port);
  peer.send(handshake(changes));
  await peer.closed();
  return peer.rest.toString();
}

describe("heartbeats", () => {
  const limits = { heartbeatMs: 250, heartbeatGraceMs: 100 };

  test("[F-C2] a peer that answers no ping is ended, one that does is not", async () => {
    const server = await start({ limits });
    const silent = await RawPeer.open(server.port);
    const seen = server.newest();
    const answering = new WebSocket(`ws://127.0.0.1:${server.port}/ws`);
    let pings = 0;
    answering.on("ping", () => pings++);
    await silent.closed();
    expect(silent.frames.some(({ first, payload }) => first === 0x89 && payload.length === 0)).toBe(
      true,
    );
    await until(() => seen.closedWith === 1006, "the node being told");
    await until(() => pings >= 3, "more pings");
    expect(answering.readyState).toBe(WebSocket.OPEN);
    answering.terminate();
  });

  test("any byte counts as a sign of life, also of a frame that is not whole yet", async () => {
    const server = await start({ limits });
    const slow = await RawPeer.open(server.port);
    const bytes = frame({ payload: "s".repeat(60) });
    for (const byte of bytes) {
      slow.send(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await until(() => slow.texts().length === 1, "the echo");
    slow.socket.destroy();
  });

  test("[F-C1] a ping says nothing about who had unsent bytes waiting, then or since", async () => {
    const server = await start();
    const reader = await RawPeer.open(server.port);
    const seen = server.newest();
    const beating = seen.link as unknown as Beating;
    const fill = () => {
      reader.socket.pause();
      seen.link.write(seen.wire.frame("z".repeat(12_000_000)));
      expect(seen.link.unsentBytes).toBeGreaterThan(0);
    };
    fill();
    beating.ping();
    reader.socket.resume();
    await until(() => seen.drains === 1, "the reader catching up");
    beating.endIfSilent();
    await reader.echo("after the first");
    beating.ping();
    fill();
    beating.endIfSilent();
    reader.socket.resume();
    await reader.echo("after the second");
    beating.ping();
    beating.endIfSilent();
    await reader.closed();
    expect(seen.closedWith).toBe(1006);
  });

  test("[F-N6] an event loop that was blocked for many turns disconnects nobody", async () => {
    const server = await start({ limits });
    const clients = Array.from(
      { length: 20 },
      () => new WebSocket(`ws://127.0.0.1:${server.port}/ws`),
    );
    let pings = 0;
    for (const client of clients) client.on("ping", () => pings++);
    await until(() => pings >= 20, "a ping for each");
    const blockedUntil = performance.now() + 1_500;
    while (performance.now() < blockedUntil);
    pings = 0;
    await until(() => pings >= 40, "two more turns");
    expect(clients.every(({ readyState }) => readyState === WebSocket.OPEN)).toBe(true);
    for (const client of clients) client.terminate();
  });
});

describe("who is let in", () => {
  test("development mode: pages of this machine, from any port, and no other", async () => {
    const server = await start({ origins: { allowed: [], allowLoopback: true } });
    for (const origin of ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"]) {
      const peer = await RawPeer.open(server.port, { Origin: origin });
      peer.socket.destroy();
    }
    for (const origin of [
      "http://localhost.evil.example",
      "http://127.0.0.1.evil.example",
      "null",
    ]) {
      expect(await refusal(server, { Origin: origin })).toMatch(/^HTTP\/1\.1 403 /);
    }
  });

  test("as many as the node holds; the next is told to come back, and gets in when one has left", async () => {
    const server = await start({ limits: { maxConnections: 3 } });
    const peer = await RawPeer.open(server.port);
    const last = await RawPeer.open(server.port);
    const answer = await refusal(server);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toContain("\r\nRetry-After: 10\r\n");
    peer.socket.destroy();
    await until(() => server.gateway.connectionCount() === 2, "the place");
    const next = await RawPeer.open(server.port);
    await next.echo("in");
    last.socket.destroy();
    next.socket.destroy();
  });

  test("as many of one address as it may have, counted through a trusted proxy only", async () => {
    const limits = { maxConnectionsPerAddress: 1 };
    const trusting = await start({ limits, trustedProxies: ["127.0.0.0/8", "192.0.2.9"] });
    const from = (chain: string) => ({ "X-Forwarded-For": chain });
    const first = await RawPeer.open(trusting.port, from("spoofed, 198.51.100.7, 192.0.2.9"));
    expect(trusting.newest().peer.address).toBe("198.51.100.7");
    const second = await refusal(trusting, from("198.51.100.7"));
    expect(second).toMatch(/^HTTP\/1\.1 429 /);
    expect(second).toContain("\r\nRetry-After: 10\r\n");
    const other = await RawPeer.open(trusting.port, from("198.51.100.8"));
    first.socket.destroy();
    await until(() => trusting.gateway.connectionCount() === 2, "the place");
    const again = await RawPeer.open(trusting.port, from("198.51.100.7"));
    for (const chain of ["", "no address", "::1"]) {
      const local = await RawPeer.open(trusting.port, from(chain));
      local.socket.destroy();
    }
    const wary = await start({ limits });
    const claimed = await RawPeer.open(wary.port, from("198.51.100.7"));
    expect(wary.newest().peer.address).toBe("127.0.0.1");
    for (const peer of [other, again, claimed]) peer.socket.destroy();
    await expect(start({ trustedProxies: ["everywhere"] })).rejects.toThrow(TypeError);
  });

  test("nobody new once it is going away; who is in stays until close", async () => {
    const server = await start();
    const peer = await RawPeer.open(server.port);
    server.gateway.refuseNew();
    expect(await refusal(server)).toMatch(/^HTTP\/1\.1 503 /);
    await peer.echo("still served");
    server.gateway.close();
    await peer.closed();
    await until(() => server.gateway.connectionCount() === 0, "the end of all");
    expect(server.connections.every(({ closedWith }) => closedWith === 1006)).toBe(true);
  });

  test("a port has endpoints of its own, beside those of every port", async () => {
    const server = await start({
      endpoints: [
        { path: "/ws", dialect: textDialect("everywhere") },
        { port: 7_777, path: "/ws", dialect: textDialect("elsewhere") },
        { port: 7_777, path: "/", dialect: textDialect("elsewhere") },
      ],
    });
    expect(server.newest().wire.dialect.name).toBe("everywhere");
    const peer = new RawPeer(server.port);
    peer.send(handshake({}, "GET / HTTP/1.1"));
    await peer.closed();
    expect(peer.rest.toString()).toMatch(/^HTTP\/1\.1 404 /);
    const other = createServer();
    server.gateway.attach(other, 7_777);
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const second = await RawPeer.open(port);
    expect(server.newest().wire.dialect.name).toBe("elsewhere");
    second.socket.destroy();
    other.close();
  });

  test("two rows for one place are refused, and a second listener on one server", async () => {
    const dialect = textDialect("twice");
    const rows = [
      { path: "/ws", dialect },
      { path: "/ws", dialect },
    ];
    await expect(start({ endpoints: rows })).rejects.toThrow(TypeError);
    await expect(start({ endpoints: [{ path: "ws", dialect }] })).rejects.toThrow(TypeError);
    await expect(start({ origins: { allowed: ["*"], allowLoopback: false } })).rejects.toThrow(
      TypeError,
    );
    const server = await start();
    const http = createServer();
    server.gateway.attach(http, 1);
    expect(() => server.gateway.attach(http, 1)).toThrow("already");
  });
});

describe("the HTTP server underneath", () => {
  test("reports a listener that fails, as for want of file descriptors, and lives on", () => {
    const reports: unknown[] = [];
    const http = createServer();
    hardenHttpServer(http, (level, event, fields) => reports.push([level, event, fields]));
    http.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
    expect(reports).toEqual([
      ["error", "listener_failed", { error_code: "EMFILE", error: "accept EMFILE" }],
    ]);
  });

  test("survives resets before, in and after broken requests", async () => {
    const server = await start();
    for (const bytes of ["", "GET", "\0\0\0\0", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"]) {
      const socket = connect({ port: server.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(bytes === "" ? "\r\n" : bytes, () => socket.resetAndDestroy());
      await new Promise((resolve) => socket.once("close", resolve));
    }
    await server.expectUnharmed();
  });
});
