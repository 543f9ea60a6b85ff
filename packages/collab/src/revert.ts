import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector, UndoManager } from "yjs";

const since = Symbol("since");

/**
 * An update after which the document says what it said in an earlier state: what came since is undone, as its writers would undo
 * it. What it deletes and writes anew is new, so whoever writes at the same time loses nothing of theirs.
 *
 * @param now All of the document. @param then An earlier state of it.
 */
export function revert(now: Uint8Array, then: Uint8Array): Uint8Array {
  // Nothing may be forgotten that the earlier state still has.
  const doc = new Doc({ gc: false });
  applyUpdate(doc, then);
  const undo = new UndoManager(doc, {
    trackedOrigins: new Set([since]),
    captureTimeout: Number.MAX_SAFE_INTEGER,
    ignoreRemoteMapChanges: false,
  });
  applyUpdate(doc, now, since);
  const vector = encodeStateVector(doc);
  while (undo.undoStack.length > 0) undo.undo();
  const update = encodeStateAsUpdate(doc, vector);
  undo.destroy();
  doc.destroy();
  return update;
}
