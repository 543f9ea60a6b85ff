/**
 * The door that listens to `PUBLISH`. Redis keeps nothing there: what is published while no node listens, or while the connection
 * is being made anew, is lost, and nothing tells. Who needs more takes a stream (`streams.ts`).
 */
import type { Door } from "../door.ts";
import { type ListeningOptions, openListeningDoor } from "../line/listening.ts";
import { aborted } from "../line/waiting.ts";
import { connectRedis } from "./connect.ts";
import { regExpOfGlob } from "./glob.ts";

export interface RedisChannelsOptions extends ListeningOptions {
  /** Names of channels. */
  readonly channels?: readonly string[];
  /** Patterns as `PSUBSCRIBE` has them. What several match is published once. */
  readonly patterns?: readonly string[];
}

/** @returns once it listens, at the latest after two seconds. It goes on trying by itself. */
export function openRedisChannels(options: RedisChannelsOptions): Promise<Door> {
  const { channels = [], patterns = [] } = options;
  return openListeningDoor("redis-channels", options, async (shift, hear) => {
    const client = await connectRedis(options.url, shift);
    for (const channel of channels) {
      await client.subscribe(channel, (bytes) => hear(bytes, channel), true);
    }
    for (const [index, pattern] of patterns.entries()) {
      const before = patterns.slice(0, index).map(regExpOfGlob);
      // Redis sends a message once for each subscription that it matches.
      const isFirst = (channel: string): boolean =>
        !channels.includes(channel) && !before.some((other) => other.test(channel));
      const hearFirst = (bytes: Buffer, of: Buffer): void => {
        const channel = of.toString();
        if (isFirst(channel)) hear(bytes, channel);
      };
      await client.pSubscribe(pattern, hearFirst, true);
    }
    shift.opened({ ping: () => client.ping(), close: () => client.close() });
    await aborted(shift.ending);
  });
}
