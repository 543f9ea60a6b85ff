/**
 * Requests of one HTTP connection, one after the other. Node begins all that it reads at once: who writes hundreds
 * without waiting for an answer would have hundreds in one turn of the event loop, and everybody else would wait for
 * them. RFC 9112 §9.3.2 wants it so anyway for methods that are not safe, and browsers never send a second one first.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Requests that may wait on one connection; whoever sends more is cut. Programs that pipeline send some tens. Node cannot
 * be kept from reading on, and each request that waits costs an error with a stack when its connection ends.
 */
const maxWaiting = 100;

type Exchange = readonly [IncomingMessage, ServerResponse];

/** @param listener Called with a request when the answers before it are through. */
export function oneAtATime(listener: RequestListener): RequestListener {
  /** What waits behind the request under way; absent where there is none. */
  const lines = new WeakMap<Socket, Exchange[]>();

  const begin = (socket: Socket, waiting: Exchange[], [request, response]: Exchange): void => {
    response.once("close", () => {
      if (waiting.length === 0 || socket.destroyed) lines.delete(socket);
      // In a turn of its own, so that others have theirs in between.
      else setImmediate(goOn, socket, waiting);
    });
    listener(request, response);
  };
  const goOn = (socket: Socket, waiting: Exchange[]): void => {
    const next = waiting.shift();
    if (next === undefined || socket.destroyed) lines.delete(socket);
    else begin(socket, waiting, next);
  };

  return (request, response) => {
    const { socket } = request;
    const waiting = lines.get(socket);
    if (waiting === undefined) {
      const behind: Exchange[] = [];
      lines.set(socket, behind);
      begin(socket, behind, [request, response]);
    } else if (waiting.length < maxWaiting) waiting.push([request, response]);
    else socket.destroy();
  };
}
