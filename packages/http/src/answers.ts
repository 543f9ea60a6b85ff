/** Schemas of answers. They document and test what is sent; sending does not check them again. */
import { replySchemas, wireErrorSchema, wireUserSchema } from "@parlance/protocol";
import { z } from "zod";

const time = z.iso.datetime();

export const user: z.ZodType = wireUserSchema.meta({ id: "User" });

/** After signing in: the bearer token, told once. */
export const signedIn: z.ZodType = z
  .object({ user, token: z.string(), session_id: z.string(), expires_at: time })
  .meta({ id: "SignedIn" });

export const me: z.ZodType = z
  .object({
    user,
    session_id: z.string().exactOptional(),
    scopes: z.array(z.string()).exactOptional(),
    expires_at: time.exactOptional(),
  })
  .meta({ id: "Me" });

/* Answers of commands are the same as over a socket. */
export const room: z.ZodType = replySchemas.create_room.meta({ id: "Room" });
export const roomList: z.ZodType = replySchemas.list_rooms.meta({ id: "RoomList" });
export const memberList: z.ZodType = replySchemas.list_members.meta({ id: "MemberList" });
export const roomUpdated: z.ZodType = replySchemas.update_room.meta({ id: "RoomUpdated" });
export const banList: z.ZodType = replySchemas.list_bans.meta({ id: "BanList" });
export const inviteMade: z.ZodType = replySchemas.create_invite.meta({ id: "InviteMade" });
export const inviteList: z.ZodType = replySchemas.list_invites.meta({ id: "InviteList" });
export const invitePreview: z.ZodType = replySchemas.get_invite.meta({ id: "InvitePreview" });
export const directoryPage: z.ZodType = replySchemas.list_directory.meta({ id: "DirectoryPage" });
export const joinAsked: z.ZodType = replySchemas.ask_to_join.meta({ id: "JoinAsked" });
export const joinRequestList: z.ZodType = replySchemas.list_join_requests.meta({
  id: "JoinRequestList",
});
export const allPreferences: z.ZodType = replySchemas.get_preferences.meta({ id: "Preferences" });
export const preferencesSet: z.ZodType = replySchemas.set_preferences.meta({
  id: "PreferencesSet",
});
export const roomPreferencesSet: z.ZodType = replySchemas.set_room_preferences.meta({
  id: "RoomPreferencesSet",
});
export const profileShown: z.ZodType = replySchemas.get_profile.meta({ id: "ProfileShown" });
export const profileSet: z.ZodType = replySchemas.set_profile.meta({ id: "ProfileSet" });
export const peopleList: z.ZodType = replySchemas.list_people.meta({ id: "PeopleList" });
export const seenBy: z.ZodType = replySchemas.seen_by.meta({ id: "SeenBy" });
export const membershipChanged: z.ZodType = replySchemas.join.meta({ id: "MembershipChanged" });
export const published: z.ZodType = replySchemas.publish.meta({ id: "Published" });
const publishedIn = z.union([
  replySchemas.publish,
  z.object({ room: z.string(), error: wireErrorSchema }),
]);
export const publishedEverywhere: z.ZodType = z
  .object({ idempotency_key: z.string(), results: z.array(publishedIn) })
  .meta({ id: "PublishedEverywhere" });
/** 200: a repeat of one publication, or the answers to many in their order. */
export const publishedBatch: z.ZodType = z.union([
  publishedEverywhere,
  z.object({
    results: z.array(z.union([publishedEverywhere, z.object({ error: wireErrorSchema })])),
  }),
]);
export const historyPage: z.ZodType = replySchemas.history.meta({ id: "HistoryPage" });
export const messageChanged: z.ZodType = replySchemas.edit_message.meta({ id: "MessageChanged" });
export const textAppended: z.ZodType = replySchemas.append_text.meta({ id: "TextAppended" });
export const textPage: z.ZodType = replySchemas.get_text.meta({ id: "TextPage" });
export const reacted: z.ZodType = replySchemas.react.meta({ id: "Reacted" });
export const message: z.ZodType = replySchemas.get_message.meta({ id: "Message" });
export const messageList: z.ZodType = replySchemas.list_messages.meta({ id: "MessageList" });
export const importResults: z.ZodType = z
  .object({
    results: z.array(
      z.object({
        outcome: z.enum(["imported", "repeated", "refused"]),
        sequence: z.int().exactOptional(),
        why: z.string().exactOptional(),
      }),
    ),
  })
  .meta({ id: "ImportResults" });
