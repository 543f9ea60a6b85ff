/** What pages of Pusher's clients missed while they were away, with the clock in hand. */
import { createMemoryBroker } from "@parlance/broker/memory";
import type { RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import {
  SignedPage,
  signedAuthenticator,
  signInWaitMs,
  textSignatures,
} from "@parlance/testkit/signed-page";
import { beforeEach, describe, expect, test } from "vitest";

const tenMinutesMs = 600_000;

let harness: Harness;
let shop: TestClient;
let bob: TestClient;
let count: number;

beforeEach(async () => {
  const store = createMemoryStore({ random: () => 0.5 });
  for (const user of ["ann", "bob"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  harness = await startNode({
    ...store,
    broker: createMemoryBroker(),
    authenticator: signedAuthenticator,
    signatures: textSignatures,
  });
  shop = await harness.signIn("service:shop?publish");
  bob = await harness.signIn("bob");
  count = 0;
});

async function page(): Promise<SignedPage> {
  const made = new SignedPage(harness);
  await settle();
  return made;
}

async function annAt(channel: string, device?: string): Promise<SignedPage> {
  const made = await page();
  if (channel.startsWith("presence-")) {
    await made.subscribe(channel, JSON.stringify({ user_id: "ann", device }));
    return made;
  }
  await made.signIn("ann", device);
  await made.subscribe(channel);
  return made;
}

/** Triggers 1, 2, 3 …. */
async function sell(channel: string, times: number): Promise<void> {
  const done: Promise<unknown>[] = [];
  for (let index = 0; index < times; index += 1) {
    count += 1;
    const command = {
      type: "publish",
      room: channel as RoomId,
      client_message_id: `m${count}`,
      text: "x",
      data: { pusher: { name: "sold", data: JSON.stringify(count) } },
    } as const;
    done.push(shop.ask(command));
  }
  await Promise.all(done);
  await settle();
}

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Events of the log as they came, whatever they are called. */
function logOf(made: SignedPage): (readonly [string, unknown])[] {
  return made.frames
    .filter(({ event }) => event === "sold" || event === "message")
    .map(({ event, data }) => {
      const said = JSON.parse(String(data)) as { text?: string };
      return [event, event === "sold" ? said : said.text] as const;
    });
}

describe.each(["town", "private-desk", "presence-desk"])("[I-13] %s", (channel) => {
  test("a page that was away for ten minutes gets what it missed, once and in order", async () => {
    const first = await annAt(channel);
    await sell(channel, 3);
    expect(first.sold()).toEqual([1, 2, 3]);
    first.loseLine();
    for (let minute = 0; minute < 10; minute += 1) {
      await sell(channel, 1);
      await harness.clock.advance(tenMinutesMs / 10);
    }
    const second = await annAt(channel);
    await settle();
    expect(second.sold()).toEqual(upTo(4, 13));
    await sell(channel, 1);
    expect(second.sold()).toEqual(upTo(4, 14));
    expect(second.has("parlance:reset")).toBe(false);
  });

  test("five hundred missed events with other dialects' messages among them", async () => {
    const first = await annAt(channel);
    await sell(channel, 1);
    if (channel !== "town") {
      const add = { type: "add_member", room: channel as RoomId, user: "bob" as UserId } as const;
      await (await harness.signIn("service:boss?admin")).ask(add);
    }
    first.loseLine();
    const expected: (readonly [string, unknown])[] = [];
    for (let round = 0; round < 50; round += 1) {
      await sell(channel, 9);
      await bob.publish(channel as RoomId, `bob ${round}`, `b${round}`);
      for (const n of upTo(count - 8, count)) expected.push(["sold", n]);
      expected.push(["message", `bob ${round}`]);
      await harness.clock.advance(tenMinutesMs / 50);
    }
    const second = await annAt(channel);
    await expect.poll(() => logOf(second).length).toBe(500);
    expect(logOf(second)).toEqual(expected);
  });

  test("a second page of the same user with a device of its own has a place of its own", async () => {
    const [one, other] = [await annAt(channel, "one"), await annAt(channel, "other")];
    await sell(channel, 2);
    one.loseLine();
    await sell(channel, 2);
    expect(other.sold()).toEqual([1, 2, 3, 4]);
    await harness.clock.advance(tenMinutesMs);
    const back = await annAt(channel, "one");
    expect(back.sold()).toEqual([3, 4]);
    other.loseLine();
    await sell(channel, 1);
    expect((await annAt(channel, "other")).sold()).toEqual([5]);
    expect(back.sold()).toEqual([3, 4, 5]);
  });
});

describe.each(["town", "private-desk"])("[I-11] %s, subscribed before pusher:signin", (channel) => {
  /** Has read 1, and has missed 2 and 3. */
  async function away(): Promise<void> {
    const first = await annAt(channel);
    await sell(channel, 1);
    first.loseLine();
    await sell(channel, 2);
  }

  test("what comes live in between is behind what was missed, each once", async () => {
    await away();
    const second = await page();
    await second.subscribe(channel);
    await sell(channel, 1);
    await second.signIn("ann");
    expect(second.sold()).toEqual([2, 3, 4]);
    await sell(channel, 1);
    await harness.clock.advance(signInWaitMs);
    expect(second.sold()).toEqual([2, 3, 4, 5]);
    second.loseLine();
    await sell(channel, 1);
    expect((await annAt(channel)).sold()).toEqual([6]);
  });

  test("somebody new gets what came live in between, in order", async () => {
    await sell(channel, 1);
    const made = await page();
    await made.subscribe(channel);
    await sell(channel, 2);
    expect(made.sold()).toEqual([]);
    await made.signIn("ann");
    expect(made.sold()).toEqual([2, 3]);
    await sell(channel, 1);
    expect(made.sold()).toEqual([2, 3, 4]);
  });

  test("a page that does not sign in waits a second after it came and no longer", async () => {
    const made = await page();
    await made.subscribe(channel);
    await sell(channel, 2);
    await harness.clock.advance(signInWaitMs - 1);
    expect(made.sold()).toEqual([]);
    await harness.clock.advance(1);
    expect(made.sold()).toEqual([1, 2]);
    await sell(channel, 1);
    expect(made.sold()).toEqual([1, 2, 3]);
    await made.subscribe(`${channel}-later`);
    await sell(`${channel}-later`, 1);
    expect(made.sold()).toEqual([1, 2, 3, 4]);
  });

  test("later than that what was missed is behind what came live, each once", async () => {
    await away();
    const second = await page();
    await second.subscribe(channel);
    await harness.clock.advance(signInWaitMs);
    await sell(channel, 1);
    expect(second.sold()).toEqual([4]);
    await second.signIn("ann");
    expect(second.sold()).toEqual([4, 2, 3]);
    await sell(channel, 1);
    expect(second.sold()).toEqual([4, 2, 3, 5]);
    second.loseLine();
    await sell(channel, 1);
    expect((await annAt(channel)).sold()).toEqual([6]);
  });
});

test("[I-13] what is in no log reaches a page of which it is not known yet who it is", async () => {
  const [one, other] = [await page(), await page()];
  for (const each of [one, other]) await each.subscribe("private-desk");
  one.inlet.receive(JSON.stringify({ event: "client-x", channel: "private-desk", data: {} }));
  await settle();
  expect([one.has("client-x"), other.has("client-x")]).toEqual([false, true]);
});
