import type { Draft } from "@parlance/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KeyValue } from "../chat/storage.ts";
import { createDraftSync, mostMs, pauseMs, placeOf } from "./draft-sync.ts";
import { createDrafts } from "./drafts.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** What the server does: the newest by time wins. */
function makeServer() {
  const kept = new Map<string, Draft>();
  const saves: string[] = [];
  let isDown = false;
  return {
    kept,
    saves,
    fail: (down: boolean) => {
      isDown = down;
    },
    save: async (
      key: string,
      text: string,
      editedAt = new Date().toISOString(),
      reply_to?: string,
    ): Promise<Draft> => {
      if (isDown) throw new Error("offline");
      saves.push(`${key}: ${text}`);
      const answer = reply_to === undefined ? {} : { reply_to };
      const draft = { ...placeOf(key), text, ...answer, edited_at: editedAt };
      const before = kept.get(key);
      if (before === undefined || before.edited_at <= editedAt) kept.set(key, draft);
      return kept.get(key) ?? draft;
    },
    all: (): Draft[] => [...kept.values()].filter(({ text }) => text !== ""),
  };
}

function device(server: ReturnType<typeof makeServer>, stored = new Map<string, string>()) {
  const storage = (): KeyValue => ({
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => void stored.set(key, value),
    removeItem: (key) => void stored.delete(key),
  });
  const drafts = createDrafts(storage, "u");
  const answers: string[] = [];
  const sync = createDraftSync({
    drafts,
    storage,
    me: "u",
    onAnswer: (key, message) => answers.push(`${key}: ${message ?? "none"}`),
    save: (key, text, editedAt) => server.save(key, text, editedAt, drafts.answer(key)),
    mayPass: () => true,
  });
  return { ...sync, stored, answers };
}
const wait = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test("a draft is sent when typing pauses, and now and then while it goes on", async () => {
  const server = makeServer();
  const { drafts } = device(server);
  for (let letter = 1; letter <= 3; letter += 1) {
    drafts.set("r", "x".repeat(letter));
    await wait(100);
  }
  expect(server.saves).toEqual([]);
  await wait(pauseMs);
  expect(server.saves).toEqual(["r: xxx"]);
  for (let letter = 4; letter * 100 < mostMs + 1_000; letter += 1) {
    drafts.set("r", "x".repeat(letter));
    await wait(100);
  }
  expect(server.saves.length).toBe(2);
});

test("what is written and sent within a moment never reaches the server as a draft", async () => {
  const server = makeServer();
  const { drafts } = device(server);
  drafts.set("r", "hello");
  drafts.set("r", "");
  await wait(pauseMs);
  expect(server.saves).toEqual([]);
});

test("another device's draft comes here, but never over what is being typed", async () => {
  const server = makeServer();
  const { drafts, changed } = device(server);
  const told: string[] = [];
  drafts.follow("r", (text) => told.push(text));
  changed({ ...placeOf("r"), text: "from the phone", edited_at: new Date().toISOString() });
  expect(told).toEqual(["from the phone"]);
  drafts.set("r", "from the phone, and");
  changed({ ...placeOf("r"), text: "the phone again", edited_at: new Date().toISOString() });
  expect(drafts.get("r")).toBe("from the phone, and");
  await wait(pauseMs);
  expect(server.all().map(({ text }) => text)).toEqual(["from the phone, and"]);
});

test("what was written without a line is sent with its time, so that something newer stays", async () => {
  const server = makeServer();
  server.fail(true);
  const { drafts, listed, stored } = device(server);
  drafts.set("r", "old");
  drafts.set("s", "mine");
  await wait(60_000);
  server.fail(false);
  await server.save("r", "newer, elsewhere");
  // A reload meanwhile changes nothing.
  const again = device(server, stored);
  again.listed(server.all(), Date.now());
  await wait(0);
  expect(again.drafts.get("r")).toBe("newer, elsewhere");
  expect(server.kept.get("s")?.text).toBe("mine");
  expect(drafts.get("s")).toBe("mine");
  listed([], 0);
});

test("what was sent or discarded elsewhere while this device was away is gone here too", async () => {
  const server = makeServer();
  const first = device(server);
  first.listed([], Date.now());
  first.drafts.set("r", "to be sent from the phone");
  await wait(pauseMs);
  await wait(1_000);
  await server.save("r", "");
  const again = device(server, first.stored);
  again.listed(server.all(), Date.now());
  expect(again.drafts.get("r")).toBe("");
});

test("drafts from before they were sent are not lost at the first sign-in", async () => {
  const server = makeServer();
  const stored = new Map([["parlance.drafts.u", JSON.stringify([["r", "years ago"]])]]);
  const { drafts, listed } = device(server, stored);
  listed([], Date.now());
  await wait(0);
  expect(drafts.get("r")).toBe("years ago");
  expect(server.all().map(({ text }) => text)).toEqual(["years ago"]);
});

test("another device takes over what a draft answers, and sends it along when it changes", async () => {
  const server = makeServer();
  const desk = device(server);
  const phone = device(server);
  desk.drafts.setAnswer("r", "m1");
  await wait(pauseMs);
  // Nothing is written yet.
  expect(server.saves).toEqual([]);
  desk.drafts.set("r", "yes, but");
  await wait(pauseMs);
  const kept = (): Draft => server.kept.get("r") ?? expect.fail("nothing is kept");
  phone.changed(kept());
  expect([phone.drafts.answer("r"), phone.answers]).toEqual(["m1", ["r: m1"]]);
  phone.drafts.setAnswer("r", "m2");
  await wait(pauseMs);
  desk.changed(kept());
  expect([desk.drafts.answer("r"), desk.answers]).toEqual(["m2", ["r: m2"]]);
  // Sent from the phone: what it answered is gone with it.
  phone.drafts.set("r", "");
  phone.drafts.setAnswer("r", undefined);
  await wait(pauseMs);
  desk.changed(kept());
  expect([desk.drafts.get("r"), desk.drafts.answer("r")]).toEqual(["", undefined]);
});
