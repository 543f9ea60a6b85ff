/** A thread that publishes small messages as fast as the socket takes them, and does not wait for answers. */
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is started with. */
export interface Flood {
  readonly url: string;
  readonly token: string;
  readonly room: string;
  readonly seconds: number;
}

/** What it answers at its end. */
export interface Flooded {
  readonly sent: number;
  readonly stored: number;
  readonly refused: number;
  /** The flooder's own connection was closed by the server. */
  readonly wasClosed: boolean;
}

const step = 50;
const bufferedBytes = 262_144;

const { url, token, room, seconds } = workerData as Flood;
const socket = new WebSocket(url);
let sent = 0;
let stored = 0;
let refused = 0;
let wasClosed = false;
let isDone = false;

socket.onopen = () => socket.send(JSON.stringify({ type: "sign_in", id: 1, token }));
socket.onclose = () => {
  wasClosed ||= !isDone;
};
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(String(data)) as { type: string; id?: number };
  if (frame.id === 1) flood();
  else if (frame.type === "reply") stored += 1;
  else refused += 1;
};

function flood(): void {
  const end = performance.now() + seconds * 1_000;
  const more = (): void => {
    if (performance.now() >= end || wasClosed) {
      setTimeout(finish, 2_000);
      return;
    }
    for (let n = 0; n < step && socket.bufferedAmount < bufferedBytes; n += 1) {
      sent += 1;
      const key = `f${sent}`;
      const command = { type: "publish", id: 2, room, client_message_id: key, text: key };
      socket.send(JSON.stringify(command));
    }
    setImmediate(more);
  };
  more();
}

function finish(): void {
  isDone = true;
  socket.close();
  parentPort?.postMessage({ sent, stored, refused, wasClosed } satisfies Flooded);
}
