import { NewerSchemaError } from "../sql/newer-schema-error.ts";
import type { Database } from "./database.ts";
import { makeSearchable } from "./search-index.ts";

/**
 * Migrations in order, forward only. Never change one that was released: add the next.
 *
 * What later versions need and cannot add afterwards is here from the start: envelope and erasable payload,
 * commitment, nonce and running hash, revision, floor, epoch, running number of countable events, principal
 * beside author, device, search terms.
 */
const migrations: readonly (string | ((database: Database) => void))[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

  CREATE TABLE rooms (
    room TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    epoch_part TEXT NOT NULL,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    floor_hash BLOB NOT NULL,
    head_hash BLOB NOT NULL,
    revision INTEGER NOT NULL,
    countable INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX rooms_discoverable ON rooms (title, room) WHERE kind IN ('public', 'announcement');

  CREATE TABLE events (
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    author TEXT NOT NULL,
    principal TEXT NOT NULL,
    device TEXT,
    client_message_id TEXT,
    time INTEGER NOT NULL,
    payload TEXT,
    erased_at INTEGER,
    nonce BLOB,
    commitment BLOB NOT NULL,
    hash BLOB NOT NULL,
    payload_hash BLOB NOT NULL,
    countable INTEGER NOT NULL,
    UNIQUE (room, sequence)
  ) STRICT;
  CREATE UNIQUE INDEX events_by_key ON events (room, principal, client_message_id)
    WHERE client_message_id IS NOT NULL;

  CREATE TABLE messages (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    author TEXT NOT NULL,
    terms TEXT NOT NULL
  ) STRICT;

  CREATE TABLE members (
    room TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    joined_sequence INTEGER NOT NULL,
    PRIMARY KEY (room, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX members_by_user ON members (user, room);

  CREATE TABLE read_marks (
    room TEXT NOT NULL,
    user TEXT NOT NULL,
    public_sequence INTEGER NOT NULL,
    private_sequence INTEGER NOT NULL,
    private_countable INTEGER NOT NULL,
    PRIMARY KEY (room, user)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE users (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    username TEXT,
    username_folded TEXT UNIQUE,
    email TEXT,
    email_folded TEXT UNIQUE,
    password_hash TEXT,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    device TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_user ON sessions (user);

  CREATE TABLE used_tokens (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, jti)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX used_tokens_by_expiry ON used_tokens (expires_at);

  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    principal TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE control_log (
    sequence INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    fact TEXT NOT NULL
  ) STRICT;
  `,

  // Messages as they are now, what users say of themselves, and places of devices whose protocol has none.
  `
  ALTER TABLE messages ADD COLUMN shown_sequence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN deleted_at INTEGER;
  UPDATE messages SET shown_sequence = sequence;
  CREATE UNIQUE INDEX messages_by_room ON messages (room, sequence);

  CREATE TABLE edits (
    message_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (message_id, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE reactions (
    message_id TEXT NOT NULL,
    emoji TEXT NOT NULL,
    user TEXT NOT NULL,
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (message_id, emoji, user)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE room_authors (
    room TEXT NOT NULL,
    author TEXT NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (room, author)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO room_authors (room, author, messages)
    SELECT room, author, count(*) FROM messages GROUP BY room, author;

  ALTER TABLE users ADD COLUMN status TEXT;
  ALTER TABLE users ADD COLUMN status_at INTEGER;

  CREATE TABLE places (
    user TEXT NOT NULL,
    device TEXT NOT NULL,
    room TEXT NOT NULL,
    epoch TEXT NOT NULL,
    last_sequence INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (user, device, room)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX places_by_age ON places (saved_at);
  `,

  // Files that were sent, in the order of their lives.
  `
  CREATE TABLE files (
    id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    sequence INTEGER,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    sha256 TEXT,
    state TEXT NOT NULL CHECK (state IN ('uploading', 'shared', 'deleted')),
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX files_by_owner ON files (owner, state, bytes);
  CREATE INDEX files_by_room ON files (room, sequence) WHERE state = 'shared';
  CREATE INDEX files_to_remove ON files (state, created_at) WHERE state <> 'shared';
  `,

  // Leases, and publications that came with a copy of another database. Applications write elsewhere: `outbox-file.ts`.
  `
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    life_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    publication TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    service TEXT,
    created_at INTEGER NOT NULL,
    refused_at INTEGER,
    reason TEXT
  ) STRICT;
  `,

  // Messages that grow, and what is stored of each, in pieces; positions in UTF-16 code units.
  `
  CREATE TABLE open_messages (
    message_id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    principal TEXT NOT NULL,
    length INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_messages_by_room ON open_messages (room);
  CREATE INDEX open_messages_by_principal ON open_messages (principal);
  CREATE INDEX open_messages_by_age ON open_messages (touched_at);

  CREATE TABLE open_texts (
    message_id TEXT NOT NULL,
    begin_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (message_id, begin_at)
  ) STRICT, WITHOUT ROWID;
  `,
  "ALTER TABLE users ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0",
  // Webhooks: where each is in each room's log, what waits beside the logs or was given up, who is where and who was told of it.
  // Keys of bots, and keys for some rooms only.
  `
  CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    events TEXT NOT NULL,
    rooms TEXT NOT NULL,
    paused_because TEXT,
    last_number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_success_at INTEGER,
    last_error TEXT,
    last_error_at INTEGER
  ) STRICT;
  CREATE TABLE webhook_places (
    webhook TEXT NOT NULL,
    room TEXT NOT NULL,
    epoch TEXT NOT NULL,
    place INTEGER NOT NULL,
    failing_since INTEGER,
    PRIMARY KEY (webhook, room)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE webhook_deliveries (
    webhook TEXT NOT NULL,
    number INTEGER NOT NULL,
    room TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    epoch TEXT,
    place INTEGER,
    body TEXT,
    queued_at INTEGER NOT NULL,
    dead_at INTEGER,
    reason TEXT,
    PRIMARY KEY (webhook, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, number) WHERE dead_at IS NULL;
  CREATE TABLE webhook_nodes (node TEXT PRIMARY KEY, heard_at INTEGER NOT NULL, life_ms INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE webhook_present (
    node TEXT NOT NULL,
    room TEXT NOT NULL,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (node, room, person)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX webhook_present_by_room ON webhook_present (room, person);
  CREATE TABLE webhook_told (
    webhook TEXT NOT NULL,
    room TEXT NOT NULL,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (webhook, room, person)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE key_limits (id TEXT PRIMARY KEY, rooms TEXT, bot INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,

  // Threads: what is written under a message, who follows it and how far they have read.
  `
  CREATE TABLE threads (
    root TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    messages INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_number INTEGER NOT NULL,
    last_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE thread_messages (
    root TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    running INTEGER NOT NULL,
    PRIMARY KEY (root, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE thread_people (
    root TEXT NOT NULL,
    person TEXT NOT NULL,
    room TEXT NOT NULL,
    wrote_sequence INTEGER,
    follows INTEGER NOT NULL,
    mark_sequence INTEGER NOT NULL,
    mark_running INTEGER NOT NULL,
    PRIMARY KEY (root, person)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX thread_people_by_user ON thread_people (person, follows, room);
  `,

  // Who is mentioned where; nobody in particular stands for everybody in the room.
  `
  CREATE TABLE mentions (
    room TEXT NOT NULL,
    person TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    root TEXT,
    PRIMARY KEY (room, person, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX mentions_by_person ON mentions (person, number);
  CREATE INDEX mentions_by_message ON mentions (message_id);
  `,

  // What is set in rooms, who is kept out of them, and how people come in.
  `
  ALTER TABLE rooms ADD COLUMN settings TEXT;
  ALTER TABLE rooms ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rooms ADD COLUMN terms TEXT NOT NULL DEFAULT '';
  UPDATE rooms SET listed = kind IN ('public', 'announcement'), terms = ' ' || lower(title);
  CREATE INDEX rooms_listed ON rooms (title, room) WHERE listed = 1;

  CREATE TABLE bans (
    room TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    made_by TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (room, user)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE invites (
    id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    role TEXT NOT NULL,
    uses_left INTEGER,
    expires_at INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    sequence INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX invites_by_room ON invites (room, sequence);

  CREATE TABLE join_requests (
    room TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    note TEXT,
    sequence INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    refused_at INTEGER,
    PRIMARY KEY (room, user)
  ) STRICT, WITHOUT ROWID;
  `,

  // Pinned messages, and what people saved, numbered for each of them.
  `
  CREATE TABLE pins (
    message_id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    pinned_by TEXT NOT NULL,
    pinned_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX pins_by_room ON pins (room, sequence);
  CREATE TABLE saved_messages (
    person TEXT NOT NULL,
    message_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    room TEXT NOT NULL,
    PRIMARY KEY (person, message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX saved_by_number ON saved_messages (person, number);
  CREATE INDEX saved_by_message ON saved_messages (message_id);
  `,

  // What people have not sent yet: drafts, and messages that are sent at a time.
  `
  CREATE TABLE drafts (
    person TEXT NOT NULL,
    room TEXT NOT NULL,
    root TEXT NOT NULL,
    text TEXT NOT NULL,
    reply_to TEXT,
    edited_at INTEGER NOT NULL,
    PRIMARY KEY (person, room, root)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE scheduled (
    person TEXT NOT NULL,
    client_message_id TEXT NOT NULL,
    room TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    author TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (person, client_message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scheduled_by_time ON scheduled (due_at);
  `,

  // What people prefer; of the whole under the room "".
  `
  CREATE TABLE preferences (
    person TEXT NOT NULL,
    room TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (person, room)
  ) STRICT, WITHOUT ROWID;
  `,
  makeSearchable,

  // Who people are, and when they were here last.
  `
  ALTER TABLE users ADD COLUMN profile TEXT;
  ALTER TABLE users ADD COLUMN seen_at INTEGER;
  CREATE TABLE pictures (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    media_type TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX pictures_by_person ON pictures (person);
  `,

  // Votes in polls, by whoever was authenticated; ended polls; and the commands that applications offer.
  `
  CREATE TABLE poll_votes (
    message_id TEXT NOT NULL,
    voter TEXT NOT NULL,
    choice INTEGER NOT NULL,
    room TEXT NOT NULL,
    person TEXT,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (message_id, voter, choice)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE poll_ends (
    message_id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE slash_commands (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    author TEXT NOT NULL,
    author_name TEXT NOT NULL,
    description TEXT NOT NULL,
    usage_text TEXT,
    rooms TEXT
  ) STRICT, WITHOUT ROWID;
  `,

  // Why somebody is kept out of a room.
  "ALTER TABLE bans ADD COLUMN reason TEXT",

  // What a document says up to a sequence, and whether the updates that it has were erased.
  `
  CREATE TABLE document_states (
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    time INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    name TEXT,
    author TEXT,
    author_name TEXT,
    erased INTEGER NOT NULL,
    PRIMARY KEY (room, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE document_parts (
    room TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    part INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (room, sequence, part)
  ) STRICT;
  `,
];

/** The schema's version after all migrations. */
export const schemaVersion: number = migrations.length;

/**
 * Brings the database to this program's version, all in one transaction.
 *
 * @throws NewerSchemaError if the database is of a newer program.
 */
export function migrate(database: Database): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY) STRICT");
    const row = database.get<{ version: number }>(
      "SELECT coalesce(max(version), 0) AS version FROM migrations",
    );
    const version = row?.version ?? 0;
    if (version > schemaVersion) {
      throw new NewerSchemaError(version, schemaVersion);
    }
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue;
      if (typeof sql === "string") database.exec(sql);
      else sql(database);
      database.run("INSERT INTO migrations (version) VALUES (?)", index + 1);
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
