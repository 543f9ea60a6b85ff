/** A checker that finds nothing proves nothing: each way to build it wrong must be found, and by the right name. */
import { nativeDialect } from "@parlance/dialects/native";
import { simulate } from "@parlance/testkit/simulation";
import { describe, expect, test } from "vitest";
import { mutants } from "./mutants.ts";

/** Seeds tried before a mutant counts as not found; some need a fault that few runs have. */
const maxSeeds = 200;

describe("the simulation finds a node that", () => {
  for (const { name, breaks, tampering } of mutants) {
    test(`${name}: ${breaks.map((id) => `[${id}]`).join(" or ")}`, async () => {
      const found = new Set<string>();
      for (let seed = 1; seed <= maxSeeds; seed += 1) {
        const { violations } = await simulate({ seed, dialect: nativeDialect, tampering });
        for (const { invariant } of violations) found.add(invariant);
        if (breaks.some((id) => found.has(id))) return;
      }
      expect([...found], `not found in ${maxSeeds} seeds`).toEqual(
        expect.arrayContaining([...breaks]),
      );
    });
  }
});
