import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Row } from "./history.ts";

/** Every row of the log, straight from the database file of a server that has stopped. */
export function readRows(dataDir: string): Row[] {
  const database = new DatabaseSync(join(dataDir, "parlance.db"), { readOnly: true });
  const rows = database
    .prepare(
      `SELECT room, sequence, id, type, author, principal, client_message_id, payload
       FROM events ORDER BY room, sequence`,
    )
    .all();
  database.close();
  return rows.map((row) => {
    const payload = JSON.parse(String(row["payload"])) as { text?: string };
    const clientMessageId = row["client_message_id"];
    return {
      room: String(row["room"]),
      sequence: Number(row["sequence"]),
      id: String(row["id"]),
      type: String(row["type"]),
      author: String(row["author"]),
      principal: String(row["principal"]),
      clientMessageId: clientMessageId === null ? undefined : String(clientMessageId),
      text: payload.text,
    };
  });
}
