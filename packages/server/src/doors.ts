/** Opens the doors that the configuration names: the ways in for back ends beside HTTP. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseBrokerUrl } from "@parlance/broker/url";
import type { Node, Report } from "@parlance/core";
import {
  createDoorway,
  createLease,
  type Door,
  type DoorStatus,
  type Doorway,
  type Lease,
} from "@parlance/doors";
import { openOutboxDoor } from "@parlance/doors/outbox";
import { openSpoolDoor } from "@parlance/doors/spool";
import type { Store } from "@parlance/storage";
import type { Config } from "./config/schema.ts";
import { readMmb, readPortico, readSymfony } from "./foreign-publications.ts";
import { spoolDirectory } from "./spool-directory.ts";

/** What the doors work with. */
export interface DoorParts {
  readonly config: Config;
  readonly node: Pick<Node, "execute">;
  readonly store: Store;
  readonly nodeId: string;
  /** Nobody else serves this install: nothing has to be shared out. */
  readonly isAlone: boolean;
  readonly report: Report;
}

/** All doors of a server. */
export interface Doors {
  status(): Readonly<Record<string, DoorStatus>>;
  /** Files that wait in the spool; undefined without one. Never rejects. */
  spoolFiles(): Promise<number | undefined>;
  /** What is under way is finished; what is not done is found again at the next start. */
  close(): Promise<void>;
}

/** The durable consumer by which a JetStream stream is read. */
export const natsConsumer = "parlance";

/** Of a node that shares with nobody. */
const always: Lease = {
  lifeMs: 60_000,
  take: () => Promise.resolve(true),
  giveBack: () => Promise.resolve(),
};

/** Names the directory of a spool, so that nodes that share one take turns, and nodes that do not, do not. */
const idFile = ".spool-id";

/** Opens them all; a service that is away is tried again. @throws the system's error if the spool that is configured cannot be made. */
export async function openDoors(parts: DoorParts): Promise<Doors> {
  const opened: Door[] = [];
  try {
    for (const open of wanted(parts)) {
      const door = await open();
      if (door !== undefined) opened.push(door);
    }
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
  return {
    status: () => Object.fromEntries(opened.map((door) => [door.name, door.status()])),
    spoolFiles: async () => opened.find(({ name }) => name === "spool")?.waiting?.(),
    close: () => closeAll(opened),
  };
}

async function closeAll(doors: readonly Door[]): Promise<void> {
  await Promise.all(doors.map((door) => door.close()));
}

type Opening = () => Door | Promise<Door | undefined>;

function wanted(parts: DoorParts): readonly Opening[] {
  const { config, store, report } = parts;
  const doorway = (name: string): Doorway =>
    createDoorway({
      node: parts.node,
      name,
      service: config.door_service,
      mayImpersonate: config.door_impersonates,
      report,
    });
  const lease = (name: string): Lease =>
    parts.isAlone ? always : createLease(store.directory, `door:${name}`, parts.nodeId);
  const openings: Opening[] = [];
  if (config.spool) {
    openings.push(async () => {
      const directory = spoolDirectory(config);
      try {
        return await openSpoolDoor({
          directory,
          doorway: doorway("spool"),
          lease: lease(`spool:${await idOf(directory)}`),
          serviceOfKey: (id) => serviceOfKey(store, id),
          report,
        });
      } catch (error) {
        // Nobody asked for it by name: a server that may not write there has none.
        if (config.spool_dir !== undefined) throw error;
        report("warn", "spool_closed", {
          error_code: (error as NodeJS.ErrnoException).code,
          error,
        });
        return undefined;
      }
    });
  }
  if (config.outbox) {
    openings.push(() =>
      openOutboxDoor({
        outbox: () => store.outbox,
        doorway: doorway("outbox"),
        lease: lease("outbox"),
        report,
      }),
    );
  }
  return [...openings, ...brokerDoors(parts, doorway, lease)];
}

function brokerDoors(
  { config, nodeId, report }: DoorParts,
  doorway: (name: string) => Doorway,
  lease: (name: string) => Lease,
): readonly Opening[] {
  const foreign = [readMmb, readPortico(config.portico_notification_room), readSymfony];
  const common = (name: string, url: string) => ({
    url: parseBrokerUrl(url),
    doorway: doorway(name),
    lease: lease(name),
    report,
    foreign,
  });
  const openings: Opening[] = [];
  const { redis_door_url: redis, rabbitmq_door_url: rabbitmq, nats_door_url: nats } = config;
  const { redis_door_channels: channels, redis_door_patterns: patterns } = config;
  if (redis !== undefined && channels.length + patterns.length > 0) {
    openings.push(async () => {
      const { openRedisChannels } = await import("@parlance/doors/redis");
      return openRedisChannels({ ...common("redis-channels", redis), channels, patterns });
    });
  }
  if (redis !== undefined && config.redis_door_streams.length > 0) {
    openings.push(async () => {
      const { openRedisStreams } = await import("@parlance/doors/redis");
      const streams = config.redis_door_streams;
      const named = { streams, group: "parlance", consumer: nodeId };
      return openRedisStreams({ ...common("redis-streams", redis), ...named });
    });
  }
  if (rabbitmq !== undefined) {
    openings.push(async () => {
      const { openRabbitmqDoor } = await import("@parlance/doors/rabbitmq");
      const { rabbitmq_door_exchange: exchange } = config;
      return openRabbitmqDoor({
        ...common("rabbitmq", rabbitmq),
        queue: config.rabbitmq_door_queue,
        routingKey: config.rabbitmq_door_routing_key,
        exchangeType: config.rabbitmq_door_exchange_type,
        ...(exchange === undefined ? {} : { exchange }),
      });
    });
  }
  if (nats !== undefined) {
    openings.push(async () => {
      const { openNatsStream, openNatsSubjects } = await import("@parlance/doors/nats");
      const { nats_door_stream: stream, nats_door_subjects: subjects } = config;
      return stream === undefined
        ? openNatsSubjects({ ...common("nats-subjects", nats), subjects })
        : openNatsStream({
            ...common("nats-stream", nats),
            stream,
            subjects,
            durable: natsConsumer,
          });
    });
  }
  return openings;
}

async function serviceOfKey(store: Store, id: string): Promise<string | undefined> {
  const key = await store.directory.key(id);
  return key === undefined || key.revoked ? undefined : key.name;
}

/** Made by whichever node comes first. */
async function idOf(directory: string): Promise<string> {
  await mkdir(directory, { mode: 0o700, recursive: true });
  const path = join(directory, idFile);
  try {
    await writeFile(path, randomBytes(8).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  for (;;) {
    const id = (await readFile(path, "utf8")).trim();
    if (id !== "") return id;
    // Another node has made it and is about to write.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
