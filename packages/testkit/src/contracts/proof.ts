import { createHash } from "node:crypto";
import type { ChainProof, RoomLog } from "@parlance/core";
import { canonicalize, type EventFrame, type Json } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import { joined, left, message, publicRoom, roomId, type UseStore } from "./harness.ts";

/** The chain, recomputed here from its definition and from what a reader gets. */
export function describeProof(store: UseStore): void {
  const fill = async (log: RoomLog): Promise<void> => {
    await log.append(joined("u1", { create: publicRoom }));
    await Promise.all([
      log.append(message("one", { key: "k1" })),
      log.append(message('zwei 🦊 "quoted" \\ \u0007')),
      log.append(joined("u2")),
      log.append(message("three", { user: "u2", key: "k" })),
    ]);
    await log.append(left("u2"));
  };

  describe("proof", () => {
    test("starts at 32 zero bytes and ends where a reader's own computation ends", async () => {
      const { log } = store();
      await fill(log);
      const proof = await log.proof(roomId("r1"), 1, 6);
      expect(proof?.hashBefore).toBe("00".repeat(32));
      expect(proof?.commitments).toHaveLength(6);
      expect(await recompute(log, 1, proof)).toBe(proof?.hashAfter);
    });

    test("of parts fits together", async () => {
      const harness = store();
      await fill(harness.log);
      const first = await harness.log.proof(roomId("r1"), 1, 2);
      await harness.reopen();
      const second = await harness.log.proof(roomId("r1"), 3, 6);
      expect(second?.hashBefore).toBe(first?.hashAfter);
      expect(await recompute(harness.log, 3, second)).toBe(second?.hashAfter);
      const { epoch } = (await harness.log.open(roomId("r1"))) ?? {};
      expect(second?.epoch).toBe(epoch);
    });

    test("is different for the same text under different nonces", async () => {
      const { log } = store();
      await log.append(message("same", { create: publicRoom }));
      await log.append(message("same"));
      const proof = await log.proof(roomId("r1"), 1, 2);
      expect(proof?.commitments[0]).not.toEqual(proof?.commitments[1]);
      for (const one of proof?.commitments ?? []) {
        expect(one).toEqual({ nonce: expect.stringMatching(/^[0-9a-f]{32}$/) });
      }
    });

    test("of what is not wholly in the log is undefined", async () => {
      const { log } = store();
      await fill(log);
      for (const [from, to] of [
        [0, 3],
        [1, 7],
        [7, 7],
        [4, 3],
      ] as const) {
        expect(await log.proof(roomId("r1"), from, to)).toBeUndefined();
      }
    });
  });
}

/** The running hash at the end of a proof as a reader computes it; undefined where the proof does not fit the events. */
export async function recompute(
  log: RoomLog,
  from: number,
  proof: ChainProof | undefined,
): Promise<string | undefined> {
  if (proof === undefined) return undefined;
  const { commitments, hashBefore } = proof;
  const page = await log.read({ room: roomId("r1"), after: from - 1, limit: commitments.length });
  let hash: Buffer = Buffer.from(hashBefore, "hex");
  for (const [index, { frame }] of (page?.events ?? []).entries()) {
    const given = commitments[index];
    const commitment = given === undefined ? undefined : commitmentOf(frame, given);
    if (commitment === undefined) return undefined;
    const { data: _, erased: __, ...envelope } = { data: null, erased: null, ...frame };
    const text = canonicalize({ ...envelope, commitment } as unknown as Json);
    hash = sha256(hash, Buffer.from(text));
  }
  return hash.toString("hex");
}

/** An erased payload has its commitment only, any other one its nonce only. */
function commitmentOf(
  frame: EventFrame,
  given: ChainProof["commitments"][number],
): string | undefined {
  if ("erased" in frame) return "commitment" in given ? given.commitment : undefined;
  if (!("nonce" in given)) return undefined;
  const payload = Buffer.from(canonicalize(frame.data as unknown as Json));
  return sha256(Buffer.from(given.nonce, "hex"), payload).toString("hex");
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
