import { describe, expect, test } from "vitest";
import type { KeyValue } from "../chat/storage.ts";
import { createDrafts, draftKey, maxDrafts } from "./drafts.ts";

function memory(): KeyValue {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

describe("drafts", () => {
  test("a draft is there again after a reload, byte for byte", () => {
    const storage = memory();
    createDrafts(() => storage, "u_a").set("general", "  two\nlines \u202e");
    expect(createDrafts(() => storage, "u_a").get("general")).toBe("  two\nlines \u202e");
  });

  test("drafts belong to one user and one room", () => {
    const storage = memory();
    createDrafts(() => storage, "u_a").set("general", "mine");
    expect(createDrafts(() => storage, "u_b").get("general")).toBe("");
    expect(createDrafts(() => storage, "u_a").get("other")).toBe("");
  });

  test("an empty draft leaves nothing behind", () => {
    const storage = memory();
    const drafts = createDrafts(() => storage, "u_a");
    drafts.set("general", "x");
    drafts.set("general", " \n");
    expect(storage.getItem("parlance.drafts.u_a")).toBeNull();
  });

  test("what a draft answers is kept with it, and a room's threads go with the room", () => {
    const storage = memory();
    const drafts = createDrafts(() => storage, "u_a");
    drafts.set(draftKey("general", "m1"), "in a thread");
    drafts.setAnswer("general", "m2");
    drafts.set("other", "x");
    const again = createDrafts(() => storage, "u_a");
    expect([again.get("general/m1"), again.answers()]).toEqual([
      "in a thread",
      [["general", "m2"]],
    ]);
    again.forget("general");
    expect(storage.getItem("parlance.drafts.u_a")).toBe('[["other","x"]]');
  });

  test("the oldest goes when there are too many", () => {
    const storage = memory();
    const drafts = createDrafts(() => storage, "u_a");
    for (let index = 0; index <= maxDrafts; index += 1) drafts.set(`r${index}`, "x");
    expect(drafts.get("r0")).toBe("");
    expect(drafts.get(`r${maxDrafts}`)).toBe("x");
  });

  test("broken or refused storage costs nothing but the memory", () => {
    const storage = memory();
    storage.setItem("parlance.drafts.u_a", '{"not":"a list"}');
    expect(createDrafts(() => storage, "u_a").get("general")).toBe("");
    const refused = createDrafts(() => {
      throw new Error("refused");
    }, "u_a");
    refused.set("general", "x");
    expect(refused.get("general")).toBe("x");
  });
});
