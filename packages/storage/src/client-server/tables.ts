/** The columns of rows that are written many at a time. */

export type ColumnType = "text" | "integer" | "bytes";
export type ColumnTypes = Readonly<Record<string, ColumnType>>;

/** Without the install's prefix. */
export type TableName =
  | "rooms"
  | "events"
  | "messages"
  | "message_terms"
  | "edits"
  | "reactions"
  | "open_messages"
  | "open_texts"
  | "room_authors"
  | "threads"
  | "thread_messages"
  | "thread_people"
  | "mentions"
  | "pins"
  | "poll_ends"
  | "poll_votes"
  | "saved_messages"
  | "slash_commands"
  | "document_states"
  | "document_parts"
  | "drafts"
  | "scheduled"
  | "members"
  | "read_marks"
  | "bans"
  | "invites"
  | "join_requests"
  | "preferences"
  | "pictures"
  | "users"
  | "logins"
  | "sessions"
  | "used_tokens"
  | "api_keys"
  | "control_log"
  | "places"
  | "presence"
  | "nodes"
  | "leases"
  | "rate_buckets"
  | "outbox"
  | "files"
  | "file_owners"
  | "webhooks"
  | "webhook_places"
  | "webhook_deliveries"
  | "webhook_nodes"
  | "webhook_present"
  | "webhook_told"
  | "key_limits"
  | "meta";

export const newRoomColumns: ColumnTypes = {
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
  listed: "integer",
  terms: "text",
};

export const banColumns: ColumnTypes = {
  room: "text",
  user_id: "text",
  name: "text",
  made_by: "text",
  sequence: "integer",
  time: "integer",
  reason: "text",
};

export const joinRequestColumns: ColumnTypes = {
  room: "text",
  user_id: "text",
  name: "text",
  note: "text",
  sequence: "integer",
  asked_at: "integer",
  refused_at: "integer",
};

export const roomStateColumns: ColumnTypes = {
  room: "text",
  head: "integer",
  head_hash: "bytes",
  revision: "integer",
  countable: "integer",
};

export const eventColumns: ColumnTypes = {
  room: "text",
  sequence: "integer",
  id: "text",
  type: "text",
  author: "text",
  principal: "text",
  device: "text",
  client_message_id: "text",
  key_hash: "bytes",
  time: "integer",
  payload: "text",
  nonce: "bytes",
  commitment: "bytes",
  hash: "bytes",
  payload_hash: "bytes",
  countable: "integer",
};

export const messageColumns: ColumnTypes = {
  id: "text",
  room: "text",
  sequence: "integer",
  author: "text",
  terms: "text",
  shown_sequence: "integer",
  time: "integer",
};

export const openTextColumns: ColumnTypes = {
  message_id: "text",
  begin_at: "integer",
  end_at: "integer",
  text: "text",
};

export const roomAuthorColumns: ColumnTypes = {
  room: "text",
  author: "text",
  messages: "integer",
};

export const threadColumns: ColumnTypes = {
  root: "text",
  room: "text",
  messages: "integer",
  last_sequence: "integer",
  last_number: "integer",
  last_at: "integer",
};

export const threadMessageColumns: ColumnTypes = {
  root: "text",
  sequence: "integer",
  message_id: "text",
  running: "integer",
};

export const threadPersonColumns: ColumnTypes = {
  root: "text",
  person: "text",
  room: "text",
  wrote_sequence: "integer",
  follows: "integer",
  mark_sequence: "integer",
  mark_running: "integer",
};

export const mentionColumns: ColumnTypes = {
  room: "text",
  person: "text",
  sequence: "integer",
  message_id: "text",
  number: "integer",
  root: "text",
};

export const pinColumns: ColumnTypes = {
  message_id: "text",
  room: "text",
  sequence: "integer",
  pinned_by: "text",
  pinned_at: "integer",
};

export const savedColumns: ColumnTypes = {
  person: "text",
  message_id: "text",
  number: "integer",
  room: "text",
};

export const draftColumns: ColumnTypes = {
  person: "text",
  room: "text",
  root: "text",
  text: "text",
  reply_to: "text",
  edited_at: "integer",
};

export const scheduledColumns: ColumnTypes = {
  person: "text",
  client_message_id: "text",
  room: "text",
  due_at: "integer",
  content: "text",
  author: "text",
  state: "text",
  reason: "text",
};

export const pollVoteColumns: ColumnTypes = {
  message_id: "text",
  voter: "text",
  choice: "integer",
  room: "text",
  person: "text",
  sequence: "integer",
};

export const pollEndColumns: ColumnTypes = {
  message_id: "text",
  room: "text",
  sequence: "integer",
};

export const slashColumns: ColumnTypes = {
  name: "text",
  owner: "text",
  author: "text",
  author_name: "text",
  description: "text",
  usage_text: "text",
  rooms: "text",
};

export const documentStateColumns: ColumnTypes = {
  room: "text",
  sequence: "integer",
  time: "integer",
  bytes: "integer",
  name: "text",
  author: "text",
  author_name: "text",
  erased: "integer",
};

export const documentPartColumns: ColumnTypes = {
  room: "text",
  sequence: "integer",
  part: "integer",
  data: "text",
};

export const markColumns: ColumnTypes = {
  room: "text",
  user_id: "text",
  public_sequence: "integer",
  private_sequence: "integer",
  private_countable: "integer",
};

export const placeColumns: ColumnTypes = {
  user_id: "text",
  device: "text",
  room: "text",
  epoch: "text",
  last_sequence: "integer",
  saved_at: "integer",
};

export const nodeColumns: ColumnTypes = {
  id: "text",
  url: "text",
  host: "text",
  version: "text",
  connections: "integer",
  started_at: "integer",
  heard_at: "integer",
  life_ms: "integer",
};

export const presenceColumns: ColumnTypes = {
  node: "text",
  room: "text",
  users: "text",
  is_cut_off: "integer",
  is_closing: "integer",
  place: "integer",
  put_at: "integer",
};

export const leaseColumns: ColumnTypes = {
  name: "text",
  holder: "text",
  taken_at: "integer",
  life_ms: "integer",
};

export const rateBucketColumns: ColumnTypes = {
  name: "text",
  level: "integer",
  filled_at: "integer",
  held: "text",
  full_at: "integer",
};

export const loginColumns: ColumnTypes = { login: "text", user_id: "text" };

export const tokenColumns: ColumnTypes = {
  token_hash: "bytes",
  expires_at: "integer",
};

export const ownerColumns: ColumnTypes = { owner: "text" };

export const userColumns: ColumnTypes = {
  id: "text",
  kind: "text",
  name: "text",
  username: "text",
  email: "text",
  password_hash: "text",
  created_at: "integer",
};

export const metaColumns: ColumnTypes = { name: "text", value: "bytes" };
