/**
 * Only for the fault tests: a process that opens a store, writes without end and tells each acknowledgement
 * on its standard output, until something ends it.
 *
 *   node fault-child.ts <directory> <writers> [crash point]
 */
import { writeSync } from "node:fs";
import { StorageError } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { openSqlite } from "./index.ts";

const [directory = "", writers = "1", crashAt] = process.argv.slice(2);

/** Written at once, so that a kill right after cannot take it back. */
function tell(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The pipe is full for now: the reader is slower than this loop.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

async function main(): Promise<void> {
  const store = await openSqlite({ directory, ...(crashAt === undefined ? {} : { crashAt }) });
  await store.log.open("r" as RoomId, { kind: "public", title: "R", createdAt: 0 });
  tell("open");

  let n = 0;
  const write = async (): Promise<boolean> => {
    n += 1;
    const key = `key-${n}`;
    try {
      const appended = await store.log.append({
        room: "r" as RoomId,
        id: `event-${n}` as EventId,
        author: "u" as UserId,
        principal: "u" as Principal,
        clientMessageId: key as ClientMessageId,
        time: n,
        event: { type: "message.created", data: { text: key.repeat(20), author_name: "U" } },
      });
      if (appended.outcome === "stored") tell(`stored ${appended.sequence} ${key}`);
      return true;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      tell(`refused ${error.effect} ${key}`);
      return false;
    }
  };
  await Promise.all(
    Array.from({ length: Number(writers) }, async () => {
      let going = true;
      while (going) going = await write();
    }),
  );
  await store.close();
  tell("closed");
}

try {
  await main();
} catch (error) {
  tell(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  process.exitCode = 3;
}
