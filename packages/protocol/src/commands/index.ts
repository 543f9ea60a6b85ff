/** All commands of the native dialect: one table from `type` to schema, one type from command to reply. */
import type { z } from "zod";
import * as awareness from "./awareness.ts";
import * as calls from "./calls.ts";
import type { CommandId } from "./command-id.ts";
import * as documents from "./documents.ts";
import * as editing from "./editing.ts";
import * as files from "./files.ts";
import * as invites from "./invites.ts";
import * as joining from "./joining.ts";
import * as keeping from "./keeping.ts";
import * as later from "./later.ts";
import * as mentions from "./mentions.ts";
import * as messages from "./messages.ts";
import * as moderation from "./moderation.ts";
import * as openMessages from "./open-messages.ts";
import * as polls from "./polls.ts";
import * as preferences from "./preferences.ts";
import * as profiles from "./profiles.ts";
import * as reading from "./reading.ts";
import * as roomSettings from "./room-settings.ts";
import * as rooms from "./rooms.ts";
import * as rpc from "./rpc.ts";
import * as search from "./search.ts";
import * as session from "./session.ts";
import * as slash from "./slash.ts";
import * as threads from "./threads.ts";
import * as writing from "./writing.ts";

/** What each command is answered with. */
export interface Replies {
  sign_in: session.SignedIn;
  refresh: session.Refreshed;
  ping: Record<string, never>;
  subscribe: reading.Subscribed;
  resume: reading.Resumed;
  unsubscribe: Record<string, never>;
  history: reading.HistoryPage;
  proof: reading.ProofResult;
  publish: writing.Published;
  mark_read: writing.MarkedRead;
  typing: Record<string, never>;
  create_room: rooms.RoomView;
  get_room: rooms.RoomView;
  list_rooms: rooms.RoomList;
  join: rooms.MembershipChanged;
  leave: rooms.MembershipChanged;
  add_member: rooms.MembershipChanged;
  remove_member: rooms.MembershipChanged;
  list_members: rooms.MemberList;
  presence: rooms.PresenceList;
  edit_message: messages.MessageChanged;
  delete_message: messages.MessageChanged;
  react: messages.Reacted;
  get_message: messages.MessageView;
  list_messages: messages.MessageList;
  list_versions: keeping.VersionList;
  pin_message: keeping.Pinned;
  list_pins: keeping.PinList;
  vote: polls.Voted;
  close_poll: polls.PollClosed;
  tell_only_you: slash.OnlyYou;
  register_command: slash.SlashCommand;
  remove_command: Record<string, never>;
  list_commands: slash.CommandList;
  run_command: slash.CommandRun;
  save_message: keeping.SavedMessage;
  list_saved: keeping.SavedList;
  forward_message: writing.Published;
  save_draft: later.Draft;
  list_drafts: later.DraftList;
  schedule_message: later.ScheduledMessage;
  cancel_scheduled: later.ScheduledMessage;
  list_scheduled: later.ScheduledList;
  list_mentions: mentions.MentionList;
  list_thread: threads.ThreadPage;
  list_threads: threads.ThreadList;
  follow_thread: threads.ThreadStanding;
  mark_thread_read: threads.ThreadStanding;
  append_text: openMessages.TextAppended;
  close_message: messages.MessageChanged;
  cancel_message: messages.MessageChanged;
  get_text: openMessages.TextPage;
  room_stats: messages.RoomStatistics;
  search: search.SearchResult;
  edit_document: editing.DocumentEdited;
  sync_document: documents.DocumentSynced;
  update_document: documents.DocumentUpdated;
  list_document_versions: documents.DocumentVersionList;
  name_document_version: documents.DocumentVersionNamed;
  get_document_version: documents.DocumentVersionText;
  restore_document: documents.DocumentUpdated;
  cursor: Record<string, never>;
  set_awareness: awareness.AwarenessSet;
  list_awareness: awareness.AwarenessList;
  start_call: calls.CallStarted;
  answer_call: calls.CallChanged;
  end_call: calls.CallChanged;
  signal_call: Record<string, never>;
  begin_upload: files.UploadBegun;
  upload_piece: files.PieceTaken;
  finish_upload: files.UploadFinished;
  get_file: files.FileView;
  list_files: files.FileList;
  delete_file: files.FileDeleted;
  open_direct: rooms.RoomView;
  update_room: roomSettings.RoomUpdated;
  set_role: rooms.MembershipChanged;
  ban_member: rooms.MembershipChanged;
  unban_member: rooms.MembershipChanged;
  list_bans: moderation.BanList;
  create_invite: invites.InviteMade;
  list_invites: invites.InviteList;
  revoke_invite: rooms.MembershipChanged;
  get_invite: invites.InvitePreview;
  accept_invite: rooms.RoomView;
  list_directory: joining.DirectoryPage;
  ask_to_join: joining.JoinAsked;
  list_join_requests: joining.JoinRequestList;
  answer_join_request: rooms.MembershipChanged;
  get_preferences: preferences.AllPreferences;
  set_preferences: preferences.PreferencesSet;
  set_room_preferences: preferences.RoomPreferencesView;
  mark_unread: writing.MarkedRead;
  seen_by: preferences.SeenByList;
  get_profile: profiles.ProfileShown;
  set_profile: profiles.ProfileSet;
  set_picture: profiles.ProfileSet;
  set_idle: Record<string, never>;
  list_people: profiles.PeopleList;
  rpc: rpc.RpcAnswer;
}

