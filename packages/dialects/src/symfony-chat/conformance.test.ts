import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JsonClient } from "../../test/json-client.ts";
import { type StageServer, startStage } from "../../test/stage.ts";
import { playTranscript } from "../../test/transcript.ts";

let stage: StageServer;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

test("[SC-03] [SC-07] [SC-08] [SC-09] [SC-16] people, rooms, frames and REST as described", () =>
  playTranscript(
    join(import.meta.dirname, "transcripts/room.jsonl"),
    stage.stage("/symfony-chat"),
  ));

test("[SC-09] a message sent right behind `auth` comes back to its sender, in the room that `auth` named", async () => {
  const { url } = stage.server;
  const response = await fetch(`${url}/api/users`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "in_a_hurry", email: "hurry@example.com" }),
  });
  const { id } = (await response.json()) as { id: number };
  const client = await JsonClient.open(`${url}/symfony-chat`);
  client.send({ type: "auth", userId: id, roomId: "hurry" });
  client.send({ type: "chat_message", roomId: "hurry", content: "first" });
  client.send({ type: "chat_message", roomId: "hurry", content: "second" });
  const types: unknown[] = [];
  while (types.length < 4) types.push((await client.next())?.["type"]);
  expect(types).toEqual(["auth_success", "room_joined", "chat_message", "chat_message"]);
  client.terminate();
});
