import { type Identity, isClaimOf } from "@parlance/core";
import {
  type EventId,
  limits,
  type MessageView,
  type Principal,
  ProtocolError,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import { claimedUser, isMembers, member, noId, roomOf, textOf, wireId } from "../json/frame.ts";
import type { RestRequest, RestRoute } from "../json/rest.ts";
import { inOrder, isThere } from "./encode.ts";
import type { SymfonyDoors } from "./rest.ts";
import { mustBeKnown } from "./rest-users.ts";

/** Messages in `recent` where the query does not say. */
const defaultRecent = 20;

/** Reads what anybody signed in may read: who asks for no more than that on a trusted network need not say who it is. */
const nobody: Identity = {
  user: "anonymous:rest" as UserId,
  name: "Anonymous",
  kind: "guest",
  principal: "anonymous:rest" as Principal,
  isAnonymous: true,
  onTrustedNetwork: true,
};

const cameBy = (address: string): Required<Identity>["cameBy"] => ({
  dialect: "symfony-chat",
  address,
});

/** Messages: writing, reading, deleting, counting (SC-08). */
export function messageRoutes(doors: SymfonyDoors): readonly RestRoute[] {
  const { node, authenticator } = doors;

  function reader(request: RestRequest): Identity {
    mustBeKnown(request);
    return request.identity ?? { ...nobody, cameBy: cameBy(request.address) };
  }

  async function asClaimed(user: string | number, address: string): Promise<Identity> {
    const identity = await authenticator.authenticate({
      vouched: { user, by: "network" },
      of: "accounts",
      address,
    });
    return { ...identity, onTrustedNetwork: true, cameBy: cameBy(address) };
  }

  /* Security: `sender_id` may say who writes only where the network is trusted; elsewhere it may repeat it. */
  async function sender(request: RestRequest, claimed: unknown): Promise<Identity> {
    const { identity, address } = request;
    if (identity === undefined) {
      mustBeKnown(request);
      return asClaimed(claimedUser(claimed, "sender_id"), address);
    }
    if (claimed !== undefined && !isClaimOf(identity, claimedUser(claimed, "sender_id"))) {
      throw new ProtocolError("forbidden", { field: "sender_id" });
    }
    return identity;
  }

  async function list(request: RestRequest, otherwise: number): Promise<object> {
    const identity = reader(request);
    const before = request.query["before"];
    const { messages } = await node.execute<"list_messages">(identity, {
      type: "list_messages",
      id: noId,
      room: roomOf(request.params["roomId"], "room_id"),
      limit: limitIn(request.query["limit"], otherwise),
      // Its clients know no threads: whatever is written is a message to them.
      with_threads: true,
      ...(before === undefined ? {} : { before: sequenceIn(before) }),
    });
    return inOrder(messages).map(view);
  }

  async function messageOf(request: RestRequest, identity: Identity): Promise<MessageView> {
    const message = await node.execute<"get_message">(identity, {
      type: "get_message",
      id: noId,
      message_id: (request.params["id"] ?? "") as EventId,
    });
    if (!isThere(message)) throw new ProtocolError("not_found");
    return message;
  }

  return [
    {
      method: "POST",
      path: "/api/messages",
      async handle(request) {
        const body = isMembers(request.body) ? request.body : {};
        const room: RoomId = roomOf(member(body, "room_id"), "room_id");
        const text = textOf(member(body, "content"), "content");
        const identity = await sender(request, member(body, "sender_id"));
        const published = await node.execute<"publish">(identity, {
          type: "publish",
          id: noId,
          room,
          client_message_id: doors.newMessageId(),
          text,
        });
        return {
          status: 201,
          body: {
            id: published.message_id,
            content: text,
            sender_id: wireId(identity.user, identity.number),
            room_id: room,
            created_at: published.time,
          },
        };
      },
    },
    {
      method: "GET",
      path: "/api/messages/room/:roomId",
      handle: async (request) => ({ status: 200, body: await list(request, limits.pageEvents) }),
    },
    {
      method: "GET",
      path: "/api/messages/room/:roomId/recent",
      handle: async (request) => ({ status: 200, body: await list(request, defaultRecent) }),
    },
    {
      method: "GET",
      path: "/api/messages/:id",
      handle: async (request) => ({
        status: 200,
        body: view(await messageOf(request, reader(request))),
      }),
    },
    {
      method: "DELETE",
      path: "/api/messages/:id",
      async handle(request) {
        const { room, id, author } = await messageOf(request, reader(request));
        // Where anybody may be anybody, whoever deletes without a name is the author.
        const identity = request.identity ?? (await asClaimed(author, request.address));
        await node.execute<"delete_message">(identity, {
          type: "delete_message",
          id: noId,
          room,
          message_id: id,
        });
        return { status: 204 };
      },
    },
    {
      method: "GET",
      path: "/api/messages/stats/room/:roomId",
      async handle(request) {
        const stats = await node.execute<"room_stats">(reader(request), {
          type: "room_stats",
          id: noId,
          room: roomOf(request.params["roomId"], "room_id"),
        });
        const { room, message_count, user_count, first_message_at, last_message_at } = stats;
        return {
          status: 200,
          body: {
            room_id: room,
            message_count,
            user_count,
            first_message_at: first_message_at ?? null,
            last_message_at: last_message_at ?? null,
          },
        };
      },
    },
  ];
}

function view(message: MessageView): object {
  return {
    id: message.id,
    number: message.number,
    content: message.text,
    sender_id: wireId(message.author, message.author_number),
    username: message.author_name,
    room_id: message.room,
    created_at: message.time,
    ...(message.edited_at === undefined ? {} : { edited_at: message.edited_at }),
  };
}

/** @throws ProtocolError `bad_request` for what is no whole number; more than a page is a page. */
function limitIn(given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (!/^[1-9]\d{0,14}$/.test(given)) throw new ProtocolError("bad_request", { field: "limit" });
  return Math.min(Number(given), limits.pageEvents);
}

function sequenceIn(given: string): number {
  if (!/^\d{1,15}$/.test(given)) throw new ProtocolError("bad_request", { field: "before" });
  return Number(given);
}
