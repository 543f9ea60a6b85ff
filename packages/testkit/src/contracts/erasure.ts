import type { RoomLog } from "@parlance/core";
import type { EventId, UserId } from "@parlance/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { event, message, publicRoom, roomId, someTime, stored, type UseStore } from "./harness.ts";
import { viewsOf } from "./messages.ts";
import { recompute } from "./proof.ts";

const m1 = "m1" as EventId;

/** What is deleted is gone, and everything around it stays. */
export function describeErasure(store: UseStore): void {
  const edit = (text: string, key?: string) =>
    event(
      "message.edited",
      { message_id: m1, text, editor_name: "Ada" },
      key === undefined ? {} : { key },
    );
  const erase = (key?: string) =>
    event(
      "message.deleted",
      { message_id: m1, by: "u1" as UserId },
      { time: someTime + 5, ...(key === undefined ? {} : { key }) },
    );
  const everything = async (log: RoomLog): Promise<string> =>
    JSON.stringify([
      await log.read({ room: roomId("r1"), after: 0, limit: 200 }),
      await log.read({ room: roomId("r1"), limit: 200 }),
      await viewsOf(log),
      await log.proof(roomId("r1"), 1, 6),
    ]);

  describe("a deleted message", () => {
    beforeEach(async () => {
      const { log } = store();
      await log.append(message("secret one", { id: "m1", create: publicRoom, key: "k" }));
      await log.append(message("beside it", { id: "m2", user: "u2" }));
      await log.append(edit("secret two", "e"));
      await log.append(
        event("reaction.added", { message_id: m1, emoji: "👍", user_name: "B" }, { user: "u2" }),
      );
      await log.append(edit("secret three"));
    });

    test("[I-22] is in no page, no view and no proof any more, and neither are its versions", async () => {
      const harness = store();
      expect(await everything(harness.log)).toContain("secret");
      const { sequence, countable } = stored(await harness.log.append(erase()));
      expect([sequence, countable]).toEqual([6, 2]);
      expect(await everything(harness.log)).not.toContain("secret");
      await harness.reopen();
      expect(await everything(harness.log)).not.toContain("secret");
      const page = await harness.log.read({ room: roomId("r1"), after: 0, limit: 10 });
      expect(page?.events.map(({ frame }) => "erased" in frame)).toEqual([
        true,
        false,
        true,
        false,
        true,
        false,
      ]);
      expect(page?.events[0]?.frame).toEqual({
        type: "message.created",
        room: "r1",
        sequence: 1,
        id: "m1",
        author: "u1",
        time: "2026-01-02T03:04:05.678Z",
        client_message_id: "k",
        erased: true,
      });
      expect(await viewsOf(harness.log)).toMatchObject([
        { id: "m1", number: 1, author: "u1", author_name: "", text: "", deleted: true },
        { id: "m2", text: "beside it" },
      ]);
      expect((await viewsOf(harness.log))[0]).not.toHaveProperty("reactions");
    });

    test("leaves the proof of the room whole", async () => {
      const { log } = store();
      const before = await log.proof(roomId("r1"), 1, 5);
      await log.append(erase());
      const after = await log.proof(roomId("r1"), 1, 5);
      expect(after?.hashAfter).toBe(before?.hashAfter);
      expect(after?.commitments.map((one) => "nonce" in one)).toEqual([
        false,
        true,
        false,
        true,
        false,
      ]);
      const whole = await log.proof(roomId("r1"), 1, 6);
      expect(await recompute(log, 1, whole)).toBe(whole?.hashAfter);
    });

    test("is told to every node by the control log, with all its versions", async () => {
      const { log } = store();
      const head = await log.controlHead();
      await log.append(erase());
      expect(await log.control(head)).toEqual([
        {
          sequence: head + 1,
          time: someTime + 5,
          fact: { type: "message_erased", room: "r1", sequences: [1, 3, 5] },
        },
      ]);
    });

    test("[J23] can be changed by nothing, but what was done before is still found", async () => {
      const { log } = store();
      const first = stored(await log.append(erase("d")));
      for (const append of [
        edit("secret four"),
        erase(),
        event("reaction.added", { message_id: m1, emoji: "🎉", user_name: "B" }),
        event("reaction.removed", { message_id: m1, emoji: "👍" }, { user: "u2" }),
      ]) {
        expect(await log.append(append)).toEqual({ outcome: "gone" });
      }
      expect(await log.append(erase("d"))).toEqual({ ...first, repeated: true });
      expect(await log.append(edit("secret two", "e"))).toMatchObject({ sequence: 3 });
      const again = await log.append(message("secret one", { key: "k" }));
      expect(again).toMatchObject({ sequence: 1, repeated: true });
      expect(await log.findMessage("m1")).toMatchObject({ isDeleted: true });
      expect(await everything(log)).not.toContain("secret");
    });

    test("an edit that comes in the same moment is erased or refused", async () => {
      const { log } = store();
      const [, , late] = await Promise.all([
        log.append(edit("secret before")),
        log.append(erase()),
        log.append(edit("secret after")),
      ]);
      expect(late).toEqual({ outcome: "gone" });
      expect(JSON.stringify(await log.read({ room: roomId("r1"), limit: 20 }))).not.toContain(
        "secret",
      );
    });

    test("does not count among what is there", async () => {
      const { log } = store();
      await log.append(erase());
      expect(await log.messageStats(roomId("r1"))).toEqual({
        messages: 1,
        authors: 1,
        firstAt: someTime,
        lastAt: someTime,
      });
      await Promise.all([
        log.append(message("new", { id: "m9" })),
        log.append(event("message.deleted", { message_id: "m9" as EventId, by: "u1" as UserId })),
      ]);
      expect(await log.messageStats(roomId("r1"))).toMatchObject({ messages: 1, authors: 1 });
    });
  });
}
