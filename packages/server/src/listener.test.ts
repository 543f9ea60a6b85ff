/** What happens to connections that are kept for later, as proxies keep them, when a server goes away. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeListener, keptConnectionsOver, lastAnswers } from "./listener.ts";

let server: Server;
beforeEach(async () => {
  server = createServer((_request, response) => response.end("here"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  await closeListener(server);
});

/** A connection that has had one answer. */
async function kept(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  expect(await ask(socket)).not.toMatch(/connection: close/i);
  return socket;
}

async function ask(socket: Socket): Promise<string> {
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

test("[I-24] a request that comes over a kept connection while the server waits is answered, and ends the wait", async () => {
  const socket = await kept();
  lastAnswers(server);
  let isOver = false;
  const over = keptConnectionsOver(server, performance.now()).then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(isOver).toBe(false);
  const ended = once(socket, "end");
  const answer = await ask(socket);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  await over;
  await ended;
});

test("[I-24] one that nobody uses is waited for as long as it may be kept, and not longer", async () => {
  server.keepAliveTimeout = 300;
  const begun = performance.now();
  await kept();
  lastAnswers(server);
  await keptConnectionsOver(server, performance.now());
  expect(performance.now() - begun).toBeGreaterThanOrEqual(300);
});

test("nobody is waited for where nobody keeps a connection", async () => {
  server.keepAliveTimeout = 60_000;
  await keptConnectionsOver(server, performance.now());
});
