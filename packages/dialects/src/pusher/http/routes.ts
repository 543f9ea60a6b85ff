/** Pusher's HTTP API as routes: a signed request in, commands and questions out. The server checks the signature and mounts them. */
import { createHash } from "node:crypto";
import {
  connectionQuestions,
  type FleetAnswers,
  type Identity,
  mayBeTriedAgain,
  type Node,
  type Occupancy,
  occupancyQuestions,
  publishEverywhere,
  readConnectionCount,
  readOccupants,
  readOccupied,
} from "@parlance/core";
import {
  type ClientMessageId,
  fields,
  type Json,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import { channelOfRoom, kindOfChannel } from "../channel.ts";
import { eventOfFrame } from "../content.ts";
import {
  bad,
  type ChannelInfo,
  readBatch,
  readChannel,
  readInfo,
  readTrigger,
  roomOf,
  type Trigger,
} from "./read.ts";

/** What the routes need of the server. */
export interface PusherDoors {
  readonly node: Pick<Node, "execute" | "askAll" | "spend">;
}

/** A request whose signature was good. */
export interface SignedCall {
  /** The back end, as its secret shows it. */
  readonly identity: Identity;
  /** The same for the very same request only. */
  readonly signature: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export interface PusherRoute {
  readonly method: "GET" | "POST";
  /** Below `/apps/:app`, with parameters as `:name`. */
  readonly path: string;
  /** What is answered with 200; a failure is thrown as a ProtocolError. */
  handle(call: SignedCall): Promise<object>;
}

/** Other nodes are waited for so long. */
const askMs = 2_000;
const retryAfterMs = 1_000;
/** Events that are looked through for the last one of a cache channel. */
const lookedThrough = 20;

/** Of those whose connections are counted. */
const dialectName = "pusher";

/** What is told of one channel. */
interface ChannelFacts {
  user_count?: number;
  subscription_count?: number;
}

/** All of them. */
export function pusherRoutes(doors: PusherDoors): readonly PusherRoute[] {
  const { node } = doors;

  /* Security: a count that leaves a node out is none. */
  async function ask(question: string, detail: Json): Promise<FleetAnswers> {
    const asked = await node.askAll(question, detail, { timeoutMs: askMs });
    if (asked.silent.length === 0) return asked;
    throw new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
  }

  async function occupied(
    wanted: readonly RoomId[] | string,
  ): Promise<ReadonlyMap<RoomId, Occupancy>> {
    return readOccupied(await ask(occupancyQuestions.rooms, wanted));
  }

  async function publish(call: SignedCall, triggers: readonly Trigger[]): Promise<void> {
    const refused: ProtocolError[] = [];
    for (const [index, { rooms, content }] of triggers.entries()) {
      const key = keyOf(call.signature, index);
      const results = await publishEverywhere(
        node,
        call.identity,
        { rooms, ...content },
        key,
        "http",
      );
      refused.push(...results.flatMap((result) => ("error" in result ? [result.error] : [])));
    }
    // What may succeed later is worth the same request again: what is stored already stays stored once.
    const told = refused.find(mayBeTriedAgain) ?? refused[0];
    if (told !== undefined) throw told;
  }

  /** What `info` of a trigger asks for. */
  async function factsAfter(
    triggers: readonly Trigger[],
  ): Promise<(channel: string, info: ReadonlySet<ChannelInfo>) => ChannelFacts> {
    const asking = triggers.filter(({ info }) => info.size > 0);
    const rooms = asking.flatMap((trigger) => trigger.rooms);
    const found = rooms.length === 0 ? new Map<RoomId, Occupancy>() : await occupied(rooms);
    return (channel, info) => factsOf(channel, info, found.get(roomOf(channel)));
  }

  return [
    {
      method: "POST",
      path: "/events",
      async handle(call) {
        const trigger = readTrigger(call.body);
        await publish(call, [trigger]);
        const { channels, info } = trigger;
        if (info.size === 0) return {};
        const facts = await factsAfter([trigger]);
        return { channels: Object.fromEntries(channels.map((name) => [name, facts(name, info)])) };
      },
    },
    {
      method: "POST",
      path: "/batch_events",
      async handle(call) {
        const triggers = readBatch(call.body);
        await publish(call, triggers);
        if (triggers.every(({ info }) => info.size === 0)) return {};
        const facts = await factsAfter(triggers);
        return { batch: triggers.map(({ channels, info }) => facts(channels[0] ?? "", info)) };
      },
    },
    {
      method: "GET",
      path: "/channels",
      async handle({ identity, query }) {
        const prefix = query["filter_by_prefix"] ?? "";
        const info = readInfo(query["info"], ["user_count", "subscription_count"]);
        if (info.has("user_count") && !prefix.startsWith("presence-")) {
          throw bad(
            "user_count is of presence channels: filter_by_prefix must begin with presence-",
          );
        }
        await node.spend(identity, "reads");
        const channels: Record<string, ChannelFacts> = {};
        for (const occupancy of (await occupied(plainPrefix(prefix))).values()) {
          const name = channelOfRoom(occupancy.room);
          // Inboxes are channels that nobody subscribes by name.
          if (name?.startsWith(prefix) !== true || kindOfChannel(name).access === "user") continue;
          channels[name] = factsOf(name, info, occupancy);
        }
        return { channels };
      },
    },
    {
      method: "GET",
      path: "/channels/:channel",
      async handle({ identity, params, query }) {
        const channel = readChannel(params["channel"]);
        const info = readInfo(query["info"], ["user_count", "subscription_count", "cache"]);
        const kind = kindOfChannel(channel);
        if (info.has("user_count") && kind.access !== "presence") {
          throw bad("user_count is of presence channels");
        }
        if (info.has("cache") && !kind.isCache) throw bad("cache is of cache channels");
        await node.spend(identity, "reads");
        const room = roomOf(channel);
        const found = (await occupied([room])).get(room);
        const cached = info.has("cache") ? await lastIn(doors, identity, room) : undefined;
        return {
          occupied: found !== undefined,
          ...factsOf(channel, info, found),
          ...(cached === undefined ? {} : { cache: { data: cached } }),
        };
      },
    },
    {
      method: "GET",
      path: "/channels/:channel/users",
      async handle({ identity, params }) {
        const channel = readChannel(params["channel"]);
        if (kindOfChannel(channel).access !== "presence") {
          throw bad("users are of presence channels");
        }
        await node.spend(identity, "reads");
        const users = readOccupants(await ask(occupancyQuestions.people, roomOf(channel)));
        return { users: users.map((id) => ({ id })) };
      },
    },
    {
      // Reverb's.
      method: "GET",
      path: "/connections",
      async handle({ identity }) {
        await node.spend(identity, "reads");
        const asked = await ask(occupancyQuestions.connections, dialectName);
        return { connections: readConnectionCount(asked) };
      },
    },
    {
      method: "POST",
      path: "/users/:user/terminate_connections",
      async handle({ identity, params }) {
        const user = fields.userId.safeParse(params["user"]);
        if (!user.success) throw bad("not the id of a user");
        await node.spend(identity, "writes");
        await ask(connectionQuestions.endUser, user.data);
        return {};
      },
    },
  ];
}

/* The request's bytes are its signature's, so the same request again is found by this. */
function keyOf(signature: string, index: number): ClientMessageId {
  const hash = createHash("sha256").update(`${signature}.${index}`).digest("base64url");
  return `pusher.${hash}` as ClientMessageId;
}

/** A prefix of names that is one of ids too; else everything is looked through. */
function plainPrefix(prefix: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(prefix) ? prefix : "";
}

function factsOf(
  channel: string,
  info: ReadonlySet<ChannelInfo>,
  occupancy: Pick<Occupancy, "subscriptions" | "users"> = { subscriptions: 0, users: 0 },
): ChannelFacts {
  const facts: ChannelFacts = {};
  if (info.has("user_count") && kindOfChannel(channel).access === "presence") {
    facts.user_count = occupancy.users;
  }
  if (info.has("subscription_count")) facts.subscription_count = occupancy.subscriptions;
  return facts;
}

/** The data of the last event of a channel; undefined where there is none. */
async function lastIn(
  { node }: PusherDoors,
  identity: Identity,
  room: RoomId,
): Promise<string | undefined> {
  try {
    const page = await node.execute<"history">(identity, {
      type: "history",
      id: 0,
      room,
      limit: lookedThrough,
    });
    return page.events.toReversed().flatMap((frame) => eventOfFrame(frame) ?? [])[0]?.data;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === "not_found") return undefined;
    throw error;
  }
}