export const searchResult: z.ZodType = replySchemas.search.meta({ id: "SearchResult" });
export const roomStats: z.ZodType = replySchemas.room_stats.meta({ id: "RoomStats" });
export const markedRead: z.ZodType = replySchemas.mark_read.meta({ id: "MarkedRead" });
export const rpcAnswer: z.ZodType = replySchemas.rpc.meta({ id: "RpcAnswer" });
export const fileList: z.ZodType = replySchemas.list_files.meta({ id: "FileList" });
export const fileContent: z.ZodType = z.string().meta({ format: "binary" }).describe("The bytes.");

export const key: z.ZodType = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    rooms: z.array(z.string()).exactOptional(),
    bot: z.literal(true).exactOptional(),
    created_at: time,
    revoked: z.boolean(),
  })
  .meta({ id: "Key" });

/** The only answer that has a key's token. */
export const newKey: z.ZodType = z.object({ key, token: z.string() }).meta({ id: "NewKeyAnswer" });
export const keyList: z.ZodType = z.object({ keys: z.array(key) }).meta({ id: "KeyList" });

export const nodeList: z.ZodType = z
  .object({
    nodes: z.array(
      z.object({
        id: z.string(),
        url: z.string(),
        host: z.string(),
        version: z.string(),
        connections: z.int(),
        started_at: time,
        heard_ms: z.int(),
      }),
    ),
  })
  .meta({ id: "NodeList" });
export const connectionList: z.ZodType = z
  .object({
    counts: z
      .object({
        connections: z.int(),
        rooms: z.int(),
        subscriptions: z.int(),
        lagging: z.int(),
        outbox_bytes: z.int(),
      })
      .describe("Of the nodes that answered, whatever was asked for."),
    total: z.int().describe("How many connections match, listed or not."),
    connections: z.array(
      z.object({
        connection_id: z.string(),
        node: z.string(),
        number: z.int().min(1),
        dialect: z.string(),
        transport: z.string(),
        address: z.string(),
        user: z.string().exactOptional(),
        name: z.string().exactOptional(),
        shown_as: z.string().exactOptional(),
        connected_ms: z.int(),
        heard_ms: z.int(),
        connected_at: time,
        last_heard_at: time,
        unsent_bytes: z.int(),
        lagging: z.boolean(),
        rooms: z.int(),
      }),
    ),
    silent: z.array(z.string()).describe("Nodes that live and did not answer in time."),
    next: z.string().exactOptional().describe("What `after` has to be for the rest."),
  })
  .meta({ id: "ConnectionList" });

const roomSummary = z
  .object({
    room: z.string(),
    kind: z.string(),
    title: z.string(),
    head: z.int(),
    floor: z.int(),
    messages: z.int(),
    members: z.int(),
    online: z.int(),
    last_at: time.exactOptional(),
  })
  .meta({ id: "RoomSummary" });

/** `next` may come with an empty page: so many rooms were looked at, and none matched. */
export const roomSummaries: z.ZodType = z
  .object({
    rooms: z.array(roomSummary),
    silent: z.array(z.string()).describe("Nodes that live and did not answer in time."),
    next: z.string().exactOptional(),
  })
  .meta({ id: "RoomSummaries" });

const userRecord = z
  .object({
    id: z.string(),
    number: z.int(),
    kind: z.enum(["account", "guest", "external", "service"]),
    name: z.string(),
    username: z.string().exactOptional(),
    email: z.string().exactOptional(),
    disabled: z.boolean(),
    admin: z.boolean(),
    status: z.string().exactOptional(),
    created_at: time,
  })
  .meta({ id: "UserRecord" });

/** `next`: what to give as `after` for the next page; absent at the end. */
export const userList: z.ZodType = z
  .object({ users: z.array(userRecord), next: z.int().exactOptional() })
  .meta({ id: "UserList" });

const numbers = z.record(z.string(), z.number());
const overviewOfNode = z
  .object({
    node: z.string(),
    url: z.string(),
    host: z.string(),
    version: z.string(),
    worker: z.int().exactOptional(),
    started_at: time,
    draining: z.boolean(),
    database: z.string(),
    broker: z.string(),
    now: numbers.describe("As `points`, of this moment; without rates."),
    connections: numbers.describe("By dialect."),
    errors: numbers.describe("By code, since the start."),
    doors: z.array(
      z.object({
        door: z.string(),
        open: z.boolean(),
        under_way: z.int(),
        published: z.int(),
        refused: z.int(),
      }),
    ),
    hooks: z
      .array(
        z.object({
          hook: z.string(),
          down: z.boolean().describe("The last five questions or more were not answered."),
          paused: z.boolean().describe("Nobody is asked for the moment."),
          under_way: z.int(),
          answered: z.int(),
          refused: z.int(),
          silent: z.int(),
          unasked: z.int().describe("While it was paused."),
        }),
      )
      .exactOptional()
      .describe("What the application was asked, since the start."),
    webhooks: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          paused_because: z.string().exactOptional(),
          lag: z.int().exactOptional().describe("Events that wait; absent while it is paused."),
          oldest_ms: z.int().exactOptional().describe("How long the oldest has waited."),
          dead: z.int().exactOptional().describe("Given up."),
          events: z.int().describe("Taken, since the start."),
          failed: z.int().describe("Requests that were not taken, since the start."),
        }),
      )
      .exactOptional()
      .describe("Told by the node that delivers."),
    points: z
      .array(numbers)
      .exactOptional()
      .describe("The last hour, a point for each ten seconds: `at` in milliseconds since 1970."),
  })
  .meta({ id: "NodeOverview" });
