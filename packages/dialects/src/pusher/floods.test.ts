/** Pages of Pusher's protocol that ask for too much: each is answered, what they take is bounded, and a bystander goes on. */
import type Server from "pusher";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JsonClient } from "../../test/json-client.ts";
import { backEnd, pusherEnvironment, RawPage, sign } from "../../test/pusher-scene.ts";
import { type StageServer, startStage } from "../../test/stage.ts";

let stage: StageServer;
let shop: Server;
let bystander: RawPage;
let sold = 0;

beforeAll(async () => {
  stage = await startStage(pusherEnvironment);
  shop = backEnd(stage.server.port);
  bystander = await RawPage.open(stage.server.url);
  await bystander.subscribed("private-bystander");
});
afterAll(async () => {
  bystander.client.terminate();
  await stage.close();
});

const open = (): Promise<RawPage> => RawPage.open(stage.server.url);
const countOf = ({ client }: RawPage, name: string): number =>
  client.frames.filter(({ event }) => event === name).length;
const dataOf = (n: number): string => `{"n":${n}}`;

/** The bystander gets the next event once, and has heard nothing odd. */
async function goesOn(): Promise<void> {
  sold += 1;
  await shop.trigger("private-bystander", "sold", { n: sold });
  const all = Array.from({ length: sold }, (_, index) => dataOf(index + 1));
  await expect
    .poll(() =>
      bystander.client.frames.filter(({ event }) => event === "sold").map(({ data }) => data),
    )
    .toEqual(all);
  expect(countOf(bystander, "pusher:error")).toBe(0);
  expect(bystander.client.closedWith).toBeUndefined();
}

test("[J30] [J27] ten thousand subscribe frames for one channel: it is subscribed once, and the page is answered or ended with 4100", async () => {
  const raw = await open();
  const auth = sign(`${raw.socketId}:private-again`);
  for (let n = 0; n < 10_000; n += 1) raw.subscribe("private-again", undefined, auth);
  await goesOn();
  await raw.comes("pusher_internal:subscription_succeeded");
  await shop.trigger("private-again", "sold", { n: 0 });
  await expect.poll(() => raw.client.closedWith ?? countOf(raw, "sold")).toBeOneOf([1, 4100]);
  expect(countOf(raw, "sold")).toBeLessThanOrEqual(1);
  raw.client.terminate();
  await goesOn();
});

test("[J27] [I-26] five thousand channels: a thousand are subscribed, or the page is ended with 4100", async () => {
  const raw = await open();
  for (let n = 0; n < 5_000; n += 1) raw.subscribe(`private-wide-${n}`);
  await goesOn();
  const done = (): boolean =>
    raw.client.closedWith !== undefined ||
    countOf(raw, "pusher_internal:subscription_succeeded") +
      countOf(raw, "pusher:subscription_error") >=
      5_000;
  await expect.poll(done, { timeout: 25_000 }).toBe(true);
  expect(raw.client.closedWith ?? 4100).toBe(4100);
  expect(countOf(raw, "pusher_internal:subscription_succeeded")).toBeLessThanOrEqual(1_000);
  raw.client.terminate();
  await goesOn();
});

test("[J27] of eleven hundred channels a thousand are subscribed and the others refused, and the page is kept", async () => {
  const raw = await open();
  for (let n = 0; n < 1_100; n += 1) raw.subscribe(`private-many-${n}`);
  await expect
    .poll(() => countOf(raw, "pusher_internal:subscription_succeeded"), { timeout: 25_000 })
    .toBe(1_000);
  const refused = (): unknown[] =>
    raw.client.frames
      .filter(({ event }) => event === "pusher:subscription_error")
      .map(({ data }) => (JSON.parse(String(data)) as { readonly status: number }).status);
  await expect.poll(refused).toEqual(Array.from({ length: 100 }, () => 413));
  expect(raw.client.closedWith).toBeUndefined();
  raw.client.terminate();
  await goesOn();
});

