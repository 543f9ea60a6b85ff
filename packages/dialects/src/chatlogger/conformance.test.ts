import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type StageServer, startStage } from "../../test/stage.ts";
import { playTranscript } from "../../test/transcript.ts";

let stage: StageServer;
beforeAll(async () => {
  stage = await startStage({ PARLANCE_TIME_ZONE: "UTC" });
});
afterAll(() => stage.close());

test("[CL-04] [CL-06] [CL-08] [CL-09] [CL-19] pages chat as described, and who comes later gets the last messages", () =>
  playTranscript(join(import.meta.dirname, "transcripts/chat.jsonl"), stage.stage("/chatlogger")));

test("[CL-07] [CL-15] whoever wrote is among the users, and nobody stays connected who has gone", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${stage.server.port}/chatlogger`);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(JSON.stringify({ username: "Dora", message: "hi" }));
  await new Promise<void>((resolve) => {
    socket.on("message", (data: Buffer) => {
      if (data.toString().includes("Dora")) resolve();
    });
  });
  const users = (await (await fetch(`${stage.server.url}/api/users`)).json()) as {
    username: string;
    status: string;
  }[];
  expect(users.find(({ username }) => username === "Dora")).toMatchObject({ status: "online" });
  socket.close();
  await expect
    .poll(async () => {
      const found = (await (await fetch(`${stage.server.url}/api/users`)).json()) as typeof users;
      return found.find(({ username }) => username === "Dora")?.status;
    })
    .toBe("offline");
});

test("a name that an account here goes by is marked where nobody has shown to be it", async () => {
  const account = { username: "gerda", email: "gerda@example.com" };
  await fetch(`${stage.server.url}/api/users`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(account),
  });
  const socket = new WebSocket(`ws://127.0.0.1:${stage.server.port}/chatlogger`);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(JSON.stringify({ username: "gerda", message: "it is me" }));
  const frame = await new Promise<Record<string, unknown>>((resolve) => {
    socket.on("message", (data: Buffer) => {
      const read = JSON.parse(data.toString()) as Record<string, unknown>;
      if (read["username"] === "gerda") resolve(read);
    });
  });
  expect(frame).toMatchObject({ message: "it is me", name_of_account: true });
  expect(frame).not.toHaveProperty("verified");
  socket.terminate();
});
