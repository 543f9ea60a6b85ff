import type { Socket } from "node:net";

/**
 * Bytes that were written to a socket and not yet sent.
 *
 * The stream counts a write as unsent until all of it is sent; the handle knows how much of it has gone. A
 * slow peer's progress shows only there. Both are Node's internals, so they are asked, not relied on.
 */
export function unsentBytesOf(socket: Socket): number {
  const queued = socket.writableLength;
  if (queued === 0) return 0;
  const { _writableState, _handle } = socket as Socket & {
    readonly _writableState?: { readonly writelen?: number };
    readonly _handle?: { readonly writeQueueSize?: number } | null;
  };
  const inFlight = _writableState?.writelen ?? 0;
  const left = _handle?.writeQueueSize ?? inFlight;
  return queued - Math.max(0, inFlight - left);
}
