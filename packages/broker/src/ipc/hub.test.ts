import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice } from "@parlance/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIpcBroker, createIpcHub, type IpcHub } from "./index.ts";

let directory: string;
let path: string;
let hub: IpcHub;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-hub-"));
  path = join(directory, "hub");
  hub = await createIpcHub(path);
});
afterEach(async () => {
  await hub.close();
  await rm(directory, { recursive: true });
});

test("[F-B2] nodes come back when another process takes the hub over", async () => {
  const options = { path, installId: "i", report: () => {} };
  const [a, b] = [
    await createIpcBroker({ ...options, nodeId: "a" }),
    await createIpcBroker({ ...options, nodeId: "b" }),
  ];
  const heard: Notice[] = [];
  await b.subscribe("control", (notice) => heard.push(notice));
  await hub.close();
  await expect.poll(() => a.isConnected() || b.isConnected()).toBe(false);
  a.publish("control", { type: "control", head: 1 });
  hub = await createIpcHub(path);
  await expect.poll(() => a.isConnected() && b.isConnected(), { timeout: 5_000 }).toBe(true);
  a.publish("control", { type: "control", head: 2 });
  await expect.poll(() => heard.at(-1)).toEqual({ type: "control", head: 2 });
  await Promise.all([a.close(), b.close()]);
});

test("only its user reaches the socket", async () => {
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a second hub is refused while the first is alive, and takes a dead one's place", async () => {
  await expect(createIpcHub(path)).rejects.toThrow("EADDRINUSE");
  const dead = join(directory, "dead");
  await writeFile(dead, "");
  const second = await createIpcHub(dead);
  await second.close();
});

test("[F-B7] bytes that are no frames end their own connection and no other", async () => {
  const options = { path, installId: "i", report: () => {} };
  const [a, b] = [
    await createIpcBroker({ ...options, nodeId: "a" }),
    await createIpcBroker({ ...options, nodeId: "b" }),
  ];
  const heard: Notice[] = [];
  await b.subscribe("control", (notice) => heard.push(notice));
  for (const bytes of [
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([0, 0, 0, 3, 3, 255, 255]),
    Buffer.from([255, 255, 255, 255, 1, 0, 0]),
  ]) {
    const socket = connect(path);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.write(bytes);
    await closed;
  }
  a.publish("control", { type: "control", head: 1 });
  await expect.poll(() => heard.length).toBe(1);
  expect([a.counts().connects, b.counts().connects]).toEqual([1, 1]);
  await Promise.all([a.close(), b.close()]);
});
