/** From a command's type to the function that does it. One table for connections, one for everybody. */
import { type Command, type CommandType, type Reply } from "@parlance/protocol";
import type { Connection } from "../connection.ts";
import type { ConnectionlessType } from "../gate.ts";
import { type Awaitable, type Outcome, Pipelined } from "../outcome.ts";
import type { CommandTrace, Task } from "../ports/index.ts";
import type { CommandContext, LiveContext, Services } from "../services.ts";
import { listAwareness, setAwareness } from "./awareness.ts";
import { answerCall, endCall, signalCall, startCall } from "./calls.ts";
import { openDirect } from "./direct.ts";
import {
  getDocumentVersion,
  listDocumentVersions,
  nameDocumentVersion,
  restoreDocument,
} from "./document-versions.ts";
import { syncDocument, updateDocument } from "./documents.ts";
import { cursor, editDocument } from "./editing.ts";
import { enter } from "./enter.ts";
import { beginUpload, deleteFile, finishUpload, getFile, listFiles, uploadPiece } from "./files.ts";
import { acceptInvite, createInvite, getInvite, listInvites, revokeInvite } from "./invites.ts";
import { answerJoinRequest, askToJoin, listDirectory, listJoinRequests } from "./joining.ts";
import {
  forwardMessage,
  listPins,
  listSaved,
  listVersions,
  pinMessage,
  saveMessage,
} from "./keeping.ts";
import { cancelScheduled, listDrafts, listScheduled, saveDraft, scheduleMessage } from "./later.ts";
import { contextOf } from "./live-context.ts";
import { addMember, join, leave, removeMember } from "./membership.ts";
import { listMentions } from "./mentions.ts";
import { getMessage, listMessages, roomStats } from "./message-views.ts";
import { deleteMessage, editMessage, react } from "./messages.ts";
import { banMember, listBans, unbanMember } from "./moderation.ts";
import { tellOnlyYou } from "./only-you.ts";
import { appendText, cancelMessage, closeMessage, getText } from "./open-messages.ts";
import { closePoll, vote } from "./polls.ts";
import {
  getPreferences,
  markUnread,
  seenBy,
  setPreferences,
  setRoomPreferences,
} from "./preferences.ts";
import { getProfile, listPeople, setIdle, setPicture, setProfile } from "./profiles.ts";
import { publish } from "./publish.ts";
import { publishAs } from "./publish-as.ts";
import { history, proof } from "./reading.ts";
import { setRole, updateRoom } from "./room-settings.ts";
import { createRoom, getRoom, listMembers, listRooms } from "./rooms.ts";
import { rpc } from "./rpc.ts";
import { search } from "./search.ts";
import { refresh, signIn } from "./session.ts";
import { markRead, presence, typing } from "./signals.ts";
import { listCommands, registerCommand, removeCommand, runCommand } from "./slash.ts";
import { resume, subscribe, unsubscribe } from "./subscribe.ts";
import { subscribeSigned } from "./subscribe-signed.ts";
import { followThread, listThread, listThreads, markThreadRead } from "./threads.ts";
import { whisper } from "./whisper.ts";

type Perform<T extends CommandType, C> = (context: C, command: Command<T>) => Awaitable<Outcome>;

