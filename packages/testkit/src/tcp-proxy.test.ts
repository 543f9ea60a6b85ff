import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
let atServer: Socket[];
const clients: Socket[] = [];

beforeEach(async () => {
  atServer = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    atServer.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("end", () => socket.end());
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const address = echo.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  proxy = await TcpProxy.open({ host: "127.0.0.1", port: address.port });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  for (const socket of atServer) socket.destroy();
  await new Promise((resolve) => echo.close(resolve));
});

async function client(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  clients.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** `once` would reject with the error before. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Resolves with so many bytes. */
async function receive(socket: Socket, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const [bytes] = (await once(socket, "data")) as [Buffer];
    text += bytes.toString();
  }
  return text;
}

/** True if it happens before the time is over. */
function within(promise: Promise<unknown>, timeMs: number): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), timeMs)),
  ]);
}

test("passes bytes in both directions, in order", async () => {
  const socket = await client();
  const sent = Array.from({ length: 200 }, (_, index) => `${index},`.repeat(50)).join("");
  socket.write(sent);
  expect(await receive(socket, sent.length)).toBe(sent);
});

test("a delay in one direction holds each byte back by as much", async () => {
  const socket = await client();
  proxy.delay(120, "toClient");
  const startedAt = performance.now();
  socket.write("a");
  expect(await receive(socket, 1)).toBe("a");
  expect(performance.now() - startedAt).toBeGreaterThan(110);
});

test("a throttled line takes its time, and is fast again after pass", async () => {
  const socket = await client();
  proxy.throttle(2_000, "toServer");
  socket.write("x".repeat(800));
  const startedAt = performance.now();
  await receive(socket, 800);
  expect(performance.now() - startedAt).toBeGreaterThan(200);
  socket.write("y".repeat(100_000));
  await proxy.pass();
  expect(await receive(socket, 100_000)).toHaveLength(100_000);
});

test.each(["both", "toServer", "toClient"] as const)(
  "a black hole (%s) says nothing, keeps TCP open, and lets go of everything at its end",
  async (direction) => {
    const socket = await client();
    socket.write("1");
    await receive(socket, 1);
    proxy.blackHole(direction);
    socket.write("2");
    const arrived = receive(socket, 1);
    expect(await within(arrived, 100)).toBe(false);
    expect(socket.destroyed).toBe(false);
    await proxy.pass();
    expect(await arrived).toBe("2");
  },
);

test("a new connection into a black hole opens and hears nothing", async () => {
  proxy.blackHole();
  const socket = await client();
  socket.write("1");
  const arrived = receive(socket, 1);
  expect(await within(arrived, 60)).toBe(false);
  await proxy.pass();
  expect(await arrived).toBe("1");
});

test("cut resets both ends of what is open, and only that", async () => {
  const socket = await client();
  socket.write("1");
  await receive(socket, 1);
  const failed = once(socket, "error");
  proxy.cut();
  expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe("ECONNRESET");
  const next = await client();
  next.write("2");
  expect(await receive(next, 1)).toBe("2");
});

test("cut with fin ends in good order", async () => {
  const socket = await client();
  socket.write("1");
  await receive(socket, 1);
  const ended = once(socket, "end");
  proxy.cut("fin");
  await ended;
});

test("refuse cuts what is open and listens no more; the port is the same after pass", async () => {
  const socket = await client();
  socket.write("1");
  await receive(socket, 1);
  const { port } = proxy;
  const gone = closed(socket);
  await proxy.refuse();
  await gone;
  const late = connect({ port, host: "127.0.0.1" });
  clients.push(late);
  const failed = once(late, "error");
  expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe("ECONNREFUSED");
  await proxy.pass();
  expect(proxy.port).toBe(port);
  const next = await client();
  next.write("2");
  expect(await receive(next, 1)).toBe("2");
});

test("a half-closed connection still carries the other direction", async () => {
  const socket = await client();
  socket.write("1");
  await receive(socket, 1);
  const [server] = atServer;
  server?.removeAllListeners("end");
  const ended = once(server as Socket, "end");
  proxy.halfClose("toServer");
  await ended;
  server?.write("late");
  expect(await receive(socket, 4)).toBe("late");
});

test("an inspector changes, withholds and cuts", async () => {
  proxy.inspector = (connection) => ({
    toServer: (bytes, send) => {
      const text = bytes.toString();
      if (text === "cut") connection.cut();
      else if (text !== "drop") send(Buffer.from(text.toUpperCase()));
    },
  });
  const socket = await client();
  socket.write("drop");
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.write("a");
  expect(await receive(socket, 1)).toBe("A");
  socket.write("cut");
  await closed(socket);
});

test("of several connections one can be held alone", async () => {
  const held: { hold(): void; resume(): void }[] = [];
  proxy.inspector = (connection) => {
    held.push(connection);
    return {};
  };
  const [first, second] = [await client(), await client()];
  first.write("1");
  await receive(first, 1);
  held[0]?.hold();
  first.write("a");
  second.write("b");
  const arrived = receive(first, 1);
  expect(await receive(second, 1)).toBe("b");
  expect(await within(arrived, 60)).toBe(false);
  held[0]?.resume();
  expect(await arrived).toBe("a");
});

test("newcomers are led to another server, the others stay", async () => {
  const other = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("other");
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const socket = await client();
  proxy.leadTo({ host: "127.0.0.1", port: address.port });
  const led = await client();
  expect(await receive(led, 5)).toBe("other");
  led.destroy();
  socket.write("1");
  expect(await receive(socket, 1)).toBe("1");
  await new Promise((resolve) => other.close(resolve));
});
