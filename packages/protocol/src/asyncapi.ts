/** The native dialect as an AsyncAPI 3.0 document, seen from the server: it receives commands and sends events. */
import type { CommandType } from "./commands/index.ts";
import { commandTypes, frameSchemas } from "./json-schema.ts";
import type { JsonObject } from "./json-value.ts";
import { limits } from "./limits.ts";
import { protocolVersion, subprotocol } from "./version.ts";

const summaries: Readonly<Record<CommandType, string>> = {
  sign_in: "Says who comes; the first command of a connection.",
  refresh: "Prolongs the identity of an open connection with a newer token.",
  ping: "Asks for a reply and nothing else.",
  subscribe: "Starts live delivery of one room, from its head, from before it, or from a position.",
  resume: "Subscribes to many rooms, each from a position.",
  unsubscribe: "Ends live delivery of one room.",
  history: "Reads a page of a room's log.",
  proof: "Reads what proves that a range of events is complete and unchanged.",
  publish: "Writes one message; idempotent by client_message_id.",
  mark_read: "Moves the caller's read mark.",
  typing: "Says that the caller is writing, or stopped.",
  create_room: "Makes a room.",
  get_room: "Tells about one room, without making it.",
  list_rooms: "Lists the caller's rooms and public ones to discover.",
  join: "Becomes a member of a room.",
  leave: "Stops being a member of a room.",
  add_member: "Brings somebody into a room.",
  remove_member: "Puts somebody out of a room.",
  list_members: "Lists a room's members.",
  presence: "Lists who is in a room now.",
  edit_message: "Replaces the text of the caller's own message.",
  delete_message: "Erases a message and all its versions.",
  react: "Puts a reaction on a message, or takes it off.",
  get_message: "Reads one message as it is now.",
  search: "Finds messages by what they say now.",
  list_messages: "Reads a page of a room's messages as they are now.",
  list_versions: "Reads what a message said, from its first version on.",
  pin_message: "Pins a message to its room, or takes the pin off.",
  list_pins: "Reads the pinned messages of a room.",
  vote: "Chooses in a poll, instead of what was chosen before.",
  close_poll: "Ends a poll.",
  tell_only_you: "Tells one reader of a room something that nobody else sees.",
  register_command: "Offers a slash command to people.",
  remove_command: "Offers a slash command no longer.",
  list_commands: "Reads the slash commands that applications offer in a room.",
  run_command: "Gives a slash command of an application.",
  save_message: "Keeps a message for the caller alone, or does not any more.",
  list_saved: "Reads what the caller saved.",
  forward_message: "Writes what another message says into a room.",
  save_draft: "Keeps what the caller is writing, for all of its devices; the newest wins.",
  list_drafts: "Reads the caller's drafts.",
  schedule_message: "Has a message sent at a time, or changes that.",
  cancel_scheduled: "Takes back what was not sent yet.",
  list_scheduled: "Reads what the caller has waiting to be sent.",
  list_mentions: "Reads messages that mention the caller.",
  list_thread: "Reads a page of the messages under one message, with the caller's standing there.",
  list_threads: "Reads the threads that the caller follows, with what is unread in each.",
  follow_thread: "Follows a thread, or stops following it.",
  mark_thread_read: "Moves the caller's private mark in a thread.",
  append_text: "Appends to an open message; idempotent by position.",
  close_message: "Ends an open message of the caller's own.",
  cancel_message: "Ends an open message before it is done.",
  get_text: "Reads what a message says from a position on.",
  room_stats: "Counts a room's messages and who wrote them.",
  edit_document: "Writes one change of a shared document; idempotent by client_message_id.",
  sync_document: "Reads what the caller lacks of a document.",
  update_document: "Writes to a document.",
  list_document_versions: "Lists what a document said.",
  name_document_version: "Keeps what a document says now, under a name.",
  get_document_version: "Reads what a version of a document says.",
  restore_document: "Makes a document say what a version says.",
  cursor: "Tells the others where the caller's cursor is.",
  set_awareness: "Says what the caller's clients show of themselves in a document.",
  list_awareness: "Reads what everybody's clients show of themselves in a document.",
  start_call: "Rings people of a room.",
  answer_call: "Takes a call.",
  end_call: "Ends a call, or leaves one of several people.",
  signal_call: "Hands an offer, an answer or a candidate to another participant of a call.",
  begin_upload: "Begins to send a file in pieces.",
  upload_piece: "Sends the next piece of a file.",
  finish_upload: "Shares the file that was sent.",
  get_file: "Tells about one shared file.",
  list_files: "Lists the files of a room, newest first.",
  delete_file: "Removes a shared file.",
  open_direct: "Gives the direct room of some people, made where there is none.",
  update_room: "Sets a room's title, topic and how it behaves.",
  set_role: "Gives a member another role.",
  ban_member: "Puts somebody out of a room for good.",
  unban_member: "Lets somebody come back who was banned.",
  list_bans: "Lists who is banned from a room.",
  create_invite: "Makes a link that lets people into a room.",
  list_invites: "Lists the links of a room that are good.",
  revoke_invite: "Makes a link useless.",
  get_invite: "Tells what a link leads to.",
  accept_invite: "Becomes a member by a link.",
  list_directory: "Finds rooms by the beginnings of words.",
  ask_to_join: "Asks to be let into a private room that is listed.",
  list_join_requests: "Lists who waits to be let in.",
  answer_join_request: "Lets somebody in who asked, or does not.",
  get_preferences: "Reads all that the caller prefers.",
  set_preferences: "Sets what the caller prefers everywhere.",
  set_room_preferences: "Sets how the caller wants to see one room.",
  mark_unread: "Makes everything from a place on unread again, for the caller alone.",
  seen_by: "Lists who has read a message, as far as they tell.",
  get_profile: "Tells who somebody is, and whether they are here.",
  set_profile: "Sets what is said of the caller: name, profile, availability, status.",
  set_picture: "Sets the caller's picture, or takes it away.",
  set_idle: "Says whether somebody still uses this connection's window.",
  list_people: "Lists a room's people with their profiles.",
  rpc: "Asks the application behind the server.",
};