const forEverybody: { readonly [T in ConnectionlessType]: Perform<T, CommandContext> } = {
  history,
  proof,
  publish,
  mark_read: markRead,
  typing,
  create_room: createRoom,
  get_room: getRoom,
  list_rooms: listRooms,
  join,
  leave,
  add_member: addMember,
  remove_member: removeMember,
  list_members: listMembers,
  presence,
  edit_message: editMessage,
  delete_message: deleteMessage,
  react,
  get_message: getMessage,
  list_messages: listMessages,
  list_versions: listVersions,
  pin_message: pinMessage,
  list_pins: listPins,
  vote,
  close_poll: closePoll,
  tell_only_you: tellOnlyYou,
  register_command: registerCommand,
  remove_command: removeCommand,
  list_commands: listCommands,
  run_command: runCommand,
  save_message: saveMessage,
  list_saved: listSaved,
  forward_message: forwardMessage,
  save_draft: saveDraft,
  list_drafts: listDrafts,
  schedule_message: scheduleMessage,
  cancel_scheduled: cancelScheduled,
  list_scheduled: listScheduled,
  list_mentions: listMentions,
  list_thread: listThread,
  list_threads: listThreads,
  follow_thread: followThread,
  mark_thread_read: markThreadRead,
  append_text: appendText,
  close_message: closeMessage,
  cancel_message: cancelMessage,
  get_text: getText,
  room_stats: roomStats,
  search,
  edit_document: editDocument,
  sync_document: syncDocument,
  update_document: updateDocument,
  list_document_versions: listDocumentVersions,
  name_document_version: nameDocumentVersion,
  get_document_version: getDocumentVersion,
  restore_document: restoreDocument,
  cursor,
  list_awareness: listAwareness,
  start_call: startCall,
  answer_call: answerCall,
  end_call: endCall,
  signal_call: signalCall,
  begin_upload: beginUpload,
  upload_piece: uploadPiece,
  finish_upload: finishUpload,
  get_file: getFile,
  list_files: listFiles,
  delete_file: deleteFile,
  get_preferences: getPreferences,
  set_preferences: setPreferences,
  set_room_preferences: setRoomPreferences,
  mark_unread: markUnread,
  seen_by: seenBy,
  get_profile: getProfile,
  set_profile: setProfile,
  set_picture: setPicture,
  list_people: listPeople,
  open_direct: openDirect,
  update_room: updateRoom,
  set_role: setRole,
  ban_member: banMember,
  unban_member: unbanMember,
  list_bans: listBans,
  create_invite: createInvite,
  list_invites: listInvites,
  revoke_invite: revokeInvite,
  get_invite: getInvite,
  accept_invite: acceptInvite,
  list_directory: listDirectory,
  ask_to_join: askToJoin,
  list_join_requests: listJoinRequests,
  answer_join_request: answerJoinRequest,
  rpc,
};

type LiveType = "subscribe" | "resume" | "unsubscribe" | "set_idle" | "set_awareness";

const forConnections: {
  readonly [T in LiveType]: Perform<T, LiveContext>;
} = { subscribe, resume, unsubscribe, set_idle: setIdle, set_awareness: setAwareness };

/** Starts one command of a connection. @throws ProtocolError, StorageError, or rejects with one. */
export function dispatch(
  services: Services,
  connection: Connection,
  command: Task,
  trace: CommandTrace | undefined,
): Awaitable<Outcome> {
  switch (command.type) {
    case "enter":
      return enter(services, connection, command);
    case "publish_as":
      return publishAs(contextOf(services, connection, trace), command);
    case "subscribe_kept": {
      const position = connection.placeIn(command.subscribe.room);
      const from = position === undefined ? {} : { position };
      return subscribe(contextOf(services, connection, trace), { ...command.subscribe, ...from });
    }
    case "subscribe_signed":
      return subscribeSigned(services, connection, command, trace);
    case "whisper":
      return whisper(contextOf(services, connection, trace), command);
    case "ping":
      return {};
    case "sign_in":
      return signIn(services, connection, command);
    case "refresh":
      return refresh(services, connection, command);
    case "subscribe":
    case "resume":
    case "unsubscribe":
    case "set_idle":
    case "set_awareness": {
      const perform = forConnections[command.type] as Perform<typeof command.type, LiveContext>;
      return perform(contextOf(services, connection, trace), command);
    }
    default: {
      const perform = forEverybody[command.type] as Perform<ConnectionlessType, CommandContext>;
      const context = contextOf(services, connection, trace);
      const { asking } = connection;
      if (asking === undefined || !followsMessages.has(command.type)) {
        return perform(context, command);
      }
      return asking.then(() => perform(context, command));
    }
  }
}

/** What the connection said before has to be in the log first, also while the application is asked about it. */
const followsMessages: ReadonlySet<CommandType> = new Set<CommandType>([
  "join",
  "leave",
  "add_member",
  "remove_member",
  "update_room",
  "set_role",
  "ban_member",
  "unban_member",
  "delete_message",
  "close_message",
  "cancel_message",
  "react",
  "pin_message",
  "vote",
  "close_poll",
  "edit_document",
  "update_document",
  "name_document_version",
  "restore_document",
  "start_call",
  "answer_call",
  "end_call",
  "finish_upload",
  "delete_file",
]);

/** Does one command for somebody without a connection. */
export async function perform<T extends ConnectionlessType>(
  context: CommandContext,
  command: Command<T>,
): Promise<Reply<T>> {
  const run = forEverybody[command.type as T] as Perform<T, CommandContext>;
  const outcome = await run(context, command);
  return (outcome instanceof Pipelined ? await outcome.done : outcome) as Reply<T>;
}
