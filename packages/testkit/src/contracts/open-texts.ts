import type { Append, TextPiece } from "@parlance/core";
import type { EventId, UserId } from "@parlance/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { event, joined, message, publicRoom, roomId, stored, type UseStore } from "./harness.ts";
import { viewsOf } from "./messages.ts";

const m1 = "m1" as EventId;
/** Emoji are two units, and the last one four bytes of another plane. */
const said = "漢字 👩‍🚀 é 𝔘";

/** Messages that grow: their texts, what they are refused for, and how they end. */
export function describeOpenTexts(store: UseStore): void {
  const open = (text: string, choice: Parameters<typeof event>[2] = {}): Append =>
    event("message.created", { text, author_name: "Bot", open: true }, { id: "m1", ...choice });
  const piece = (at: number, text: string, more: Partial<TextPiece> = {}): TextPiece => ({
    message: m1,
    room: roomId("r1"),
    at,
    text,
    revision: 0,
    ...more,
  });
  const close = (text: string, choice: Parameters<typeof event>[2] = {}): Append =>
    event(
      "message.closed",
      { message_id: m1, text, reason: "done", by: "u1" as UserId, author_name: "Bot" },
      choice,
    );
  const wholeText = async (): Promise<string | undefined> =>
    (await store().log.openText(m1, 0, 1_000_000))?.text;

  describe("an open message", () => {
    beforeEach(async () => {
      await store().log.append(open("", { create: publicRoom, key: "o" }));
    });

    test("[OPEN-1] begins with the text of its event, counts as a message, and is found as open", async () => {
      const { log } = store();
      await log.append(open("Well", { id: "m2", user: "u2" }));
      expect(await log.openText("m2" as EventId, 0, 100)).toEqual({ length: 4, text: "Well" });
      expect(await log.openText(m1, 0, 100)).toEqual({ length: 0, text: "" });
      expect(await viewsOf(log)).toMatchObject([
        { id: "m1", text: "", open: true },
        { id: "m2", text: "Well", open: true },
      ]);
      expect(await log.findMessage("m2")).toMatchObject({ isOpen: true, isDeleted: false });
      expect((await log.heads([roomId("r1")])).get(roomId("r1"))).toMatchObject({ countable: 2 });
      await log.append(message("plain", { id: "m3" }));
      expect(await log.findMessage("m3")).toMatchObject({ isOpen: false });
      expect(await log.openText("m3" as EventId, 0, 100)).toBeUndefined();
    });

    test("[OPEN-1] is no repeat of one with the same text that was whole", async () => {
      const { log } = store();
      expect(await log.append(open("", { key: "o" }))).toMatchObject({ repeated: true });
      expect(await log.append(message("", { key: "o" }))).toEqual({ outcome: "conflict" });
    });

    test("[OPEN-2] grows by pieces, to the byte, and is there after a restart", async () => {
      const harness = store();
      let text = "";
      for (let n = 0; n < 20; n += 1) {
        expect(await harness.log.appendTexts([piece(text.length, said)])).toEqual([
          { outcome: "stored" },
        ]);
        text += said;
      }
      expect(await wholeText()).toBe(text);
      expect(await viewsOf(harness.log)).toMatchObject([{ text, open: true }]);
      await harness.reopen();
      expect(await wholeText()).toBe(text);
      for (const from of [0, 1, 2, said.length, text.length - 2, text.length, text.length + 9]) {
        const rest = await harness.log.openText(m1, from, 1_000);
        expect(rest).toEqual({ length: text.length, text: text.slice(from) });
      }
    });

    test("[OPEN-2] a page of it does not end between the halves of a pair", async () => {
      const { log } = store();
      await log.appendTexts([piece(0, "a👍"), piece(3, "👍b")]);
      expect(await log.openText(m1, 0, 2)).toEqual({ length: 6, text: "a" });
      expect(await log.openText(m1, 1, 2)).toEqual({ length: 6, text: "👍" });
      expect(await log.openText(m1, 3, 3)).toEqual({ length: 6, text: "👍b" });
    });

    test("[OPEN-3] takes a piece only where it ends: of two that come at once, one", async () => {
      const { log } = store();
      const answers = await Promise.all(
        ["left", "righ"].map(async (text) => (await log.appendTexts([piece(0, text)]))[0]),
      );
      const outcomes = answers.map((answer) => answer?.outcome ?? "none").sort();
      expect(outcomes).toEqual(["moved", "stored"]);
      expect(answers).toContainEqual({ outcome: "moved", length: 4 });
      expect(["left", "righ"]).toContain(await wholeText());
      expect(await log.appendTexts([piece(9, "hole")])).toEqual([{ outcome: "moved", length: 4 }]);
    });

    test("[OPEN-3] one that is refused leaves the others alone", async () => {
      const { log } = store();
      await log.append(open("", { id: "m2" }));
      await log.append(joined("u9"));
      const answers = await log.appendTexts([
        piece(0, "stale"),
        piece(0, "fine", { message: "m2" as EventId, revision: 1 }),
        piece(0, "nothing", { message: "m9" as EventId }),
        piece(0, "elsewhere", { room: roomId("r2") }),
      ]);
      expect(answers).toEqual([
        { outcome: "stale" },
        { outcome: "stored" },
        { outcome: "gone" },
        { outcome: "gone" },
      ]);
      expect(await wholeText()).toBe("");
      expect(await log.openText("m2" as EventId, 0, 9)).toEqual({ length: 4, text: "fine" });
    });

    test("[OPEN-5] is whole when it is closed, in the log and in what it says now", async () => {
      const harness = store();
      await harness.log.appendTexts([piece(0, said)]);
      const closed = stored(await harness.log.append(close(said, { key: "c" })));
      expect(closed.countable).toBe(1);
      await harness.reopen();
      const { log } = harness;
      const [view] = await viewsOf(log);
      expect(view).toMatchObject({
        id: "m1",
        sequence: 1,
        text: said,
        closed: "done",
        closed_sequence: 2,
      });
      expect(view).not.toHaveProperty("open");
      expect(view).not.toHaveProperty("edited_at");
      expect(await log.findMessage("m1")).toMatchObject({ isOpen: false });
      expect(await wholeText()).toBeUndefined();
      const page = await log.read({ room: roomId("r1"), after: 1, limit: 9 });
      expect(page?.events.map(({ frame }) => frame)).toMatchObject([
        { type: "message.closed", sequence: 2, data: { message_id: "m1", text: said } },
      ]);
      // A repeat says nothing of the text: its writer may not know it any more.
      expect(await log.append(close("", { key: "c" }))).toEqual({ ...closed, repeated: true });
      expect(await log.append(close(said))).toEqual({ outcome: "gone" });
      expect(await log.appendTexts([piece(said.length, "late")])).toEqual([{ outcome: "gone" }]);
      const edit = { message_id: m1, text: "edited", editor_name: "Bot" };
      stored(await log.append(event("message.edited", edit)));
      expect((await viewsOf(log))[0]).toMatchObject({ text: "edited" });
      expect((await viewsOf(log))[0]).not.toHaveProperty("closed");
      expect((await viewsOf(log))[0]).not.toHaveProperty("closed_sequence");
    });

    test("[OPEN-5] is not closed with less than what is stored", async () => {
      const { log } = store();
      await log.appendTexts([piece(0, "all of it")]);
      expect(await log.append(close("all"))).toEqual({ outcome: "moved" });
      expect(await viewsOf(log)).toMatchObject([{ text: "all of it", open: true }]);
      stored(await log.append(close("all of it")));
    });

    test("[OPEN-5] of two that end it, one does", async () => {
      const { log } = store();
      await log.appendTexts([piece(0, "x")]);
      const answers = await Promise.all([log.append(close("x")), log.append(close("x"))]);
      expect(answers.map(({ outcome }) => outcome).sort()).toEqual(["gone", "stored"]);
    });

    test("[OPEN-9] [I-22] is nowhere any more when it was deleted, open or closed", async () => {
      const harness = store();
      const { log } = harness;
      await log.append(open("", { id: "m2" }));
      await log.appendTexts([piece(0, "secret"), piece(0, "secret", { message: "m2" as EventId })]);
      stored(await log.append(close("secret")));
      for (const id of ["m1", "m2"] as EventId[]) {
        const erased = { message_id: id, by: "u1" as UserId };
        stored(await log.append(event("message.deleted", erased)));
      }
      await harness.reopen();
      const everything = JSON.stringify([
        await harness.log.read({ room: roomId("r1"), after: 0, limit: 99 }),
        await viewsOf(harness.log),
        await harness.log.openText("m2" as EventId, 0, 99),
      ]);
      expect(everything).not.toContain("secret");
      expect(await harness.log.openMessages([roomId("r1")])).toEqual([]);
      const late = piece(6, "late", { message: "m2" as EventId });
      expect(await harness.log.appendTexts([late])).toEqual([{ outcome: "gone" }]);
    });

    test("[OPEN-6] is listed with its length, and as idle once nobody appended", async () => {
      const { log } = store();
      await log.append(open("", { room: "r2", id: "m2", create: publicRoom }));
      await log.appendTexts([piece(0, said)]);
      const first = { message: "m1", room: "r1", length: said.length };
      expect(await log.openMessages([roomId("r1"), roomId("nowhere")])).toEqual([first]);
      expect(await log.openMessages([])).toEqual([]);
      const idle = await log.idleMessages(0, 10);
      expect(idle).toContainEqual({ ...first, principal: "u1" });
      expect(idle).toHaveLength(2);
      expect(await log.idleMessages(0, 1)).toHaveLength(1);
      expect(await log.idleMessages(3_600_000, 10)).toEqual([]);
    });

    test("[OPEN-8] one principal has at most a hundred", async () => {
      const { log } = store();
      for (let n = 2; n <= 100; n += 1) stored(await log.append(open("", { id: `m${n}` })));
      expect(await log.append(open("", { id: "m101" }))).toEqual({ outcome: "full" });
      stored(await log.append(open("", { id: "m102", user: "u2" })));
      stored(await log.append(close("")));
      stored(await log.append(open("", { id: "m103" })));
    });
  });
}