const ref = (path: string): JsonObject => ({ $ref: `#/${path}` });
const onChannel = (name: string): JsonObject => ref(`channels/native/messages/${name}`);

function messages(schemas: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.keys(schemas).map((name) => [
      name,
      { name, contentType: "application/json", payload: ref(`components/schemas/${name}`) },
    ]),
  );
}

function commandOperation(type: CommandType): JsonObject {
  return {
    action: "receive",
    channel: ref("channels/native"),
    summary: summaries[type],
    messages: [onChannel(`command.${type}`)],
    reply: {
      channel: ref("channels/native"),
      messages: [onChannel(`reply.${type}`), onChannel("error")],
    },
  };
}

/** The document, ready for `JSON.stringify`. */
export function asyncApiDocument(): JsonObject {
  const { commands, answers, events } = frameSchemas();
  const schemas = { ...commands, ...answers, ...events };
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Parlance native dialect",
      version: `${protocolVersion}`,
      description: `JSON text frames over WebSocket, at most ${limits.frameBytes} bytes each. Sub-protocol ${subprotocol}, optional. Rules: docs/protocol/native.md.`,
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      here: {
        host: "{host}",
        protocol: "wss",
        variables: {
          host: { description: "Where the server listens.", default: "localhost:8080" },
        },
      },
    },
    channels: {
      native: {
        address: "/ws",
        messages: Object.fromEntries(
          Object.keys(schemas).map((name) => [name, ref(`components/messages/${name}`)]),
        ),
        bindings: { ws: { method: "GET" } },
      },
    },
    operations: {
      ...Object.fromEntries(commandTypes.map((type) => [type, commandOperation(type)])),
      events: {
        action: "send",
        channel: ref("channels/native"),
        summary: "Events of subscribed rooms, and notices about the connection.",
        messages: Object.keys(events).map(onChannel),
      },
    },
    components: { schemas, messages: messages(schemas) },
  };
}
