/** Polls, slash commands and what only one sees, over HTTP, with an application behind the signed hook. */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let config: Config;
let server: ParlanceServer;
let application: Server;
let key: string;
let ann: string;
const asked: Record<string, unknown>[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "asking-"));
  application = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const question = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      asked.push({ ...question, signature: request.headers["parlance-signature"] });
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ text: "It rains.", only_you: "Take an umbrella." }));
    });
  });
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  const { port } = application.address() as AddressInfo;
  const flags = { port: "0", log_level: "error", rpc_hook_url: `http://127.0.0.1:${port}/hook` };
  config = loadConfig({ flags, environment: {}, directory }).config;
  server = await startServer(config);
  const operator = await signLocalToken(config, {
    user: "service:test",
    ttlSeconds: 600,
    scopes: ["admin"],
  });
  const made = { name: "weather", scopes: ["publish", "read"] };
  key = (await send("POST", "/admin/keys", operator, made)).body["token"] as string;
  const account = { username: "ann", password: "a long password 1" };
  ann = (await send("POST", "/accounts", "", account)).body["token"] as string;
});
afterAll(async () => {
  await server.close(0);
  application.close();
  await rm(directory, { recursive: true, force: true });
});

async function send(method: string, path: string, token: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

test("a poll is asked, voted in, read and ended", async () => {
  const poll = { options: ["yes", "no"], several: true };
  const asking = await send("POST", "/rooms/tea/messages", ann, { text: "Tea?", poll });
  const message = `/rooms/tea/messages/${String(asking.body["message_id"])}`;
  const voted = await send("PUT", `${message}/vote`, ann, { choices: [1, 0] });
  expect(voted).toMatchObject({ status: 200, body: { choices: [0, 1], sequence: 2 } });
  for (const choices of [[2], [0, 0], ["0"], [-1]]) {
    expect((await send("PUT", `${message}/vote`, ann, { choices })).status).toBe(400);
  }
  expect(await send("POST", `${message}/close-poll`, ann)).toMatchObject({ status: 200 });
  expect((await send("PUT", `${message}/vote`, ann, { choices: [] })).status).toBe(409);
  const { body } = await send("GET", "/rooms/tea/message-list", ann);
  expect(body).toMatchObject({
    messages: [
      {
        text: "Tea?\n\n1. yes\n2. no",
        poll: {
          question: "Tea?",
          options: [
            { text: "yes", votes: 1 },
            { text: "no", votes: 1 },
          ],
          closed: true,
          voters: 1,
          mine: [0, 1],
        },
      },
    ],
  });
});

test("a command is offered, found, given and taken back", async () => {
  const about = { description: "Tells when it rains", usage: "<city>" };
  expect((await send("PUT", "/commands/rain", ann, about)).status).toBe(403);
  expect((await send("PUT", "/commands/Rain", key, about)).status).toBe(404);
  expect((await send("PUT", "/commands/rain", key, about)).status).toBe(200);
  expect((await send("GET", "/rooms/tea/commands", ann)).body).toMatchObject({
    commands: [{ name: "rain", ...about, author_name: "weather" }],
  });
  const given = await send("POST", "/rooms/tea/commands/rain", ann, { text: "Ulm" });
  expect(given).toMatchObject({
    status: 200,
    body: { only_you: { text: "Take an umbrella." }, published: { room: "tea" } },
  });
  expect(asked).toMatchObject([
    {
      type: "rpc",
      method: "command.rain",
      data: { room: "tea", name: "rain", text: "Ulm" },
      user: { name: "ann" },
      signature: expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
    },
  ]);
  expect((await send("POST", "/rooms/tea/commands/snow", ann, { text: "" })).status).toBe(404);
  expect((await send("DELETE", "/commands/rain", key)).status).toBe(204);
  expect((await send("POST", "/rooms/tea/commands/rain", ann, { text: "" })).status).toBe(404);
});

test("one person is told what nobody else sees, by back ends alone", async () => {
  const { user } = (await send("GET", "/me", ann)).body as { user: { id: string } };
  const me = user.id;
  const note = { user: me, text: "Psst" };
  const told = await send("POST", "/rooms/tea/only-you", key, note);
  expect(told).toMatchObject({ status: 200, body: { text: "Psst", author_name: "weather" } });
  expect((await send("POST", "/rooms/tea/only-you", ann, note)).status).toBe(403);
  expect((await send("POST", "/rooms/tea/only-you", key, { text: "Psst" })).status).toBe(400);
  const { body } = await send("GET", "/rooms/tea/messages", ann);
  expect(JSON.stringify(body)).not.toContain("Psst");
});