interface CommandTypes {
  sign_in: session.SignIn;
  refresh: session.Refresh;
  ping: session.Ping;
  subscribe: reading.Subscribe;
  resume: reading.Resume;
  unsubscribe: reading.Unsubscribe;
  history: reading.History;
  proof: reading.Proof;
  publish: writing.Publish;
  mark_read: writing.MarkRead;
  typing: writing.Typing;
  create_room: rooms.CreateRoom;
  get_room: rooms.GetRoom;
  list_rooms: rooms.ListRooms;
  join: rooms.Join;
  leave: rooms.Leave;
  add_member: rooms.AddMember;
  remove_member: rooms.RemoveMember;
  list_members: rooms.ListMembers;
  presence: rooms.Presence;
  edit_message: messages.EditMessage;
  delete_message: messages.DeleteMessage;
  react: messages.React;
  get_message: messages.GetMessage;
  list_messages: messages.ListMessages;
  list_versions: keeping.ListVersions;
  pin_message: keeping.PinMessage;
  list_pins: keeping.ListPins;
  vote: polls.Vote;
  close_poll: polls.ClosePoll;
  tell_only_you: slash.TellOnlyYou;
  register_command: slash.RegisterCommand;
  remove_command: slash.RemoveCommand;
  list_commands: slash.ListCommands;
  run_command: slash.RunCommand;
  save_message: keeping.SaveMessage;
  list_saved: keeping.ListSaved;
  forward_message: keeping.ForwardMessage;
  save_draft: later.SaveDraft;
  list_drafts: later.ListDrafts;
  schedule_message: later.ScheduleMessage;
  cancel_scheduled: later.CancelScheduled;
  list_scheduled: later.ListScheduled;
  list_mentions: mentions.ListMentions;
  list_thread: threads.ListThread;
  list_threads: threads.ListThreads;
  follow_thread: threads.FollowThread;
  mark_thread_read: threads.MarkThreadRead;
  append_text: openMessages.AppendText;
  close_message: openMessages.CloseMessage;
  cancel_message: openMessages.CancelMessage;
  get_text: openMessages.GetText;
  room_stats: messages.RoomStats;
  search: search.SearchMessages;
  edit_document: editing.EditDocument;
  sync_document: documents.SyncDocument;
  update_document: documents.UpdateDocument;
  list_document_versions: documents.ListDocumentVersions;
  name_document_version: documents.NameDocumentVersion;
  get_document_version: documents.GetDocumentVersion;
  restore_document: documents.RestoreDocument;
  cursor: editing.Cursor;
  set_awareness: awareness.SetAwareness;
  list_awareness: awareness.ListAwareness;
  start_call: calls.StartCall;
  answer_call: calls.AnswerCall;
  end_call: calls.EndCall;
  signal_call: calls.SignalCall;
  begin_upload: files.BeginUpload;
  upload_piece: files.UploadPiece;
  finish_upload: files.FinishUpload;
  get_file: files.GetFile;
  list_files: files.ListFiles;
  delete_file: files.DeleteFile;
  open_direct: roomSettings.OpenDirect;
  update_room: roomSettings.UpdateRoom;
  set_role: roomSettings.SetRole;
  ban_member: moderation.BanMember;
  unban_member: moderation.UnbanMember;
  list_bans: moderation.ListBans;
  create_invite: invites.CreateInvite;
  list_invites: invites.ListInvites;
  revoke_invite: invites.RevokeInvite;
  get_invite: invites.GetInvite;
  accept_invite: invites.AcceptInvite;
  list_directory: joining.ListDirectory;
  ask_to_join: joining.AskToJoin;
  list_join_requests: joining.ListJoinRequests;
  answer_join_request: joining.AnswerJoinRequest;
  get_preferences: preferences.GetPreferences;
  set_preferences: preferences.SetPreferences;
  set_room_preferences: preferences.SetRoomPreferences;
  mark_unread: preferences.MarkUnread;
  seen_by: preferences.SeenBy;
  get_profile: profiles.GetProfile;
  set_profile: profiles.SetProfile;
  set_picture: profiles.SetPicture;
  set_idle: profiles.SetIdle;
  list_people: profiles.ListPeople;
  rpc: rpc.Rpc;
}

