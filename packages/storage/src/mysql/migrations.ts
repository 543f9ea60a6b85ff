import { makeTerms } from "../client-server/make-terms.ts";
import type { Migrations } from "../client-server/migrate.ts";

/**
 * Migrations of the MySQL and MariaDB schema in order, forward only. Never change one that was released: add the next.
 * Each is additive, so that nodes of the version before go on beside nodes of this one.
 *
 * These engines cannot roll back a change of the schema, so every step may be done a second time.
 *
 * Texts compare by their code points (`utf8mb4_bin`), so that an order never depends on how somebody made the database.
 */

const id = "VARCHAR(128)";
const table = "ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT = DYNAMIC";

export const migrations: Migrations = [
  [
    `CREATE TABLE IF NOT EXISTS {meta} (
      name VARCHAR(64) PRIMARY KEY, value VARBINARY(255) NOT NULL) ${table}`,
    `CREATE TABLE IF NOT EXISTS {counters} (
      name VARCHAR(64) PRIMARY KEY, value BIGINT NOT NULL) ${table}`,
    `INSERT IGNORE INTO {counters} (name, value) VALUES ('control', 0)`,
    `CREATE TABLE IF NOT EXISTS {rooms} (
      room ${id} PRIMARY KEY,
      kind VARCHAR(32) NOT NULL,
      title VARCHAR(255) NOT NULL,
      epoch_part VARCHAR(32) NOT NULL,
      head BIGINT NOT NULL,
      floor BIGINT NOT NULL,
      floor_hash BINARY(32) NOT NULL,
      head_hash BINARY(32) NOT NULL,
      revision BIGINT NOT NULL,
      countable BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      KEY {rooms_discoverable} (kind, title, room)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {events} (
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      id VARCHAR(64) NOT NULL,
      type VARCHAR(64) NOT NULL,
      author VARCHAR(191) NOT NULL,
      principal VARCHAR(191) NOT NULL,
      device VARCHAR(64),
      client_message_id VARCHAR(64),
      key_hash BINARY(24),
      time BIGINT NOT NULL,
      payload MEDIUMTEXT,
      erased_at BIGINT,
      nonce BINARY(16),
      commitment BINARY(32) NOT NULL,
      hash BINARY(32) NOT NULL,
      payload_hash BINARY(32) NOT NULL,
      countable BIGINT NOT NULL,
      PRIMARY KEY (room, sequence),
      UNIQUE KEY {events_by_key} (key_hash)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {messages} (
      number BIGINT AUTO_INCREMENT PRIMARY KEY,
      id VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      author VARCHAR(191) NOT NULL,
      terms MEDIUMTEXT NOT NULL,
      shown_sequence BIGINT NOT NULL,
      deleted_at BIGINT,
      UNIQUE KEY {messages_by_id} (id),
      UNIQUE KEY {messages_by_room} (room, sequence)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {edits} (
      message_id VARCHAR(64) NOT NULL,
      sequence BIGINT NOT NULL,
      PRIMARY KEY (message_id, sequence)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {reactions} (
      message_id VARCHAR(64) NOT NULL,
      emoji VARCHAR(64) NOT NULL,
      user_id VARCHAR(191) NOT NULL,
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      PRIMARY KEY (message_id, emoji, user_id)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {room_authors} (
      room ${id} NOT NULL,
      author VARCHAR(191) NOT NULL,
      messages BIGINT NOT NULL,
      PRIMARY KEY (room, author)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {members} (
      room ${id} NOT NULL,
      user_id VARCHAR(191) NOT NULL,
      name VARCHAR(255) NOT NULL,
      role VARCHAR(32) NOT NULL,
      joined_sequence BIGINT NOT NULL,
      PRIMARY KEY (room, user_id),
      KEY {members_by_user} (user_id, room)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {read_marks} (
      room ${id} NOT NULL,
      user_id VARCHAR(191) NOT NULL,
      public_sequence BIGINT NOT NULL,
      private_sequence BIGINT NOT NULL,
      private_countable BIGINT NOT NULL,
      PRIMARY KEY (room, user_id)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {users} (
      number BIGINT AUTO_INCREMENT PRIMARY KEY,
      id VARCHAR(191) NOT NULL,
      kind VARCHAR(32) NOT NULL,
      name VARCHAR(255) NOT NULL,
      username VARCHAR(255),
      username_folded VARCHAR(255),
      email VARCHAR(320),
      password_hash VARCHAR(512),
      disabled SMALLINT NOT NULL DEFAULT 0,
      status VARCHAR(255),
      status_at BIGINT,
      created_at BIGINT NOT NULL,
      UNIQUE KEY {users_by_id} (id),
      UNIQUE KEY {users_by_username} (username_folded)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {logins} (
      login VARCHAR(640) PRIMARY KEY,
      user_id VARCHAR(191) NOT NULL,
      KEY {logins_by_user} (user_id)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {sessions} (
      id VARCHAR(191) PRIMARY KEY,
      user_id VARCHAR(191) NOT NULL,
      secret_hash VARCHAR(191) NOT NULL,
      device VARCHAR(64),
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL,
      KEY {sessions_by_user} (user_id)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {used_tokens} (
      token_hash BINARY(32) PRIMARY KEY,
      expires_at BIGINT NOT NULL,
      KEY {used_tokens_by_expiry} (expires_at)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {api_keys} (
      id VARCHAR(191) PRIMARY KEY,
      name VARCHAR(255) NOT NULL,
      principal VARCHAR(191) NOT NULL,
      secret_hash VARCHAR(191) NOT NULL,
      scopes TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      revoked SMALLINT NOT NULL DEFAULT 0
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {control_log} (
      sequence BIGINT PRIMARY KEY,
      time BIGINT NOT NULL,
      fact MEDIUMTEXT NOT NULL
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {places} (
      user_id VARCHAR(191) NOT NULL,
      device VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      epoch VARCHAR(64) NOT NULL,
      last_sequence BIGINT NOT NULL,
      saved_at BIGINT NOT NULL,
      PRIMARY KEY (user_id, device, room),
      KEY {places_by_age} (saved_at)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {files} (
      id VARCHAR(64) PRIMARY KEY,
      room ${id} NOT NULL,
      sequence BIGINT,
      owner VARCHAR(191) NOT NULL,
      name VARCHAR(1024) NOT NULL,
      bytes BIGINT NOT NULL,
      media_type VARCHAR(255) NOT NULL,
      sha256 VARCHAR(64),
      state VARCHAR(16) NOT NULL,
      created_at BIGINT NOT NULL,
      KEY {files_by_owner} (owner, state, bytes),
      KEY {files_by_room} (room, state, sequence),
      KEY {files_to_remove} (state, created_at)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {file_owners} (owner VARCHAR(191) PRIMARY KEY) ${table}`,
  ],
  [
    `CREATE TABLE IF NOT EXISTS {presence} (
      node VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      users LONGTEXT NOT NULL,
      is_cut_off TINYINT NOT NULL,
      is_closing TINYINT NOT NULL,
      place BIGINT NOT NULL,
      put_at BIGINT NOT NULL,
      PRIMARY KEY (node, room),
      KEY {presence_by_place} (place),
      KEY {presence_by_room} (room)
    ) ${table}`,
    `INSERT IGNORE INTO {counters} (name, value) VALUES ('presence', 0)`,
    `CREATE TABLE IF NOT EXISTS {nodes} (
      id VARCHAR(64) PRIMARY KEY,
      url VARCHAR(512) NOT NULL,
      host VARCHAR(255) NOT NULL,
      version VARCHAR(64) NOT NULL,
      connections BIGINT NOT NULL,
      started_at BIGINT NOT NULL,
      heard_at BIGINT NOT NULL,
      life_ms BIGINT NOT NULL
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {leases} (
      name VARCHAR(128) PRIMARY KEY,
      holder VARCHAR(128) NOT NULL,
      taken_at BIGINT NOT NULL,
      life_ms BIGINT NOT NULL
    ) ${table}`,
    // Applications write there: what is JSON and what is not is found out afterwards, not in the middle of their transactions.
    // A key is allowed to be too long to be one: where the server is not strict, it would be cut to that of another row.
    `CREATE TABLE IF NOT EXISTS {outbox} (
      number BIGINT AUTO_INCREMENT PRIMARY KEY,
      publication LONGTEXT NOT NULL,
      idempotency_key VARCHAR(255) NOT NULL DEFAULT (uuid()),
      service VARCHAR(255),
      created_at BIGINT NOT NULL DEFAULT (unix_timestamp() * 1000),
      refused_at BIGINT,
      reason TEXT,
      KEY {outbox_waiting} (refused_at, number)
    ) ${table}`,
  ],
  [
    `CREATE TABLE IF NOT EXISTS {open_messages} (
      message_id VARCHAR(64) PRIMARY KEY,
      room ${id} NOT NULL,
      principal VARCHAR(191) NOT NULL,
      length BIGINT NOT NULL,
      touched_at BIGINT NOT NULL,
      KEY {open_messages_by_room} (room),
      KEY {open_messages_by_principal} (principal),
      KEY {open_messages_by_age} (touched_at)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {open_texts} (
      message_id VARCHAR(64) NOT NULL,
      begin_at BIGINT NOT NULL,
      end_at BIGINT NOT NULL,
      text MEDIUMTEXT NOT NULL,
      PRIMARY KEY (message_id, begin_at)
    ) ${table}`,
  ],
  [`ALTER TABLE {users} ADD COLUMN is_admin TINYINT NOT NULL DEFAULT 0`],
  [
    `CREATE TABLE IF NOT EXISTS {rate_buckets} (
      name VARCHAR(255) PRIMARY KEY,
      level BIGINT NOT NULL,
      filled_at BIGINT NOT NULL,
      held TEXT NOT NULL,
      full_at BIGINT NOT NULL,
      KEY {rate_buckets_by_fullness} (full_at)
    ) ${table}`,
  ],
  [
    `CREATE TABLE IF NOT EXISTS {webhooks} (
      id VARCHAR(64) PRIMARY KEY,
      name VARCHAR(255) NOT NULL,
      url VARCHAR(2048) NOT NULL,
      secret VARCHAR(255) NOT NULL,
      events TEXT NOT NULL,
      rooms TEXT NOT NULL,
      paused_because VARCHAR(512),
      last_number BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      last_success_at BIGINT,
      last_error VARCHAR(512),
      last_error_at BIGINT
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {webhook_places} (
      webhook VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      epoch VARCHAR(64) NOT NULL,
      place BIGINT NOT NULL,
      failing_since BIGINT,
      PRIMARY KEY (webhook, room)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {webhook_deliveries} (
      webhook VARCHAR(64) NOT NULL,
      number BIGINT NOT NULL,
      room ${id} NOT NULL,
      event_id VARCHAR(128) NOT NULL,
      type VARCHAR(64) NOT NULL,
      epoch VARCHAR(64),
      place BIGINT,
      body TEXT,
      queued_at BIGINT NOT NULL,
      dead_at BIGINT,
      reason VARCHAR(512),
      PRIMARY KEY (webhook, number),
      KEY {webhook_deliveries_waiting} (webhook, dead_at, number)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {webhook_nodes} (
      node VARCHAR(64) PRIMARY KEY, heard_at BIGINT NOT NULL, life_ms BIGINT NOT NULL) ${table}`,
    `CREATE TABLE IF NOT EXISTS {webhook_present} (
      node VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      person VARCHAR(191) NOT NULL,
      name VARCHAR(255) NOT NULL,
      PRIMARY KEY (node, room, person),
      KEY {webhook_present_by_room} (room, person)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {webhook_told} (
      webhook VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      person VARCHAR(191) NOT NULL,
      name VARCHAR(255) NOT NULL,
      PRIMARY KEY (webhook, room, person)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {key_limits} (
      id VARCHAR(191) PRIMARY KEY, rooms TEXT, bot SMALLINT NOT NULL) ${table}`,
  ],

  // Threads: what is written under a message, who follows it and how far they have read.
  [
    `CREATE TABLE IF NOT EXISTS {threads} (
      root VARCHAR(64) PRIMARY KEY,
      room ${id} NOT NULL,
      messages BIGINT NOT NULL,
      last_sequence BIGINT NOT NULL,
      last_number BIGINT NOT NULL,
      last_at BIGINT NOT NULL
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {thread_messages} (
      root VARCHAR(64) NOT NULL,
      sequence BIGINT NOT NULL,
      message_id VARCHAR(64) NOT NULL,
      running BIGINT NOT NULL,
      PRIMARY KEY (root, sequence),
      UNIQUE KEY {thread_messages_by_id} (message_id)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {thread_people} (
      root VARCHAR(64) NOT NULL,
      person VARCHAR(191) NOT NULL,
      room ${id} NOT NULL,
      wrote_sequence BIGINT,
      follows SMALLINT NOT NULL,
      mark_sequence BIGINT NOT NULL,
      mark_running BIGINT NOT NULL,
      PRIMARY KEY (root, person),
      KEY {thread_people_by_user} (person, follows, room)
    ) ${table}`,
  ],

  // Who is mentioned where; nobody in particular stands for everybody in the room.
  [
    `CREATE TABLE IF NOT EXISTS {mentions} (
      room ${id} NOT NULL,
      person VARCHAR(191) NOT NULL,
      sequence BIGINT NOT NULL,
      message_id VARCHAR(64) NOT NULL,
      number BIGINT NOT NULL,
      root VARCHAR(64),
      PRIMARY KEY (room, person, sequence),
      KEY {mentions_by_person} (person, number),
      KEY {mentions_by_message} (message_id)
    ) ${table}`,
  ],

  // What is set in rooms, who is kept out of them, and how people come in.
  [
    `ALTER TABLE {rooms} ADD COLUMN settings TEXT, ADD COLUMN listed SMALLINT NOT NULL DEFAULT 0, ADD COLUMN terms TEXT`,
  ],
  [
    `UPDATE {rooms} SET listed = CASE WHEN kind IN ('public', 'announcement') THEN 1 ELSE 0 END,
       terms = concat(' ', lower(title))`,
    `CREATE TABLE IF NOT EXISTS {bans} (
      room ${id} NOT NULL,
      user_id ${id} NOT NULL,
      name VARCHAR(255) NOT NULL,
      made_by ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      time BIGINT NOT NULL,
      PRIMARY KEY (room, user_id)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {invites} (
      id VARCHAR(64) PRIMARY KEY,
      room ${id} NOT NULL,
      role VARCHAR(32) NOT NULL,
      uses_left BIGINT,
      expires_at BIGINT NOT NULL,
      made_by ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      KEY {invites_by_room} (room, sequence)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {join_requests} (
      room ${id} NOT NULL,
      user_id ${id} NOT NULL,
      name VARCHAR(255) NOT NULL,
      note TEXT,
      sequence BIGINT NOT NULL,
      asked_at BIGINT NOT NULL,
      refused_at BIGINT,
      PRIMARY KEY (room, user_id)
    ) ${table}`,
  ],

  // Pinned messages, and what people saved, numbered for each of them.
  [
    `CREATE TABLE IF NOT EXISTS {pins} (
      message_id VARCHAR(64) PRIMARY KEY,
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      pinned_by VARCHAR(191) NOT NULL,
      pinned_at BIGINT NOT NULL,
      KEY {pins_by_room} (room, sequence)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {saved_messages} (
      person VARCHAR(191) NOT NULL,
      message_id VARCHAR(64) NOT NULL,
      number BIGINT NOT NULL,
      room ${id} NOT NULL,
      PRIMARY KEY (person, message_id),
      KEY {saved_by_number} (person, number),
      KEY {saved_by_message} (message_id)
    ) ${table}`,
  ],

  // What people have not sent yet: drafts, and messages that are sent at a time.
  [
    `CREATE TABLE IF NOT EXISTS {drafts} (
      person VARCHAR(191) NOT NULL,
      room ${id} NOT NULL,
      root VARCHAR(64) NOT NULL,
      text MEDIUMTEXT NOT NULL,
      reply_to VARCHAR(64),
      edited_at BIGINT NOT NULL,
      PRIMARY KEY (person, room, root)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {scheduled} (
      person VARCHAR(191) NOT NULL,
      client_message_id VARCHAR(64) NOT NULL,
      room ${id} NOT NULL,
      due_at BIGINT NOT NULL,
      content MEDIUMTEXT NOT NULL,
      author TEXT NOT NULL,
      state VARCHAR(16) NOT NULL,
      reason VARCHAR(64),
      PRIMARY KEY (person, client_message_id),
      KEY {scheduled_by_time} (due_at)
    ) ${table}`,
  ],

  // What people prefer; of the whole under the room "".
  [
    `CREATE TABLE IF NOT EXISTS {preferences} (
      person VARCHAR(191) NOT NULL,
      room ${id} NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (person, room)
    ) ${table}`,
  ],
  [
    `ALTER TABLE {messages} ADD COLUMN time BIGINT NOT NULL DEFAULT 0`,
    `UPDATE {messages} m JOIN {events} e ON e.room = m.room AND e.sequence = m.sequence SET m.time = e.time`,
    `CREATE TABLE IF NOT EXISTS {message_terms} (
      term VARCHAR(64) NOT NULL,
      time BIGINT NOT NULL,
      number BIGINT NOT NULL,
      PRIMARY KEY (term, time, number)
    ) ${table}`,
    (session) => makeTerms(session, true),
  ],

  // Who people are, and when they were here last.
  [
    `ALTER TABLE {users} ADD COLUMN profile TEXT, ADD COLUMN seen_at BIGINT`,
    `CREATE TABLE IF NOT EXISTS {pictures} (
      id VARCHAR(64) NOT NULL PRIMARY KEY,
      person VARCHAR(191) NOT NULL,
      media_type VARCHAR(64) NOT NULL,
      data MEDIUMTEXT NOT NULL,
      KEY {pictures_by_person} (person)
    ) ${table}`,
  ],

  // Votes in polls, by whoever was authenticated; ended polls; and the commands that applications offer.
  [
    `CREATE TABLE IF NOT EXISTS {poll_votes} (
      message_id VARCHAR(64) NOT NULL,
      voter VARCHAR(191) NOT NULL,
      choice BIGINT NOT NULL,
      room ${id} NOT NULL,
      person VARCHAR(191),
      sequence BIGINT NOT NULL,
      PRIMARY KEY (message_id, voter, choice)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {poll_ends} (
      message_id VARCHAR(64) NOT NULL PRIMARY KEY,
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {slash_commands} (
      name VARCHAR(32) NOT NULL PRIMARY KEY,
      owner VARCHAR(191) NOT NULL,
      author VARCHAR(191) NOT NULL,
      author_name TEXT NOT NULL,
      description TEXT NOT NULL,
      usage_text TEXT,
      rooms TEXT
    ) ${table}`,
  ],

  // Why somebody is kept out of a room.
  ["ALTER TABLE {bans} ADD COLUMN reason TEXT"],

  // What a document says up to a sequence, and whether the updates that it has were erased.
  [
    `CREATE TABLE IF NOT EXISTS {document_states} (
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      time BIGINT NOT NULL,
      bytes BIGINT NOT NULL,
      name TEXT,
      author VARCHAR(191),
      author_name TEXT,
      erased BIGINT NOT NULL,
      PRIMARY KEY (room, sequence)
    ) ${table}`,
    `CREATE TABLE IF NOT EXISTS {document_parts} (
      room ${id} NOT NULL,
      sequence BIGINT NOT NULL,
      part BIGINT NOT NULL,
      data MEDIUMTEXT NOT NULL,
      PRIMARY KEY (room, sequence, part)
    ) ${table}`,
  ],
];
