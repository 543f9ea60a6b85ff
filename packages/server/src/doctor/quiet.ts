/** How long the proxy keeps a connection on which nobody says anything. */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "../config/types.ts";
import { signLocalToken } from "../local-token.ts";
import { attention, broken, type Finding, fine, wordOf } from "./finding.ts";
import { maskedText, timeoutMs, upgrade } from "./public-line.ts";

/** Later than a heartbeat is due. */
const graceMs = 5_000;
const tokenLifeSeconds = 60;

/**
 * Signs in through the proxy and is quiet for two heartbeats, so that at least one whole pause between two pings passes. Only for
 * an address whose certificate proves who it is: a token goes there.
 */
export async function examineQuiet(config: Config, url: URL): Promise<Finding> {
  const about = "proxy";
  const holdMs = 2 * config.heartbeat_ms + graceMs;
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  try {
    const upgraded = await upgrade(new URL("/ws", url));
    if (!("socket" in upgraded)) throw new Error(`${upgraded.status}`);
    const { socket } = upgraded;
    const token = await signLocalToken(config, {
      user: "service:parlance-doctor",
      ttlSeconds: tokenLifeSeconds + Math.ceil(holdMs / 1_000),
      scopes: ["read"],
    });
    const answered = once(socket, "data", { signal: AbortSignal.timeout(timeoutMs) });
    socket.write(maskedText(JSON.stringify({ type: "sign_in", id: 1, token })));
    const [answer] = (await answered) as [Buffer];
    if (!answer.includes("connection_id")) throw new Error("refused");
    const beganAt = performance.now();
    // Pings are answered, with an empty pong: the server would let go of one who is silent.
    socket.on("data", (chunk: Buffer) => {
      if (chunk[0] === 0x89) socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    });
    const over = new AbortController();
    const isCut = await Promise.race([
      once(socket, "close", { signal: over.signal }).then(() => true),
      pause(holdMs, false, { signal: over.signal }),
    ]).finally(() => {
      over.abort();
      socket.destroy();
    });
    const lastedMs = performance.now() - beganAt;
    return isCut
      ? broken(
          about,
          `A quiet connection was cut after ${seconds(lastedMs)}; the server says something every ${seconds(config.heartbeat_ms)}.`,
          "Give the proxy longer for idle connections, and WebSockets above all, or set PARLANCE_HEARTBEAT_MS lower: docs/operations/proxies.md.",
        )
      : fine(about, `A quiet connection stays open (${seconds(holdMs)}, two heartbeats).`);
  } catch (error) {
    return attention(
      about,
      `A quiet connection was not checked: ${wordOf(error)}.`,
      "parlance logs",
    );
  }
}
