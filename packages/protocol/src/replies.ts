/**
 * Schemas of what the server answers, one for each command. For documents, tests and the REST description;
 * the compiler proves that they are the interfaces beside the commands.
 */
import { z } from "zod";
import type { CallChanged } from "./commands/calls.ts";
import type { DocumentUpdated } from "./commands/documents.ts";
import type { FileView } from "./commands/files.ts";
import type { CommandType, Replies } from "./commands/index.ts";
import { type InviteView, inviteRoles } from "./commands/invites.ts";
import { savedMessage } from "./commands/keeping.ts";
import { draft, scheduledMessage } from "./commands/later.ts";
import { mentions } from "./commands/mentions.ts";
import type { MessageChanged, MessageView } from "./commands/messages.ts";
import { choices, pollView } from "./commands/polls.ts";
import type { PersonView } from "./commands/profiles.ts";
import type { ProofResult, Subscribed } from "./commands/reading.ts";
import type { MembershipChanged, MemberView, RoomView } from "./commands/rooms.ts";
import type { WireUser } from "./commands/session.ts";
import { onlyYou, slashCommand } from "./commands/slash.ts";
import { threadStanding } from "./commands/threads.ts";
import type { MarkedRead, Published } from "./commands/writing.ts";
import type { ErrorCode, WireError } from "./errors.ts";
import { errors } from "./errors.ts";
import { awarenessStateSchema } from "./events/awareness.ts";
import { closedReason } from "./events/durable.ts";
import { eventFrameSchema, eventId } from "./events/frame-schemas.ts";
import {
  callId,
  clock,
  documentClient,
  epoch,
  fileId,
  inviteId,
  longText,
  messageData,
  roomId,
  rpcAnswer,
  sequence,
  sha256,
  token,
  topic,
  userId,
} from "./fields.ts";
import type { SessionId } from "./ids.ts";
import { ownPreferences, roomPreferences } from "./preferences.ts";
import { ownProfile, presenceStates, presentUser, profileFields, shownStatus } from "./profiles.ts";
import { roles, roomKinds } from "./room-kind.ts";
import { roomSettingFields } from "./room-settings.ts";

/** A user as others see them. */
export const wireUserSchema: z.ZodType<WireUser> = z.object({
  id: userId,
  name: z.string(),
  kind: z.enum(["account", "guest", "external", "service"]),
  number: z.int().min(0).exactOptional(),
});

/** An error as it travels. A code that a client has never seen is possible: it goes by `retry`. */
export const wireErrorSchema: z.ZodType<WireError> = z.object({
  code: z.string().meta({ examples: Object.keys(errors) }) as unknown as z.ZodType<ErrorCode>,
  retry: z.enum(["never", "later", "after_auth", "after_resync"]),
  text: z.string(),
  details: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]),
    )
    .exactOptional(),
});

const standing = {
  room: roomId,
  epoch,
  head: sequence,
  floor: sequence,
  kind: z.enum(roomKinds),
  title: z.string(),
  role: z.enum(roles).exactOptional(),
};

const subscribed: z.ZodType<Subscribed> = z.object({
  ...standing,
  offset: sequence,
  present: z.array(presentUser).exactOptional(),
});

const roomView: z.ZodType<RoomView> = z.object({
  ...standing,
  ...roomSettingFields,
  with: z.array(wireUserSchema).exactOptional(),
  read_mark: sequence.exactOptional(),
  unread: z.int().min(0).exactOptional(),
  unread_after: sequence.exactOptional(),
  mentions: z.int().min(1).exactOptional(),
});

const memberView: z.ZodType<MemberView> = z.object({
  user: wireUserSchema,
  role: z.enum(roles),
  read_mark: sequence,
});

const personView: z.ZodType<PersonView> = z.object({
  user: wireUserSchema,
  username: z.string().exactOptional(),
  ...profileFields,
  state: z.enum(presenceStates),
  status: shownStatus.exactOptional(),
  last_seen: z.iso.datetime().exactOptional(),
});

const membershipChanged: z.ZodType<MembershipChanged> = z.object({ room: roomId, epoch, sequence });

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const proofResult: z.ZodType<ProofResult> = z.object({
  room: roomId,
  epoch,
  from: sequence,
  to: sequence,
  hash_before: hash,
  hash_after: hash,
  commitments: z.array(
    z.union([
      z.object({ nonce: z.string().regex(/^[0-9a-f]{32}$/) }),
      z.object({ commitment: hash }),
    ]),
  ),
});

