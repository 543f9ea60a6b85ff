import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../test/raw-peer.ts";
import { oneAtATime } from "./one-request.ts";

let server: Server;
let peer: Socket;
let answers: string;
/** Requests that were begun and are not answered, by their paths. */
let open: Map<string, ServerResponse>;
let begun: string[];

beforeEach(async () => {
  open = new Map();
  begun = [];
  answers = "";
  server = createServer(
    oneAtATime((request, response) => {
      const { url = "" } = request;
      begun.push(url);
      open.set(url, response);
      request.resume();
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  peer = await join();
  peer.on("data", (chunk: Buffer) => {
    answers += chunk.toString();
  });
});
afterEach(async () => {
  peer.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function join(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const request = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`;

function answer(path: string): void {
  open.get(path)?.end(`answer to ${path};`);
  open.delete(path);
}

test("[I-26] requests behind one that is not answered wait, and are begun in order", async () => {
  peer.write(["/1", "/2", "/3"].map(request).join(""));
  await until(() => begun.length === 1, "the first");
  const other = await join();
  other.write(request("/other"));
  await until(() => begun.includes("/other"), "another connection's");
  expect(begun).toEqual(["/1", "/other"]);
  for (const path of ["/1", "/2", "/3"]) {
    await until(() => open.has(path), path);
    answer(path);
  }
  await until(() => answers.includes("answer to /3"), "the last answer");
  expect(answers.match(/answer to \/\d/g)).toEqual([
    "answer to /1",
    "answer to /2",
    "answer to /3",
  ]);
  // The connection is as good as new.
  peer.write(request("/4"));
  await until(() => open.has("/4"), "a later one");
  other.destroy();
});

test("[I-26] what waits on a connection that ends is not begun", async () => {
  peer.write(["/1", "/2"].map(request).join(""));
  await until(() => begun.length === 1, "the first");
  peer.destroy();
  await until(() => open.get("/1")?.destroyed === true, "the end");
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual(["/1"]);
});

test("[I-25] who lets hundreds wait is cut", async () => {
  peer.write(request("/0"));
  await until(() => begun.length === 1, "the first");
  peer.write(Array.from({ length: 400 }, (_, index) => request(`/${index + 1}`)).join(""));
  await until(() => peer.destroyed, "the cut");
  expect(begun).toEqual(["/0"]);
});
