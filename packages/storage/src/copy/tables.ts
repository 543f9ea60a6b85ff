/**
 * What is copied between engines: every table with its columns under the names of the client-server engines. What can
 * be made from these again is not copied: the hash of a message's key, rows of terms, folded e-mails and logins, owners of files, the
 * counters of numbers and of the control log; who is present, who has a lease and how much anybody may still ask for is of the moment.
 */
import {
  type ColumnTypes,
  documentPartColumns,
  documentStateColumns,
  draftColumns,
  mentionColumns,
  pinColumns,
  pollEndColumns,
  pollVoteColumns,
  savedColumns,
  scheduledColumns,
  slashColumns,
  type TableName,
  threadColumns,
  threadMessageColumns,
  threadPersonColumns,
} from "../client-server/tables.ts";

/** A table that is copied. */
export type CopyTableName = Exclude<
  TableName,
  | "meta"
  | "message_terms"
  | "logins"
  | "file_owners"
  | "presence"
  | "nodes"
  | "leases"
  | "rate_buckets"
  | "webhook_nodes"
  | "webhook_present"
>;

export interface CopyTable {
  readonly name: CopyTableName;
  readonly columns: ColumnTypes;
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[];
}

const tables: Readonly<Record<CopyTableName, Omit<CopyTable, "name">>> = {
  rooms: {
    key: ["room"],
    columns: {
      room: "text",
      kind: "text",
      title: "text",
      epoch_part: "text",
      head: "integer",
      floor: "integer",
      floor_hash: "bytes",
      head_hash: "bytes",
      revision: "integer",
      countable: "integer",
      created_at: "integer",
      settings: "text",
      listed: "integer",
      terms: "text",
    },
  },
  events: {
    key: ["room", "sequence"],
    columns: {
      room: "text",
      sequence: "integer",
      id: "text",
      type: "text",
      author: "text",
      principal: "text",
      device: "text",
      client_message_id: "text",
      time: "integer",
      payload: "text",
      erased_at: "integer",
      nonce: "bytes",
      commitment: "bytes",
      hash: "bytes",
      payload_hash: "bytes",
      countable: "integer",
    },
  },
  messages: {
    key: ["number"],
    columns: {
      number: "integer",
      id: "text",
      room: "text",
      sequence: "integer",
      author: "text",
      terms: "text",
      shown_sequence: "integer",
      deleted_at: "integer",
      time: "integer",
    },
  },
  edits: { key: ["message_id", "sequence"], columns: { message_id: "text", sequence: "integer" } },
  reactions: {
    key: ["message_id", "emoji", "user_id"],
    columns: {
      message_id: "text",
      emoji: "text",
      user_id: "text",
      room: "text",
      sequence: "integer",
    },
  },
  open_messages: {
    key: ["message_id"],
    columns: {
      message_id: "text",
      room: "text",
      principal: "text",
      length: "integer",
      touched_at: "integer",
    },
  },
  open_texts: {
    key: ["message_id", "begin_at"],
    columns: { message_id: "text", begin_at: "integer", end_at: "integer", text: "text" },
  },
  room_authors: {
    key: ["room", "author"],
    columns: { room: "text", author: "text", messages: "integer" },
  },
  threads: { key: ["root"], columns: threadColumns },
  thread_messages: { key: ["root", "sequence"], columns: threadMessageColumns },
  thread_people: { key: ["root", "person"], columns: threadPersonColumns },
  mentions: { key: ["room", "person", "sequence"], columns: mentionColumns },
  pins: { key: ["message_id"], columns: pinColumns },
  poll_votes: { key: ["message_id", "voter", "choice"], columns: pollVoteColumns },
  poll_ends: { key: ["message_id"], columns: pollEndColumns },
  slash_commands: { key: ["name"], columns: slashColumns },
  document_states: { key: ["room", "sequence"], columns: documentStateColumns },
  document_parts: { key: ["room", "sequence", "part"], columns: documentPartColumns },
  saved_messages: { key: ["person", "message_id"], columns: savedColumns },
  drafts: { key: ["person", "room", "root"], columns: draftColumns },
  scheduled: { key: ["person", "client_message_id"], columns: scheduledColumns },
  members: {
    key: ["room", "user_id"],
    columns: {
      room: "text",
      user_id: "text",
      name: "text",
      role: "text",
      joined_sequence: "integer",
    },
  },
  read_marks: {
    key: ["room", "user_id"],
    columns: {
      room: "text",
      user_id: "text",
      public_sequence: "integer",
      private_sequence: "integer",
      private_countable: "integer",
    },
  },
  bans: {
    key: ["room", "user_id"],
    columns: {
      room: "text",
      user_id: "text",
      name: "text",
      made_by: "text",
      sequence: "integer",
      time: "integer",
      reason: "text",
    },
  },
  invites: {
    key: ["id"],
    columns: {
      id: "text",
      room: "text",
      role: "text",
      uses_left: "integer",
      expires_at: "integer",
      made_by: "text",
      sequence: "integer",
    },
  },
  join_requests: {
    key: ["room", "user_id"],
    columns: {
      room: "text",
      user_id: "text",
      name: "text",
      note: "text",
      sequence: "integer",
      asked_at: "integer",
      refused_at: "integer",
    },
  },
  preferences: {
    key: ["person", "room"],
    columns: { person: "text", room: "text", value: "text" },
  },
  users: {
    key: ["number"],
    columns: {
      number: "integer",
      id: "text",
      kind: "text",
      name: "text",
      username: "text",
      username_folded: "text",
      email: "text",
      password_hash: "text",
      disabled: "integer",
      status: "text",
      status_at: "integer",
      created_at: "integer",
      is_admin: "integer",
      profile: "text",
      seen_at: "integer",
    },
  },
  pictures: {
    key: ["id"],
    columns: { id: "text", person: "text", media_type: "text", data: "text" },
  },
  sessions: {
    key: ["id"],
    columns: {
      id: "text",
      user_id: "text",
      secret_hash: "text",
      device: "text",
      created_at: "integer",
      expires_at: "integer",
    },
  },
  used_tokens: { key: ["token_hash"], columns: { token_hash: "bytes", expires_at: "integer" } },
  api_keys: {
    key: ["id"],
    columns: {
      id: "text",
      name: "text",
      principal: "text",
      secret_hash: "text",
      scopes: "text",
      created_at: "integer",
      revoked: "integer",
    },
  },
  key_limits: { key: ["id"], columns: { id: "text", rooms: "text", bot: "integer" } },
  webhooks: {
    key: ["id"],
    columns: {
      id: "text",
      name: "text",
      url: "text",
      secret: "text",
      events: "text",
      rooms: "text",
      paused_because: "text",
      last_number: "integer",
      created_at: "integer",
      last_success_at: "integer",
      last_error: "text",
      last_error_at: "integer",
    },
  },
  webhook_places: {
    key: ["webhook", "room"],
    columns: {
      webhook: "text",
      room: "text",
      epoch: "text",
      place: "integer",
      failing_since: "integer",
    },
  },
  webhook_deliveries: {
    key: ["webhook", "number"],
    columns: {
      webhook: "text",
      number: "integer",
      room: "text",
      event_id: "text",
      type: "text",
      epoch: "text",
      place: "integer",
      body: "text",
      queued_at: "integer",
      dead_at: "integer",
      reason: "text",
    },
  },
  webhook_told: {
    key: ["webhook", "room", "person"],
    columns: { webhook: "text", room: "text", person: "text", name: "text" },
  },
  control_log: {
    key: ["sequence"],
    columns: { sequence: "integer", time: "integer", fact: "text" },
  },
  places: {
    key: ["user_id", "device", "room"],
    columns: {
      user_id: "text",
      device: "text",
      room: "text",
      epoch: "text",
      last_sequence: "integer",
      saved_at: "integer",
    },
  },
  files: {
    key: ["id"],
    columns: {
      id: "text",
      room: "text",
      sequence: "integer",
      owner: "text",
      name: "text",
      bytes: "integer",
      media_type: "text",
      sha256: "text",
      state: "text",
      created_at: "integer",
    },
  },
  outbox: {
    key: ["number"],
    columns: {
      number: "integer",
      publication: "text",
      idempotency_key: "text",
      service: "text",
      created_at: "integer",
      refused_at: "integer",
      reason: "text",
    },
  },
};

/** All of them, in the order in which they are copied. */
export const copyTables: readonly CopyTable[] = Object.entries(tables).map(([name, table]) => ({
  name: name as CopyTableName,
  ...table,
}));

/** One of them. */
export function copyTable(name: CopyTableName): CopyTable {
  return { name, ...tables[name] };
}
