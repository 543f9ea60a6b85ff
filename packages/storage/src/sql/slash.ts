/** Commands that applications offer, in SQL that all engines understand. */
import type { SlashRecord } from "@parlance/core";
import type { Principal, UserId } from "@parlance/protocol";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

interface Row {
  readonly name: string;
  readonly owner: Principal;
  readonly author: UserId;
  readonly author_name: string;
  readonly description: string;
  readonly usage_text: string | null;
  readonly rooms: string | null;
}

function* slashCommands(): Steps<SlashRecord[]> {
  const rows = yield* all<Row>("SELECT * FROM {slash_commands} ORDER BY name");
  return rows.map(({ name, owner, author, author_name, description, usage_text, rooms }) => ({
    name,
    owner,
    author,
    authorName: author_name,
    description,
    ...(usage_text === null ? {} : { usage: usage_text }),
    ...(rooms === null ? {} : { rooms: JSON.parse(rooms) as string[] }),
  }));
}

function* putSlashCommand(
  name: string,
  record: SlashRecord,
  most: number,
): Steps<"put" | "taken" | "full"> {
  const known = yield* first<Pick<Row, "owner">>(
    "SELECT owner FROM {slash_commands} WHERE name = ?",
    name,
  );
  if (known !== undefined && known.owner !== record.owner) return "taken";
  const { author, authorName, description, usage = null, rooms } = record;
  const within = rooms === undefined ? null : JSON.stringify(rooms);
  if (known !== undefined) {
    yield* run(
      `UPDATE {slash_commands} SET author = ?, author_name = ?, description = ?, usage_text = ?, rooms = ?
       WHERE name = ?`,
      author,
      authorName,
      description,
      usage,
      within,
      name,
    );
    return "put";
  }
  const row = yield* first<{ kept: number }>("SELECT count(*) AS kept FROM {slash_commands}");
  if (Number(row?.kept ?? 0) >= most) return "full";
  yield* run(
    `INSERT INTO {slash_commands} (name, owner, author, author_name, description, usage_text, rooms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    name,
    record.owner,
    author,
    authorName,
    description,
    usage,
    within,
  );
  return "put";
}

function* removeSlashCommand(name: string, owner: Principal | undefined): Steps<boolean> {
  const removed =
    owner === undefined
      ? yield* run("DELETE FROM {slash_commands} WHERE name = ?", name)
      : yield* run("DELETE FROM {slash_commands} WHERE name = ? AND owner = ?", name, owner);
  return removed > 0;
}

export type SlashReadName = "slashCommands";
export const slashReads: DirectorySteps<SlashReadName> = { slashCommands };

export type SlashWriteName = "putSlashCommand" | "removeSlashCommand";
/** Each begins with the command's name, in whose lane it takes its turn. */
export const slashWrites: DirectorySteps<SlashWriteName> = { putSlashCommand, removeSlashCommand };