const time = z.iso.datetime();
const repeated = z.boolean().exactOptional();

const messageChanged: z.ZodType<MessageChanged> = z.object({
  room: roomId,
  epoch,
  sequence,
  message_id: eventId,
  time,
  repeated,
});

/** A message as it is now. */
export const messageViewSchema: z.ZodType<MessageView> = z.object({
  id: eventId,
  number: z.int().min(1),
  room: roomId,
  sequence,
  author: userId,
  author_name: z.string(),
  author_number: z.int().min(0).exactOptional(),
  text: z.string(),
  data: messageData.exactOptional(),
  time,
  edited_at: time.exactOptional(),
  deleted: z.literal(true).exactOptional(),
  open: z.literal(true).exactOptional(),
  closed: closedReason.exactOptional(),
  closed_sequence: sequence.exactOptional(),
  reactions: z
    .array(z.object({ emoji: z.string(), count: z.int().min(1), users: z.array(userId) }))
    .exactOptional(),
  forwarded: z
    .object({
      message_id: eventId,
      room: roomId.exactOptional(),
      sequence: sequence.exactOptional(),
      author: userId.exactOptional(),
      author_name: z.string().exactOptional(),
      time: time.exactOptional(),
    })
    .exactOptional(),
  pinned: z.literal(true).exactOptional(),
  poll: pollView.exactOptional(),
  mentions: mentions.exactOptional(),
  thread: eventId.exactOptional(),
  replies: z
    .object({
      count: z.int().min(1),
      last_sequence: sequence,
      last_time: time,
      people: z.array(userId),
    })
    .exactOptional(),
  reply_to: z
    .object({
      message_id: eventId,
      sequence,
      author: userId,
      author_name: z.string(),
      text: z.string(),
      deleted: z.literal(true).exactOptional(),
    })
    .exactOptional(),
  unverified: z.literal(true).exactOptional(),
  name_of_account: z.literal(true).exactOptional(),
  published_by: z.string().exactOptional(),
});

const documentUpdated: z.ZodType<DocumentUpdated> = z.object({
  room: roomId,
  epoch,
  sequence,
  repeated,
});

const documentVersion = {
  version: sequence,
  time,
  bytes: z.int().min(0),
  name: z.string().exactOptional(),
  author: userId.exactOptional(),
  author_name: z.string().exactOptional(),
};

const standingIn = {
  room: roomId,
  thread: eventId,
  following: z.boolean(),
  read_mark: sequence,
  unread: z.int().min(0),
};

const callChanged: z.ZodType<CallChanged> = z.object({
  room: roomId,
  call_id: callId,
  epoch,
  sequence,
  repeated: z.boolean().exactOptional(),
});

const fileView: z.ZodType<FileView> = z.object({
  file_id: fileId,
  room: roomId,
  sequence,
  author: userId,
  name: z.string(),
  bytes: z.int().min(1),
  media_type: z.string(),
  sha256,
  time: z.iso.datetime(),
});

const inviteView: z.ZodType<InviteView> = z.object({
  invite_id: inviteId,
  room: roomId,
  role: z.enum(inviteRoles),
  uses_left: z.int().min(0).exactOptional(),
  expires_at: z.iso.datetime(),
  by: userId,
});

const published: z.ZodType<Published> = z.object({
  room: roomId,
  epoch,
  sequence,
  message_id: eventId,
  time: z.iso.datetime(),
  repeated: z.boolean().exactOptional(),
  rewritten: z.object({ text: z.string(), data: messageData.exactOptional() }).exactOptional(),
});

const markedRead: z.ZodType<MarkedRead> = z.object({
  room: roomId,
  read_mark: sequence,
  unread_after: sequence.exactOptional(),
  unread: z.int().min(0),
});

const nothing: z.ZodType<Record<string, never>> = z.object({});

