/** States of documents, and updates that are erased since a state has them: the same on every engine. */
import type { DocumentStateName } from "@parlance/core";
import { describe, expect, test } from "vitest";
import { event, roomId, type UseStore, userId } from "./harness.ts";

const room = roomId("doc_a");
const named: DocumentStateName = {
  name: "First draft 語",
  author: userId("ann"),
  authorName: "Ann",
};

/** Bytes that are no text in any encoding. */
const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7) % 256);

export function describeDocuments(store: UseStore): void {
  describe("states of documents", () => {
    test("come back byte for byte, the newest or one of them, over a restart", async () => {
      const { directory } = store();
      const large = bytes(2_000_003);
      const first = { sequence: 3, time: 1_000, state: bytes(256) };
      expect(await directory.putDocumentState(room, first, 0)).toBe(true);
      expect(
        await directory.putDocumentState(room, { ...first, sequence: 9, state: large }, 3),
      ).toBe(true);
      await store().reopen();
      const { directory: again } = store();
      const newest = await again.documentState(room);
      expect(newest).toMatchObject({ sequence: 9, time: 1_000, bytes: large.length });
      // Compared as a whole: one by one takes seconds.
      expect(Buffer.from(newest?.state ?? []).equals(large)).toBe(true);
      expect((await again.documentState(room, 3))?.state).toEqual(bytes(256));
      expect(await again.documentState(room, 4)).toBeUndefined();
      expect(await again.documentState(roomId("doc_b"))).toBeUndefined();
    });

    test("are put by whoever knows the newest one, of several at once by one", async () => {
      const { directory } = store();
      const put = (sequence: number, after: number): Promise<boolean> =>
        directory.putDocumentState(room, { sequence, time: 1, state: bytes(9) }, after);
      expect(await Promise.all([put(5, 0), put(5, 0), put(5, 0)])).toEqual([true, false, false]);
      expect(await put(6, 0)).toBe(false);
      expect(await put(6, 5)).toBe(true);
      const list = await directory.documentStates(room, undefined, 10);
      expect(list.map(({ sequence }) => sequence)).toEqual([6, 5]);
      expect(await directory.documentStates(room, 6, 10)).toHaveLength(1);
      expect(await directory.documentStates(room, undefined, 1)).toHaveLength(1);
    });

    test("are kept where they have a name, and where they are the newest", async () => {
      const { directory } = store();
      const state = bytes(9);
      await directory.putDocumentState(room, { sequence: 1, time: 1, state }, 0);
      await directory.putDocumentState(room, { sequence: 2, time: 2, state }, 1);
      await directory.putDocumentState(room, { sequence: 5, time: 5, state }, 2);
      const name = (sequence: number): Promise<boolean> =>
        directory.putDocumentState(room, { sequence, time: 6, state, named }, 0);
      expect(await name(2)).toBe(true);
      expect(await name(2)).toBe(false);
      expect(await name(3)).toBe(true);
      await directory.dropDocumentStates(room, [1, 2, 3, 5, 7]);
      const list = await directory.documentStates(room, undefined, 10);
      expect(list).toEqual([
        { sequence: 5, time: 5, bytes: 9 },
        { sequence: 3, time: 6, bytes: 9, named },
        { sequence: 2, time: 2, bytes: 9, named },
      ]);
      expect((await directory.documentState(room, 2))?.state).toEqual(state);
      expect(await directory.documentState(room, 1)).toBeUndefined();
    });

    test("[I-3] updates that are in one of them lose their payload and nothing else", async () => {
      const { log, directory } = store();
      const update = (text: string, key: string) =>
        event("document.updated", { update: text, author_name: "Ann" }, { room, key });
      const create = { kind: "document", title: "D", createdAt: 0 } as const;
      const joined = event(
        "member.joined",
        { user: userId("ann"), name: "Ann", role: "owner" },
        { room, create },
      );
      await log.append(joined);
      await log.append(update("AAAB", "1"));
      await log.append(update("AAAC", "2"));
      await log.append(update("AAAD", "3"));
      const before = await log.proof(room, 1, 4);
      const state = bytes(9);
      await directory.putDocumentState(room, { sequence: 3, time: 100, state }, 0);
      expect(await directory.eraseDocumentUpdates(room, 99, 500)).toBe(0);
      expect(await directory.eraseDocumentUpdates(room, 100, 500)).toBe(2);
      expect(await directory.eraseDocumentUpdates(room, 100, 500)).toBe(0);
      const page = await log.read({ room, after: 0, limit: 10 });
      expect(page?.events.map(({ frame }) => "erased" in frame)).toEqual([
        false,
        true,
        true,
        false,
      ]);
      const after = await log.proof(room, 1, 4);
      expect(after?.hashAfter).toBe(before?.hashAfter);
      expect(after?.commitments.map((one) => "commitment" in one)).toEqual([
        false,
        true,
        true,
        false,
      ]);
      // What was acknowledged is found again, its body by its hash.
      expect(await log.append(update("AAAC", "2"))).toMatchObject({ repeated: true, sequence: 3 });
      expect(await log.append(update("AAAX", "2"))).toEqual({ outcome: "conflict" });
      await directory.putDocumentState(room, { sequence: 4, time: 200, state }, 3);
      expect(await directory.eraseDocumentUpdates(room, 300, 600)).toBe(1);
    });
  });
}
