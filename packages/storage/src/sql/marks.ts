/** What a database says of itself in `meta` while it is being copied, and afterwards. */
import { StorageError } from "@parlance/core/storage-error";

/** The database is not the install: it is not all there yet, or no longer used. */
export type Mark =
  /** A copy that was begun and not finished. */
  | { readonly type: "unfinished"; readonly by: "move" | "restore" }
  /** Its content goes on somewhere else; `to` says where, for people. */
  | { readonly type: "moved"; readonly to: string };

/** Rows of `meta`. */
export const movedRow = "moved_to";
export const unfinishedRow = "unfinished";

/** @param read Gives a row of `meta` as text. */
export function readMark(read: (name: string) => string | undefined): Mark | undefined {
  const to = read(movedRow);
  if (to !== undefined) return { type: "moved", to };
  const by = read(unfinishedRow);
  if (by === undefined) return undefined;
  return { type: "unfinished", by: by === "restore" ? "restore" : "move" };
}

/** A server must not go on with this database. Nothing was changed. */
export class SetAsideError extends StorageError {
  readonly mark: Mark;

  constructor(mark: Mark) {
    super(
      mark.type === "moved"
        ? `the install was moved to ${mark.to}`
        : `a ${mark.by} into it was begun and not finished`,
      "none",
    );
    this.name = "SetAsideError";
    this.mark = mark;
  }
}
