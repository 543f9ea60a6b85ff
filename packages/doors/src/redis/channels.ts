/**
 * The door that listens to `PUBLISH`. Redis keeps nothing there: what is published while no node listens, or while the connection
 * is being made anew, is lost, and nothing tells. Who needs more takes a stream (`streams.ts`).
 */
import type { RoomId } from "@parlance/protocol";
import type { Door } from "../door.ts";
import { Backlog } from "../line/backlog.ts";
import { BrokerDoor, type BrokerDoorOptions } from "../line/broker-door.ts";
import { Intake } from "../line/intake.ts";
import { KeptOpen, type Shift } from "../line/keep-open.ts";
import { randomKey } from "../line/keys.ts";
import { readOverheard } from "../line/overheard.ts";
import type { ServiceHost } from "../line/service-url.ts";
import { connectRedis } from "./connect.ts";
import { regExpOfGlob } from "./glob.ts";

export interface RedisChannelsOptions extends BrokerDoorOptions {
  /** Names of channels. */
  readonly channels?: readonly string[];
  /** Patterns as `PSUBSCRIBE` has them. What several match is published once. */
  readonly patterns?: readonly string[];
  /** The room that is meant where a message names no target. Absent: the one that is called like the channel. */
  readonly roomOfChannel?: (channel: string) => RoomId | undefined;
}

const name = "redis-channels";

/**
 * One node at a time listens.
 *
 * @returns once it listens, at the latest after two seconds. It goes on trying by itself.
 */
export async function openRedisChannels(options: RedisChannelsOptions): Promise<Door> {
  const { url, doorway, report, lease } = options;
  const intake = new Intake({ name, doorway, report });
  const backlog = new Backlog({ name, intake, report });
  const line = new KeptOpen<ServiceHost>({
    name,
    addresses: url.hosts,
    report,
    lease,
    needsLease: () => true,
    serve: (shift) => listen(options, backlog, shift),
    // What was heard does not need the connection any more.
    idle: () => Promise.resolve(),
  });
  await line.start();
  return new BrokerDoor(name, { doorway, intake, line, backlog });
}

async function listen(
  options: RedisChannelsOptions,
  backlog: Backlog,
  shift: Shift<ServiceHost>,
): Promise<void> {
  const { channels = [], patterns = [], foreign = [], roomOfChannel } = options;
  const client = await connectRedis(options.url, shift);
  const hear = (bytes: Buffer, channel: string): void => {
    if (!shift.isMine()) return;
    const read = (): ReturnType<typeof readOverheard> =>
      readOverheard(bytes, channel, {
        foreign,
        ...(roomOfChannel === undefined ? {} : { roomOf: roomOfChannel }),
      });
    backlog.add({ read, key: randomKey() }, bytes.length);
  };
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
  await new Promise<void>((resolve) => {
    shift.ending.addEventListener("abort", () => resolve(), { once: true });
    if (shift.ending.aborted) resolve();
  });
}
