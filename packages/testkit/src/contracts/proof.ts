import { createHash } from "node:crypto";
import type { ChainProof, RoomLog } from "@parlance/core";
import { canonicalize, type Json } from "@parlance/protocol";
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

async function recompute(
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
    if (given === undefined || !("nonce" in given) || !("data" in frame)) return undefined;
    const { data, ...envelope } = frame;
    const commitment = sha256(
      Buffer.from(given.nonce, "hex"),
      Buffer.from(canonicalize(data as unknown as Json)),
    ).toString("hex");
    const text = canonicalize({ ...envelope, commitment } as unknown as Json);
    hash = sha256(hash, Buffer.from(text));
  }
  return hash.toString("hex");
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
