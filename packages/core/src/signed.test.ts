/** What an application signs for its pages, over the Pusher dialect, whose pages come by nothing else. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import {
  signedAuthenticator as authenticator,
  SignedPage as Page,
  textSignatures as signatures,
  signInWaitMs,
} from "@parlance/testkit/signed-page";
import { beforeEach, expect, test } from "vitest";

let harness: Harness;
let shop: TestClient;
let count: number;

beforeEach(async () => {
  const store = createMemoryStore({ random: () => 0.5 });
  await store.directory.upsertExternal("ann" as UserId, "ann", 0);
  harness = await startNode({
    ...store,
    broker: createMemoryBroker(),
    authenticator,
    signatures,
    settings: { outboxBytes: 2_000 },
  });
  shop = await harness.signIn("service:shop?publish");
  count = 0;
});

/** One of which nobody waits to hear who it is. */
async function page(): Promise<Page> {
  const made = new Page(harness);
  await settle();
  await harness.clock.advance(signInWaitMs);
  return made;
}

/** Publishes 1, 2, 3 … in one turn. */
async function sell(room: string, times: number, except?: Page): Promise<void> {
  const done: Promise<unknown>[] = [];
  for (let index = 0; index < times; index += 1) {
    count += 1;
    const by = except === undefined ? {} : { socket_id: except.socketId };
    const data = { pusher: { name: "sold", data: JSON.stringify(count), ...by } };
    const id = `m${count}`;
    done.push(
      shop.ask({
        type: "publish",
        room: room as RoomId,
        client_message_id: id,
        text: "x",
        data,
      } as never),
    );
  }
  await Promise.all(done);
  await settle();
}

test("an event is not for the connection that it names, and all others share one chunk of the turn", async () => {
  const [one, other] = [await page(), await page()];
  await one.subscribe("town");
  await other.subscribe("town");
  const before = [one.writes, other.writes];
  const others = sell("town", 1);
  const excluded = sell("town", 1, one);
  const last = sell("town", 1);
  await Promise.all([others, excluded, last]);
  expect(other.sold()).toEqual([1, 2, 3]);
  expect(one.sold()).toEqual([1, 3]);
  expect(one.writes - (before[0] ?? 0)).toBe(other.writes - (before[1] ?? 0));
});

test("[F-C1] a page that lags reads from the log, and what is not for it stays out", async () => {
  const one = await page();
  await one.subscribe("town");
  one.stalls = true;
  for (let round = 0; round < 30; round += 1) await sell("town", 1);
  await sell("town", 2, one);
  await sell("town", 2);
  await one.drain();
  await expect.poll(() => one.sold().length).toBe(32);
  expect(one.sold()).not.toContain(31);
  expect(one.sold().at(-1)).toBe(34);
});

test("[I-14] a signature is good for its channel, and no more once its holder was put out", async () => {
  await sell("private-desk", 1);
  const ann = await page();
  await ann.subscribe("presence-other", JSON.stringify({ user_id: "ann" }));
  await ann.subscribe("private-desk");
  await sell("private-desk", 1);
  expect(ann.sold()).toEqual([2]);
  const boss = await harness.signIn("service:boss?admin");
  await boss.ask({ type: "ban_member", room: "private-desk" as RoomId, user: "ann" } as never);
  await settle();
  expect(ann.has("pusher:subscription_error")).toBe(true);
  await ann.subscribe("private-desk");
  await sell("private-desk", 1);
  expect(ann.sold()).toEqual([2]);
});

test("[I-16] a room that is signed for is made by no use of anybody else, and read by nobody else", async () => {
  const mallory = await harness.signIn("mallory");
  const reading = { type: "subscribe", room: "private-safe" as RoomId } as const;
  expect(await mallory.answer(reading)).toMatchObject({ code: "not_found" });
  const writing = {
    type: "publish",
    room: "private-safe" as RoomId,
    client_message_id: "1",
    text: "x",
  };
  expect(await mallory.answer(writing as never)).toMatchObject({ code: "not_found" });
  await sell("private-safe", 1);
  expect(await mallory.answer(reading)).toMatchObject({ code: "not_found" });
});

test("[A1] a page goes on reading when it has signed in, and is nobody else afterwards", async () => {
  const ann = await page();
  await ann.subscribe("private-desk");
  await ann.signIn("ann");
  expect(ann.has("pusher:signin_success")).toBe(true);
  await sell("private-desk", 1);
  expect(ann.sold()).toEqual([1]);
  await ann.signIn("bob");
  expect(ann.inlet.identity?.user).toBe("ann");
  expect(ann.has("pusher:error")).toBe(true);
});