test.each([
  ["channel_data", (long: string) => ({ channel: "presence-long", auth: "x", channel_data: long })],
  ["a signature", (long: string) => ({ channel: "private-long", auth: long })],
  ["a channel's name", (long: string) => ({ channel: long, auth: "x" })],
])(
  "[J12] [T16] %s of 1 MB ends the connection with 1009, and only that one",
  async (_, dataWith) => {
    const raw = await open();
    const long = "x".repeat(1_048_576);
    raw.client.send({ event: "pusher:subscribe", data: dataWith(long) });
    await expect.poll(() => raw.client.closedWith).toBe(1009);
    await goesOn();
  },
);

test("[J12] below the limit of a frame they are refused, and the connection is kept", async () => {
  const raw = await open();
  const long = "x".repeat(100_000);
  raw.subscribe("private-long", undefined, long);
  expect(await raw.comes("pusher:error")).toMatchObject({ data: { code: 4009 } });
  await raw.comes("pusher:subscription_error");
  raw.subscribe(long);
  await raw.comes("pusher:subscription_error");
  raw.subscribe("presence-long", JSON.stringify({ user_id: "ann", user_info: { name: long } }));
  const refused = await raw.comes("pusher:subscription_error");
  expect(JSON.parse(refused["data"] as string)).toMatchObject({ status: 413 });
  raw.subscribe("presence-long", long);
  await raw.comes("pusher:subscription_error");
  raw.client.send({ event: "pusher:signin", data: { auth: long, user_data: '{"id":"ann"}' } });
  expect(await raw.comes("pusher:error")).toMatchObject({ data: { code: 4009 } });
  await raw.subscribed("private-short");
  raw.client.terminate();
  await goesOn();
});

test("[J29] a hundred sign-ins are answered each, and the first says who it is", async () => {
  const raw = await open();
  for (let n = 0; n < 100; n += 1) raw.signIn({ id: n % 2 === 0 ? "first" : `other-${n}` });
  await expect
    .poll(() => countOf(raw, "pusher:signin_success") + countOf(raw, "pusher:error"))
    .toBe(100);
  expect(countOf(raw, "pusher:signin_success")).toBe(50);
  await raw.subscribed("#server-to-user-first");
  raw.subscribe("#server-to-user-other-1");
  await raw.comes("pusher:subscription_error");
  raw.client.terminate();
  await goesOn();
});

test("[A1] [I-18] ids that are the server's own are nobody's to sign for", async () => {
  const native = await JsonClient.open(`${stage.server.url}/ws`);
  native.send({ type: "sign_in", id: 1, guest: { name: "Ann" } });
  const answer = await native.until(({ type }) => type === "reply" || type === "error");
  const { user } = answer["result"] as { readonly user: { readonly id: string } };
  expect(user.id).toMatch(/^u_/);
  for (const id of [user.id, "u_made-up", "service:pusher", "anonymous:x", "unverified:ann"]) {
    const raw = await open();
    raw.signIn({ id });
    expect(await raw.comes("pusher:error"), id).toMatchObject({ data: { code: 4009 } });
    raw.subscribe("presence-own", JSON.stringify({ user_id: id }));
    expect(await raw.comes("pusher:error"), id).toMatchObject({ data: { code: 4009 } });
    await raw.comes("pusher:subscription_error");
    expect(countOf(raw, "pusher:signin_success"), id).toBe(0);
    await raw.subscribed("presence-own", JSON.stringify({ user_id: "somebody" }));
    raw.client.terminate();
  }
  native.terminate();
  await goesOn();
});

test("[J30] connections that say nothing but their key are told where they are, five hundred at once", async () => {
  const pages = await Promise.all(Array.from({ length: 500 }, open));
  expect(new Set(pages.map(({ socketId }) => socketId)).size).toBe(500);
  await goesOn();
  for (const { client } of pages) client.terminate();
});
