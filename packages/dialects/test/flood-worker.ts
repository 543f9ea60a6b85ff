/** Floods a server with Socket.IO frames from a thread of its own, and reads nothing while it does. */
import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { WebSocket } from "ws";

const { url, token, frames, count } = workerData as {
  readonly url: string;
  readonly token: string;
  readonly frames: readonly string[];
  readonly count: number;
};

const socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
socket.on("error", () => {});
const connected = new Promise<void>((resolve) => {
  socket.on("message", (data: Buffer) => {
    const text = data.toString();
    if (text.startsWith("0")) socket.send(`40${JSON.stringify({ token })}`);
    if (text.startsWith("40")) resolve();
  });
});
await connected;
for (let index = 0; index < count && socket.readyState === WebSocket.OPEN; index += 1) {
  socket.send(frames[index % frames.length] ?? "");
  if (index % 500 === 0) await sleep(1);
}
await sleep(500);
socket.terminate();