export type CommandType = keyof CommandTypes;
/** A command of one type, or of any. */
export type Command<T extends CommandType = CommandType> = CommandTypes[T];
/** The reply to a command of one type. */
export type Reply<T extends CommandType = CommandType> = Replies[T];

/** Schema of each command. A plain look-up by name goes through `commandSchema`, which knows no prototype. */
export const commandSchemas: { readonly [T in CommandType]: z.ZodType<CommandTypes[T]> } = {
  sign_in: session.signIn,
  refresh: session.refresh,
  ping: session.ping,
  subscribe: reading.subscribe,
  resume: reading.resume,
  unsubscribe: reading.unsubscribe,
  history: reading.history,
  proof: reading.proof,
  publish: writing.publish,
  mark_read: writing.markRead,
  typing: writing.typing,
  create_room: rooms.createRoom,
  get_room: rooms.getRoom,
  list_rooms: rooms.listRooms,
  join: rooms.join,
  leave: rooms.leave,
  add_member: rooms.addMember,
  remove_member: rooms.removeMember,
  list_members: rooms.listMembers,
  presence: rooms.presence,
  edit_message: messages.editMessage,
  delete_message: messages.deleteMessage,
  react: messages.react,
  get_message: messages.getMessage,
  list_messages: messages.listMessages,
  list_versions: keeping.listVersions,
  pin_message: keeping.pinMessage,
  list_pins: keeping.listPins,
  vote: polls.vote,
  close_poll: polls.closePoll,
  tell_only_you: slash.tellOnlyYou,
  register_command: slash.registerCommand,
  remove_command: slash.removeCommand,
  list_commands: slash.listCommands,
  run_command: slash.runCommand,
  save_message: keeping.saveMessage,
  list_saved: keeping.listSaved,
  forward_message: keeping.forwardMessage,
  save_draft: later.saveDraft,
  list_drafts: later.listDrafts,
  schedule_message: later.scheduleMessage,
  cancel_scheduled: later.cancelScheduled,
  list_scheduled: later.listScheduled,
  list_mentions: mentions.listMentions,
  list_thread: threads.listThread,
  list_threads: threads.listThreads,
  follow_thread: threads.followThread,
  mark_thread_read: threads.markThreadRead,
  append_text: openMessages.appendText,
  close_message: openMessages.closeMessage,
  cancel_message: openMessages.cancelMessage,
  get_text: openMessages.getText,
  room_stats: messages.roomStats,
  search: search.search,
  edit_document: editing.editDocument,
  sync_document: documents.syncDocument,
  update_document: documents.updateDocument,
  list_document_versions: documents.listDocumentVersions,
  name_document_version: documents.nameDocumentVersion,
  get_document_version: documents.getDocumentVersion,
  restore_document: documents.restoreDocument,
  cursor: editing.cursor,
  set_awareness: awareness.setAwareness,
  list_awareness: awareness.listAwareness,
  start_call: calls.startCall,
  answer_call: calls.answerCall,
  end_call: calls.endCall,
  signal_call: calls.signalCall,
  begin_upload: files.beginUpload,
  upload_piece: files.uploadPiece,
  finish_upload: files.finishUpload,
  get_file: files.getFile,
  list_files: files.listFiles,
  delete_file: files.deleteFile,
  open_direct: roomSettings.openDirect,
  update_room: roomSettings.updateRoom,
  set_role: roomSettings.setRole,
  ban_member: moderation.banMember,
  unban_member: moderation.unbanMember,
  list_bans: moderation.listBans,
  create_invite: invites.createInvite,
  list_invites: invites.listInvites,
  revoke_invite: invites.revokeInvite,
  get_invite: invites.getInvite,
  accept_invite: invites.acceptInvite,
  list_directory: joining.listDirectory,
  ask_to_join: joining.askToJoin,
  list_join_requests: joining.listJoinRequests,
  answer_join_request: joining.answerJoinRequest,
  get_preferences: preferences.getPreferences,
  set_preferences: preferences.setPreferences,
  set_room_preferences: preferences.setRoomPreferences,
  mark_unread: preferences.markUnread,
  seen_by: preferences.seenBy,
  get_profile: profiles.getProfile,
  set_profile: profiles.setProfile,
  set_picture: profiles.setPicture,
  set_idle: profiles.setIdle,
  list_people: profiles.listPeople,
  rpc: rpc.rpc,
};

const byType: ReadonlyMap<string, z.ZodType<Command>> = new Map(
  Object.entries(commandSchemas) as [string, z.ZodType<Command>][],
);

/** The schema for a `type`, or undefined. `__proto__`, `constructor` and the like are simply unknown. */
export function commandSchema(type: string): z.ZodType<Command> | undefined {
  return byType.get(type);
}

export type { CommandId };
