import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import { MergedContent } from "./content.ts";

/**
 * The same document without the texts that were deleted, and with what was typed letter by letter joined. Builds the document once.
 *
 * @returns undefined where not all of it came out again, which would be a bug of the library: the document stays as it is then.
 */
export function compact(state: Uint8Array): Uint8Array | undefined {
  const doc = new Doc({ gc: true });
  // Within a transaction of our own the library takes the update for local, and does not tidy the marks of formats: nobody wrote that.
  doc.transact(() => applyUpdate(doc, state));
  const compacted = encodeStateAsUpdate(doc);
  doc.destroy();
  const content = new MergedContent(compacted);
  return content.fit(content.beyond(state)) === "known" ? compacted : undefined;
}
