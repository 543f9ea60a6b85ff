/** What a webhook is told after a backup was restored that knows less than its receiver. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Receiver } from "@parlance/testkit/receiver";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { backUp, restore } from "./backup.ts";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

const patient = { timeout: 20_000 };

let directory: string;
let config: Config;
let receiver: Receiver;
let server: ParlanceServer | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "webhook-restore-"));
  receiver = await Receiver.listen();
  const flags = { port: "0", log_level: "silent" };
  config = loadConfig({ flags, environment: {}, directory }).config;
});
afterEach(() => server?.close(0));
afterAll(async () => {
  await receiver.close();
  await rm(directory, { recursive: true, force: true });
});

async function call(path: string, body: object): Promise<void> {
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  const token = await signLocalToken(config, admin);
  const answer = await fetch(`${server?.url}/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
}
const say = (room: string, text: string): Promise<void> => call("/publish", { room, text });
const ofType = (type: string) => receiver.taken.filter((event) => event.type === type);

test("[WEB-3] it is told of each room at the start that deliveries go on in a new life, though nothing is said there", async () => {
  server = await startServer(config);
  await say("early", "before the webhook");
  // Rooms that every server has are none of its business.
  const rooms = ["early", "red", "blue"];
  await call("/admin/webhooks", { name: "shop", url: receiver.url, rooms });
  for (const room of ["red", "blue"]) for (const text of ["one", "two"]) await say(room, text);
  await expect.poll(() => receiver.taken, patient).toHaveLength(4);
  // Places are moved after the receiver has answered, and the backup is to know them.
  await expect.poll(lag, patient).toBe(0);
  const to = join(directory, "backup");
  await backUp(config, { to, withFiles: false });
  await say("red", "lost by the restore");
  await expect.poll(() => receiver.texts("red"), patient).toHaveLength(3);
  const epochOf = (room: string) => ofType("message.created").find((one) => one.room === room);
  const old = epochOf("red")?.["epoch"] as string;
  await server.close(0);

  await restore(config, { from: to, withFiles: false, replace: true, ignoreConnections: false });
  server = await startServer(config);
  await expect.poll(() => ofType("room.reset").map(({ room }) => room), patient).toHaveLength(3);
  const red = ofType("room.reset").find(({ room }) => room === "red");
  expect(red).toMatchObject({ previous_epoch: old, previous_sequence: 2, sequence: 2 });
  expect(red?.["epoch"]).not.toBe(old);
  const resets = new Set(ofType("room.reset").map(({ room }) => room));
  expect(resets).toEqual(new Set(["blue", "early", "red"]));

  // What follows is of the new life, and no reset comes twice.
  await say("red", "after it");
  await expect.poll(() => receiver.texts("red"), patient).toContain("after it");
  const next = receiver.taken.findLast((event) => event.room === "red");
  expect(next).toMatchObject({ epoch: red?.["epoch"], sequence: 3 });
  expect(ofType("room.reset")).toHaveLength(3);
}, 60_000);

/** Events of the logs that the webhook has not passed. */
async function lag(): Promise<number> {
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  const headers = { authorization: `Bearer ${await signLocalToken(config, admin)}` };
  const read = async (path: string) =>
    (await fetch(`${server?.url}/api/v1${path}`, { headers })).json();
  const { webhooks } = (await read("/admin/webhooks")) as { webhooks: { id: string }[] };
  const shown = (await read(`/admin/webhooks/${webhooks[0]?.id}`)) as { lag?: { events: number } };
  return shown.lag?.events ?? Number.POSITIVE_INFINITY;
}