/** Schema of the `result` of each command's reply. */
export const replySchemas: { readonly [T in CommandType]: z.ZodType<Replies[T]> } = {
  sign_in: z.object({
    version: z.int(),
    user: wireUserSchema,
    connection_id: z.string(),
    session_id: (z.string() as unknown as z.ZodType<SessionId>).exactOptional(),
    token: token.exactOptional(),
    expires_at: z.iso.datetime().exactOptional(),
    heartbeat_ms: z.int(),
    limits: z.object({
      frame_bytes: z.int(),
      text_length: z.int(),
      page_events: z.int(),
      subscriptions: z.int(),
    }),
  }),
  refresh: z.object({ expires_at: z.iso.datetime().exactOptional() }),
  ping: nothing,
  subscribe: subscribed,
  resume: z.object({
    rooms: z.array(z.union([subscribed, z.object({ room: roomId, error: wireErrorSchema })])),
  }),
  unsubscribe: nothing,
  history: z.object({
    room: roomId,
    epoch,
    floor: sequence,
    head: sequence,
    events: z.array(eventFrameSchema),
  }),
  proof: proofResult,
  publish: published,
  mark_read: markedRead,
  typing: nothing,
  create_room: roomView,
  get_room: roomView,
  list_rooms: z.object({ joined: z.array(roomView), discoverable: z.array(roomView) }),
  join: membershipChanged,
  leave: membershipChanged,
  add_member: membershipChanged,
  remove_member: membershipChanged,
  list_members: z.object({ room: roomId, members: z.array(memberView) }),
  presence: z.object({ room: roomId, users: z.array(presentUser) }),
  edit_message: messageChanged,
  delete_message: messageChanged,
  react: z.object({
    room: roomId,
    epoch,
    message_id: eventId,
    emoji: z.string(),
    on: z.boolean(),
    sequence: sequence.exactOptional(),
    repeated,
  }),
  get_message: messageViewSchema,
  list_messages: z.object({
    room: roomId,
    epoch,
    head: sequence,
    messages: z.array(messageViewSchema),
  }),
  list_versions: z.object({
    room: roomId,
    message_id: eventId,
    versions: z.array(
      z.object({
        sequence,
        time,
        text: z.string(),
        data: messageData.exactOptional(),
        mentions: mentions.exactOptional(),
      }),
    ),
  }),
  pin_message: z.object({
    room: roomId,
    epoch,
    message_id: eventId,
    on: z.boolean(),
    sequence: sequence.exactOptional(),
    repeated,
  }),
  list_pins: z.object({
    room: roomId,
    epoch,
    head: sequence,
    pins: z.array(z.object({ message: messageViewSchema, by: userId, time })),
  }),
  vote: z.object({
    room: roomId,
    epoch,
    message_id: eventId,
    choices,
    sequence: sequence.exactOptional(),
  }),
  close_poll: z.object({
    room: roomId,
    epoch,
    message_id: eventId,
    sequence: sequence.exactOptional(),
  }),
  tell_only_you: onlyYou,
  register_command: slashCommand,
  remove_command: nothing,
  list_commands: z.object({ commands: z.array(slashCommand) }),
  run_command: z.object({
    room: roomId,
    name: z.string(),
    only_you: onlyYou.exactOptional(),
    published: published.exactOptional(),
  }),
  save_message: savedMessage,
  list_saved: z.object({
    saved: z.array(messageViewSchema),
    next: z.int().min(1).exactOptional(),
  }),
  forward_message: published,
  save_draft: draft,
  list_drafts: z.object({ drafts: z.array(draft) }),
  schedule_message: scheduledMessage,
  cancel_scheduled: scheduledMessage,
  list_scheduled: z.object({ scheduled: z.array(scheduledMessage) }),
  list_mentions: z.object({
    mentions: z.array(messageViewSchema),
    next: z.int().min(1).exactOptional(),
  }),
  list_thread: z.object({
    ...standingIn,
    epoch,
    head: sequence,
    root: messageViewSchema,
    messages: z.array(messageViewSchema),
  }),
  list_threads: z.object({
    threads: z.array(z.object({ ...standingIn, root: messageViewSchema })),
    next: z.int().min(1).exactOptional(),
  }),
  follow_thread: threadStanding,
  mark_thread_read: threadStanding,
  append_text: z.object({ room: roomId, message_id: eventId, length: z.int().min(0) }),
  close_message: messageChanged,
  cancel_message: messageChanged,
  get_text: z.object({
    room: roomId,
    message_id: eventId,
    from: z.int().min(0),
    text: z.string(),
    length: z.int().min(0),
    open: z.literal(true).exactOptional(),
  }),
  search: z.object({
    hits: z.array(
      z.object({
        message: messageViewSchema,
        room_title: z.string(),
        before: z.array(messageViewSchema).exactOptional(),
        after: z.array(messageViewSchema).exactOptional(),
      }),
    ),
    next: z.string().exactOptional(),
  }),
  room_stats: z.object({
    room: roomId,
    message_count: z.int().min(0),
    user_count: z.int().min(0),
    first_message_at: time.exactOptional(),
    last_message_at: time.exactOptional(),
  }),
  edit_document: z.object({ room: roomId, epoch, sequence, time, repeated }),
  sync_document: z.object({
    room: roomId,
    epoch,
    sequence,
    update: z.string(),
    state_vector: z.string(),
  }),
  update_document: documentUpdated,
  list_document_versions: z.object({ room: roomId, versions: z.array(z.object(documentVersion)) }),
  name_document_version: z.object({ room: roomId, ...documentVersion }),
  get_document_version: z.object({ room: roomId, ...documentVersion, update: z.string() }),
  restore_document: documentUpdated,
  cursor: nothing,
  set_awareness: z.object({
    room: roomId,
    foreign: z.array(documentClient),
    behind: z.array(z.object({ client: documentClient, clock })),
  }),
  list_awareness: z.object({ room: roomId, states: z.array(awarenessStateSchema) }),
  start_call: z.object({
    room: roomId,
    call_id: callId,
    epoch,
    sequence,
    callees: z.array(userId),
  }),
  answer_call: callChanged,
  end_call: callChanged,
  signal_call: nothing,
  begin_upload: z.object({ upload_id: fileId, piece_bytes: z.int() }),
  upload_piece: z.object({ upload_id: fileId, received: z.int().min(1) }),
  finish_upload: z.object({
    room: roomId,
    epoch,
    sequence,
    file: fileView,
    repeated: z.boolean().exactOptional(),
  }),
  get_file: fileView,
  list_files: z.object({ room: roomId, files: z.array(fileView) }),
  delete_file: z.object({ room: roomId, epoch, sequence }),
  open_direct: roomView,
  update_room: z.object({ room: roomId, epoch, sequence, repeated }),
  set_role: membershipChanged,
  ban_member: membershipChanged,
  unban_member: membershipChanged,
  list_bans: z.object({
    room: roomId,
    bans: z.array(
      z.object({ user: wireUserSchema, by: userId, time, reason: topic.exactOptional() }),
    ),
  }),
  create_invite: z.object({ invite: inviteView, token }),
  list_invites: z.object({ room: roomId, invites: z.array(inviteView) }),
  revoke_invite: membershipChanged,
  get_invite: z.object({
    room: roomId,
    kind: z.enum(roomKinds),
    title: z.string(),
    topic: topic.exactOptional(),
    members: z.int().min(0),
    role: z.enum(inviteRoles),
  }),
  accept_invite: roomView,
  list_directory: z.object({
    rooms: z.array(
      z.object({
        room: roomId,
        kind: z.enum(roomKinds),
        title: z.string(),
        topic: topic.exactOptional(),
        archived: z.literal(true).exactOptional(),
        members: z.int().min(0),
        joined: z.boolean(),
        asked: z.literal(true).exactOptional(),
      }),
    ),
    next: z.string().exactOptional(),
  }),
  ask_to_join: z.object({ room: roomId, state: z.enum(["asked", "joined"]) }),
  list_join_requests: z.object({
    room: roomId,
    requests: z.array(z.object({ user: wireUserSchema, text: longText.exactOptional(), time })),
  }),
  answer_join_request: membershipChanged,
  get_preferences: z.object({
    preferences: ownPreferences,
    rooms: z.array(z.object({ room: roomId, preferences: roomPreferences })),
  }),
  set_preferences: z.object({ preferences: ownPreferences }),
  set_room_preferences: z.object({ room: roomId, preferences: roomPreferences }),
  mark_unread: markedRead,
  seen_by: z.object({ room: roomId, message_id: eventId, users: z.array(wireUserSchema) }),
  get_profile: z.object({ person: personView, own: ownProfile.exactOptional() }),
  set_profile: z.object({ own: ownProfile }),
  set_picture: z.object({ own: ownProfile }),
  set_idle: z.object({}),
  list_people: z.object({ room: roomId, people: z.array(personView) }),
  rpc: z.object({ data: rpcAnswer }),
};
