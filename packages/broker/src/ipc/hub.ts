/** The hub of one machine's nodes: hands each message to everybody else who listens to its subject. */
import { chmodSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { FrameReader, kinds, writeFrame } from "./frames.ts";

/** A node that reads so slowly is let go; it comes back and repairs its rooms from the log. */
const maxWaitingBytes = 33_554_432;

/** A hub that runs. */
export interface IpcHub {
  close(): Promise<void>;
}

/**
 * Opens a hub on a Unix domain socket that only this user can reach. What a dead process left at the path is taken away.
 *
 * @throws the system's error, `EADDRINUSE` if another hub is alive there.
 */
export async function createIpcHub(path: string): Promise<IpcHub> {
  const listeners = new Map<string, Set<Socket>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, listeners);
    socket.once("close", () => sockets.delete(socket));
  });
  try {
    await listen(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || (await answers(path)))
      throw error;
    unlinkSync(path);
    await listen(server, path);
  }
  /* Security: who can write to this socket can tell every node what it likes. */
  chmodSync(path, 0o600);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serve(socket: Socket, listeners: Map<string, Set<Socket>>): void {
  const own = new Set<string>();
  const reader = new FrameReader();
  const leave = (subject: string): void => {
    own.delete(subject);
    const others = listeners.get(subject);
    others?.delete(socket);
    if (others?.size === 0) listeners.delete(subject);
  };
  const write = (to: Socket, frame: Buffer): void => {
    to.write(frame);
    if (to.writableLength > maxWaitingBytes) to.destroy();
  };
  socket.on("error", () => {});
  socket.once("close", () => {
    for (const subject of own) leave(subject);
  });
  socket.on("data", (chunk) => {
    try {
      for (const { kind, subject, bytes } of reader.read(chunk)) {
        if (kind === kinds.message) {
          const frame = writeFrame(kind, subject, bytes);
          for (const to of listeners.get(subject) ?? []) if (to !== socket) write(to, frame);
        } else if (kind === kinds.unlisten) leave(subject);
        else {
          if (kind === kinds.listen) {
            own.add(subject);
            const others = listeners.get(subject);
            if (others === undefined) listeners.set(subject, new Set([socket]));
            else others.add(socket);
          }
          write(socket, writeFrame(kind, subject));
        }
      }
    } catch {
      socket.destroy();
    }
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
