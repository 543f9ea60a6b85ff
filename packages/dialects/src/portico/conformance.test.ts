import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JsonClient } from "../../test/json-client.ts";
import { type StageServer, startStage } from "../../test/stage.ts";
import { playTranscript } from "../../test/transcript.ts";

let stage: StageServer;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

test("[PE-07] [PE-08] [PE-09] [PE-10] [PE-11] pages speak as described", () =>
  playTranscript(join(import.meta.dirname, "transcripts/office.jsonl"), stage.stage("/wss")));

test("[PE-15] a known user who comes back gets what was published meanwhile, once, in order", async () => {
  const sender = await page(500);
  let reader = await page(501);
  notify(sender, "before");
  await reader.until((frame) => frame["message"] === "before");
  await sleep(1_500);
  reader.terminate();
  for (const text of ["missed 1", "missed 2", "missed 3"]) notify(sender, text);
  await sender.until((frame) => frame["message"] === "missed 3");
  await stage.server.kill();
  await stage.server.start();
  reader = await page(501);
  const texts: unknown[] = [];
  while (texts.length < 3) {
    texts.push((await reader.until((frame) => frame["type"] === "notification"))["message"]);
  }
  expect(texts).toEqual(["missed 1", "missed 2", "missed 3"]);
  await reader.expectSilence((frame) => frame["type"] === "notification");
  reader.terminate();
});

async function page(userId: number): Promise<JsonClient> {
  const client = await JsonClient.open(`${stage.server.url}/wss`);
  client.send({ type: "update_user_info", userId });
  const { success } = await client.until(
    (frame) => frame["type"] === "user_info_update_confirmation",
  );
  expect(success).toBe(true);
  return client;
}

function notify(client: JsonClient, message: string): void {
  client.send({ type: "notification", message, data: {} });
}
