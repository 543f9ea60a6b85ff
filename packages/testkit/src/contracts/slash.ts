import type { SlashRecord } from "@parlance/core";
import type { Principal } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import { type UseStore, userId } from "./harness.ts";

function offered(name: string, owner: string, more: Partial<SlashRecord> = {}): SlashRecord {
  return {
    name,
    owner: owner as Principal,
    author: userId(owner),
    authorName: "Weather",
    description: "Tells it",
    ...more,
  };
}

/** Commands of applications: the same on every engine. */
export function describeSlash(store: UseStore): void {
  describe("slash commands", () => {
    test("are kept by name, described anew by whose they are, and by nobody else", async () => {
      const { directory } = store();
      const rain = offered("rain", "service:a", { usage: "<city>", rooms: ["a*", "b"] });
      expect(await directory.putSlashCommand("rain", rain, 2)).toBe("put");
      expect(await directory.putSlashCommand("ask", offered("ask", "service:b"), 2)).toBe("put");
      expect(await directory.putSlashCommand("rain", offered("rain", "service:b"), 2)).toBe(
        "taken",
      );
      expect(await directory.putSlashCommand("sun", offered("sun", "service:a"), 2)).toBe("full");
      const anew = offered("rain", "service:a", { description: "Says 語" });
      expect(await directory.putSlashCommand("rain", anew, 2)).toBe("put");
      await store().reopen();
      expect(await store().directory.slashCommands()).toEqual([offered("ask", "service:b"), anew]);
    });

    test("are removed by whose they are, or by whoever may remove all", async () => {
      const { directory } = store();
      await directory.putSlashCommand("rain", offered("rain", "service:a"), 2);
      expect(await directory.removeSlashCommand("rain", "service:b" as Principal)).toBe(false);
      expect(await directory.removeSlashCommand("rain", "service:a" as Principal)).toBe(true);
      await directory.putSlashCommand("rain", offered("rain", "service:a"), 2);
      expect(await directory.removeSlashCommand("rain", undefined)).toBe(true);
      expect(await directory.removeSlashCommand("rain", undefined)).toBe(false);
      expect(await directory.slashCommands()).toEqual([]);
    });
  });
}