export const overview: z.ZodType = z
  .object({ time, nodes: z.array(overviewOfNode), silent: z.array(z.string()) })
  .meta({ id: "Overview" });
export const openRooms: z.ZodType = z
  .object({
    rooms: z.array(
      z.object({
        room: z.string(),
        title: z.string(),
        kind: z.string(),
        last: z.int(),
        subscriptions: z.int(),
        present: z.int(),
        nodes: z.int(),
      }),
    ),
    silent: z.array(z.string()),
  })
  .meta({ id: "OpenRooms" });
const seenAt = z.object({
  node: z.string(),
  remembers_since: time,
  appends: z.array(
    z.object({ via: z.string(), given_at: time, answered_at: time, repeated: z.boolean() }),
  ),
  deliveries: z.array(z.object({ at: time, reached: z.int(), behind: z.int() })),
});
const webhookFate = z.object({
  id: z.string(),
  name: z.string(),
  state: z
    .enum(["delivered", "earlier", "waiting", "dead"])
    .describe("`earlier`: written before the webhook was made; told only if it was replayed."),
  place: z.int().exactOptional().describe("Waiting: the last of the room that was taken."),
  failing_since: time.exactOptional(),
  paused_because: z.string().exactOptional(),
  given_up_at: time.exactOptional(),
  reason: z.string().exactOptional(),
});
export const messageTrace: z.ZodType = z
  .object({
    id: z.string(),
    room: z.string(),
    epoch: z.string(),
    sequence: z.int(),
    head: z.int(),
    author: z.string(),
    principal: z.string(),
    written_at: time.exactOptional(),
    client_message_id: z.string().exactOptional(),
    deleted: z.boolean(),
    later: z.array(z.object({ type: z.string(), sequence: z.int(), author: z.string(), at: time })),
    looked_up_to: z.int().describe("Later events were looked through up to here."),
    read_by: z.array(z.string()),
    members: z.int().describe("As far as they were looked at."),
    webhooks: z
      .array(webhookFate)
      .exactOptional()
      .describe("Those that want it; absent where it is not in the log any more."),
    nodes: z.array(seenAt),
    silent: z.array(z.string()),
  })
  .meta({ id: "MessageTrace" });

export const account: z.ZodType = z.object({ user }).meta({ id: "Account" });

export const health: z.ZodType = z.object({ status: z.literal("ok") }).meta({ id: "Health" });
export const readiness: z.ZodType = z
  .object({
    status: z.enum(["ready", "degraded", "draining", "unavailable"]),
    components: z.record(z.string(), z.enum(["ok", "degraded", "down"])),
    processes: z.object({ number: z.int(), running: z.int(), of: z.int() }).exactOptional(),
  })
  .meta({ id: "Readiness" });

export const move: z.ZodType = z
  .object({
    phase: z.enum([
      "none",
      "refused",
      "preparing",
      "copying",
      "catching_up",
      "switching",
      "done",
      "failed",
      "abandoned",
    ]),
    to: z.string().exactOptional(),
    table: z.string().exactOptional(),
    rows: z.int().exactOptional(),
    total: z.int().exactOptional(),
    changes: z.int().exactOptional(),
    elapsed_ms: z.int().exactOptional(),
    switches: z.int().exactOptional(),
    held_ms: z.int().exactOptional(),
    reason: z.string().exactOptional(),
    counts: z.record(z.string(), z.int()).exactOptional(),
  })
  .meta({ id: "Move" });

export const ticket: z.ZodType = z
  .object({ ticket: z.string(), expires_at: time })
  .meta({ id: "Ticket" });

export const nothing: z.ZodType = z.null().describe("Done.");

export const failure: z.ZodType = z
  .object({ error: wireErrorSchema })
  .describe("Any failure. `code` is for programs, `text` for people.")
  .meta({ id: "Failure" });
