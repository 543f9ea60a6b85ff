/** A PostgreSQL that stands outside: reached with its own `psql`, its processes found by their cluster's pid. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Runs SQL in a database. @throws Error with psql's output. */
export function sql(url: string, text: string): string {
  const args = [url, "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"];
  return execFileSync("psql", args, { input: text, encoding: "utf8" }).trim();
}

/** The process whose children serve the connections, for accounting of CPU. It must be on this machine. */
export function postmaster(url: string): number {
  const backend = sql(url, "SELECT pg_backend_pid()");
  const parent = sql(url, "SHOW data_directory");
  const pid = Number(readFileSync(`${parent}/postmaster.pid`, "utf8").split("\n")[0]);
  if (!Number.isInteger(pid) || Number(backend) <= 0) throw new Error("no postmaster");
  return pid;
}

/** Empty tables of the peer's schema, with users, rooms and members as the load generator numbers them. */
export function seed(url: string, schema: string, users: number, rooms: number, n: number): void {
  // Connection i is user i + 1; subscriber i and publisher j are in rooms i mod K and j mod K.
  sql(
    url,
    `${schema}
     INSERT INTO users (username, email)
       SELECT 'user' || g, 'user' || g || '@example.com' FROM generate_series(0, ${users}) g;
     INSERT INTO chats (id, name) SELECT 'r' || g, 'room ' || g FROM generate_series(0, ${rooms}) g;
     INSERT INTO chat_participants (chat_id, user_id)
       SELECT 'r' || (CASE WHEN g < ${n} THEN g ELSE g - ${n} END) % ${rooms}, g + 1
       FROM generate_series(0, ${users - 1}) g;
     ANALYZE;
     CHECKPOINT;`,
  );
}
