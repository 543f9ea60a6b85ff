/** Which commands count against which rates. */
import type { RoomKind } from "@parlance/protocol";
import type { Task } from "../ports/index.ts";

/**
 * A bound on what somebody may ask for. Of the rules that are for a command every one has to let it pass, so one for a dialect or
 * a kind of room only makes others narrower.
 */
export interface RateRule {
  /**
   * Who shares the bucket: one user over all connections, one back end (its API key, or the service of a door), one IPv4
   * address or IPv6 /64, or one connection.
   */
  readonly per: "user" | "key" | "network" | "connection";
  readonly of: RateCost;
  /** Only what comes by this dialect; `rest` is HTTP, `door` the doors of back ends. */
  readonly dialect?: string;
  /** Only what is for rooms of this kind. */
  readonly kind?: RoomKind;
  /** Tokens that flow in each second, above 0. */
  readonly perSecond: number;
  /** What may be done at once after a pause, at least 1. */
  readonly burst: number;
}

/**
 * `writes` end in a commit of the log, `reads` make the database look something up, or move a read mark. Other commands cost
 * neither.
 */
export type RateCost = "writes" | "reads";

/** Of every task. Undefined: only the connection's own rate counts it; of somebody without one it is a read. */
const costs: Readonly<Record<Task["type"], RateCost | undefined>> = {
  publish: "writes",
  publish_as: "writes",
  // Costs the application, not the log.
  rpc: "writes",
  edit_message: "writes",
  delete_message: "writes",
  react: "writes",
  close_message: "writes",
  cancel_message: "writes",
  edit_document: "writes",
  update_document: "writes",
  sync_document: "reads",
  list_document_versions: "reads",
  name_document_version: "writes",
  get_document_version: "reads",
  restore_document: "writes",
  create_room: "writes",
  join: "writes",
  leave: "writes",
  add_member: "writes",
  remove_member: "writes",
  start_call: "writes",
  answer_call: "writes",
  end_call: "writes",
  begin_upload: "writes",
  finish_upload: "writes",
  delete_file: "writes",
  open_direct: "writes",
  update_room: "writes",
  set_role: "writes",
  ban_member: "writes",
  unban_member: "writes",
  create_invite: "writes",
  revoke_invite: "writes",
  accept_invite: "writes",
  ask_to_join: "writes",
  answer_join_request: "writes",
  list_bans: "reads",
  list_invites: "reads",
  get_invite: "reads",
  list_directory: "reads",
  list_join_requests: "reads",
  set_preferences: "writes",
  set_room_preferences: "writes",
  get_preferences: "reads",
  mark_unread: "reads",
  seen_by: "reads",
  get_profile: "reads",
  list_people: "reads",
  set_profile: "writes",
  set_picture: "writes",
  mark_read: "reads",
  history: "reads",
  proof: "reads",
  get_message: "reads",
  get_text: "reads",
  list_messages: "reads",
  list_versions: "reads",
  pin_message: "writes",
  list_pins: "reads",
  vote: "writes",
  close_poll: "writes",
  tell_only_you: "writes",
  register_command: "writes",
  remove_command: "writes",
  list_commands: "reads",
  run_command: "writes",
  save_message: "reads",
  list_saved: "reads",
  forward_message: "writes",
  save_draft: "reads",
  list_drafts: "reads",
  schedule_message: "writes",
  cancel_scheduled: "reads",
  list_scheduled: "reads",
  list_mentions: "reads",
  list_thread: "reads",
  list_threads: "reads",
  follow_thread: "reads",
  mark_thread_read: "reads",
  room_stats: "reads",
  search: "reads",
  get_room: "reads",
  list_rooms: "reads",
  list_members: "reads",
  get_file: "reads",
  list_files: "reads",
  // Bounded by the connection's rate, by how many subscriptions it may have, and by admission.
  subscribe: undefined,
  subscribe_kept: undefined,
  subscribe_signed: undefined,
  // By a rate of its own.
  whisper: undefined,
  resume: undefined,
  unsubscribe: undefined,
  // By a rate of each open message; what came in a moment is one commit.
  append_text: undefined,
  // By the number of uploads of a user and their bytes.
  upload_piece: undefined,
  typing: undefined,
  cursor: undefined,
  set_awareness: undefined,
  list_awareness: undefined,
  presence: undefined,
  set_idle: undefined,
  signal_call: undefined,
  ping: undefined,
  // By attempts (`identity`).
  sign_in: undefined,
  refresh: undefined,
  enter: undefined,
};

export function costOf(type: Task["type"]): RateCost | undefined {
  return costs[type];
}

/** Names a rule's buckets: the same on every node, whatever else is configured. */
export function labelOf({ per, of, dialect, kind }: RateRule): string {
  return `${per}/${of}/${dialect ?? ""}/${kind ?? ""}`;
}

/**
 * What holds where the operator says nothing. A user may write as much over all connections as over one, and read four times
 * that, as the devices that one has come back at the same time; a network is worth twenty users. Nothing where connections
 * are not limited either.
 */
export function presetRates(perSecond: number, burst: number): readonly RateRule[] {
  if (perSecond === 0) return [];
  return (["user", "network"] as const).flatMap((per) =>
    (["writes", "reads"] as const).map((of): RateRule => {
      const times = (per === "user" ? 1 : usersOfNetwork) * (of === "writes" ? 1 : readsOfWrite);
      return { per, of, perSecond: perSecond * times, burst: Math.max(1, burst) * times };
    }),
  );
}

const usersOfNetwork = 20;
const readsOfWrite = 4;
