/** What a page of Pusher's protocol may send wrongly, against a whole server: answered, and nobody else sees anything of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { backEnd, pusherEnvironment, RawPage } from "../../test/pusher-scene.ts";
import { type StageServer, startStage } from "../../test/stage.ts";

const channel = "private-input";
const json = JSON.stringify;

let stage: StageServer;
let actor: RawPage;
let bystander: RawPage;
let sold = 0;

beforeAll(async () => {
  stage = await startStage(pusherEnvironment);
  [actor, bystander] = [await RawPage.open(stage.server.url), await RawPage.open(stage.server.url)];
  for (const each of [actor, bystander]) await each.subscribed(channel);
});
afterAll(async () => {
  for (const { client } of [actor, bystander]) client.terminate();
  await stage.close();
});

/** The connection was kept: an event reaches both once, and the bystander has heard nothing else. */
async function goesOn(): Promise<void> {
  sold += 1;
  await backEnd(stage.server.port).trigger(channel, "sold", { n: sold });
  const all = Array.from({ length: sold }, (_, index) => `{"n":${index + 1}}`);
  for (const { client } of [actor, bystander]) {
    await expect
      .poll(() => client.frames.filter(({ event }) => event === "sold").map(({ data }) => data))
      .toEqual(all);
  }
  expect(bystander.client.frames.filter(({ event }) => event === "pusher:error")).toEqual([]);
}

async function refused(raw: string): Promise<void> {
  actor.client.send(raw);
  expect(await actor.comes("pusher:error"), raw.slice(0, 80)).toMatchObject({
    data: { code: null },
  });
  // Twenty bad frames in a row would end the connection; that has a test of its own.
  actor.client.send({ event: "pusher:ping" });
  await actor.comes("pusher:pong");
}

test.each([
  ["J1", ["", "   ", "\ufeff{}"]],
  ["J2", ["{", "}{", '{"event":"pusher:ping",}', '{"event":"pusher:ping" /* x */}', "1e999"]],
  ["J3", ["null", "0", "true", '""', "[]"]],
  ["J4", ["{}", ...[null, {}, [], 7].map((event) => json({ event }))]],
  ["J5", ["__proto__", "constructor", "toString"].map((event) => json({ event }))],
  ["J8", ["pusher:nothing", "pusher_internal:x", "pusher:error"].map((event) => json({ event }))],
])("[%s] what is no frame is refused, and the connection is kept", async (_rule, frames) => {
  for (const frame of frames) await refused(frame);
  await goesOn();
});

test("[J6] a prototype in a frame changes nothing", async () => {
  actor.client.send('{"event":"pusher:ping","data":{},"__proto__":{"admin":true}}');
  await actor.comes("pusher:pong");
  const user = '{"user_id":"proto","user_info":{"__proto__":{"admin":true},"name":"P"}}';
  await actor.subscribed("presence-proto", user);
  expect("admin" in {}).toBe(false);
  await goesOn();
});

test("[J7] deep nesting is refused at once, in a frame and in what is signed", async () => {
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  await refused(deep);
  await refused(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`);
  actor.subscribe("presence-deep", `{"user_id":"deep","user_info":${deep}}`);
  await actor.comes("pusher:subscription_error");
  await goesOn();
});

test("[J9] a binary frame ends the connection with 1003, and only that one", async () => {
  const raw = await RawPage.open(stage.server.url);
  raw.client.socket.send(Buffer.from('{"event":"pusher:ping"}'), { binary: true });
  await expect.poll(() => raw.client.closedWith).toBe(1003);
  await goesOn();
});

test("[J4] [J11] fields of another type", async () => {
  for (const data of [null, 7, [], "x", {}, { channel: 7 }, { channel: {} }, { channel: null }]) {
    await refused(json({ event: "pusher:subscribe", data }));
    await refused(json({ event: "pusher:unsubscribe", data }));
  }
  for (const more of [{ auth: 7 }, { auth: {} }, { channel_data: {} }, { channel_data: 7 }]) {
    await refused(json({ event: "pusher:subscribe", data: { channel, ...more } }));
  }
  await goesOn();
});

test("[J11] who is signed for must be somebody", async () => {
  const users = ["", " ", "a b", "x".repeat(1_000), "a\u0000", "\ud800", null, {}, [], 1.5, true];
  for (const user of users) {
    actor.subscribe("presence-input", json({ user_id: user }));
    await actor.comes("pusher:subscription_error");
  }
  for (const text of ["", "{", "[]", "null", '"ann"', "7"]) {
    actor.subscribe("presence-input", text);
    await actor.comes("pusher:subscription_error");
  }
  await goesOn();
});

test("[J31] of two members with one name the last counts, for the signature and for the use", async () => {
  const raw = await RawPage.open(stage.server.url);
  await raw.subscribed("presence-twice", '{"user_id":"first","user_id":"last"}');
  await raw.subscribed("#server-to-user-last");
  raw.subscribe("#server-to-user-first");
  await raw.comes("pusher:subscription_error");
  raw.client.terminate();
  await goesOn();
});
