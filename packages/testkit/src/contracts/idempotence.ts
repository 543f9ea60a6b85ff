import { describe, expect, test } from "vitest";
import {
  joined,
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  textsOf,
  type UseStore,
} from "./harness.ts";

/** Client message ids. */
export function describeIdempotence(store: UseStore): void {
  describe("a client message id", () => {
    test("that was stored before gives the first place, id and time", async () => {
      const { log } = store();
      const first = stored(await log.append(message("a", { create: publicRoom, key: "k" })));
      await log.append(message("b"));
      const second = stored(await log.append(message("a", { key: "k", time: someTime + 9 })));
      expect(second).toEqual({ ...first, repeated: true });
      expect(await textsOf(log, "r1")).toEqual(["a", "b"]);
    });

    test("sent a hundred times at once makes one row and one answer", async () => {
      const { log } = store();
      await log.open(roomId("r1"), publicRoom);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          log.append(
            message(n % 2 === 0 ? "same" : `other ${n}`, { key: n % 2 === 0 ? "k" : `k${n}` }),
          ),
        ),
      );
      const same = answers.filter((_, n) => n % 2 === 0).map(stored);
      expect(new Set(same.map(({ sequence, id }) => `${sequence} ${id}`)).size).toBe(1);
      expect(same.filter(({ repeated }) => !repeated)).toHaveLength(1);
      const texts = await textsOf(log, "r1");
      expect(texts).toHaveLength(101);
      expect(texts.filter((text) => text === "same")).toHaveLength(1);
    });

    test("is found under rights that are over too, and stores nothing under them", async () => {
      const { log } = store();
      const first = stored(await log.append(message("a", { create: publicRoom, key: "k" })));
      const again = stored(await log.append(message("a", { key: "k", revision: -1 })));
      expect(again).toEqual({ ...first, repeated: true });
      const other = await log.append(message("b", { key: "l", revision: -1 }));
      expect(other.outcome).toBe("stale");
      expect(await textsOf(log, "r1")).toEqual(["a"]);
    });

    test("with another text is a conflict, and the first stays", async () => {
      const { log } = store();
      await log.append(message("a", { create: publicRoom, key: "k" }));
      expect(await log.append(message("b", { key: "k" }))).toEqual({ outcome: "conflict" });
      expect(await textsOf(log, "r1")).toEqual(["a"]);
    });

    test("with another type of event is a conflict", async () => {
      const { log } = store();
      await log.append(message("a", { create: publicRoom, key: "k" }));
      expect(await log.append(joined("u1", { key: "k" }))).toEqual({ outcome: "conflict" });
    });

    test("of somebody who was renamed in between is still a repeat", async () => {
      const { log } = store();
      await log.append(message("a", { create: publicRoom, key: "k", name: "Ada" }));
      const again = await log.append(message("a", { key: "k", name: "Ada L." }));
      expect(again).toMatchObject({ outcome: "stored", sequence: 1, repeated: true });
    });

    test("[HOOK-3] is compared with what was sent where something else is stored", async () => {
      const { log } = store();
      const { event: sent } = message("as sent");
      const first = stored(
        await log.append({ ...message("as rewritten", { create: publicRoom, key: "k" }), sent }),
      );
      expect(await textsOf(log, "r1")).toEqual(["as rewritten"]);
      // Sent again, whether or not it would be rewritten now.
      for (const again of [message("as sent", { key: "k" }), message("otherwise", { key: "k" })]) {
        const repeat = { ...again, ...(again.event === sent ? {} : { sent }) };
        expect(await log.append(repeat)).toEqual({ ...first, repeated: true });
      }
      const plain = message("as sent", { key: "k", revision: -1 });
      expect(await log.append(plain)).toEqual({ ...first, repeated: true });
      const stolen = message("as rewritten", { key: "k" });
      expect(await log.append(stolen)).toEqual({ outcome: "conflict" });
    });

    test("means something else in another room and for another principal", async () => {
      const { log } = store();
      await log.append(message("a", { create: publicRoom, key: "k" }));
      const elsewhere = [
        message("b", { room: "r2", create: publicRoom, key: "k" }),
        message("c", { key: "k", user: "u2" }),
        message("d", { key: "k", user: "u1", principal: "service:bot" }),
      ];
      for (const append of elsewhere) {
        expect(await log.append(append)).toMatchObject({ outcome: "stored", repeated: false });
      }
    });

    test("that repeats is answered even when rights have changed since", async () => {
      const { log } = store();
      const { revision } = stored(await log.append(joined("u1", { create: publicRoom })));
      await log.append(message("a", { key: "k", revision }));
      await log.append(joined("u2"));
      const again = await log.append(message("a", { key: "k", revision }));
      expect(again).toMatchObject({ outcome: "stored", sequence: 2, repeated: true });
    });

    test("of the event that made a room finds it", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom, key: "k" }));
      const again = await log.append(joined("u1", { create: publicRoom, key: "k" }));
      expect(again).toMatchObject({ outcome: "stored", sequence: 1, repeated: true });
    });

    test("is remembered after a restart", async () => {
      const harness = store();
      const first = stored(
        await harness.log.append(message("a", { create: publicRoom, key: "k" })),
      );
      await harness.reopen();
      const again = await harness.log.append(message("a", { key: "k" }));
      expect(again).toEqual({ ...first, repeated: true });
      expect(await harness.log.append(message("b", { key: "k" }))).toEqual({ outcome: "conflict" });
    });
  });
}
