/** What is counted of hooks, webhooks, open messages and rates, while an application behaves well and badly. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Behave, behave, Receiver } from "@parlance/testkit/receiver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { signLocalToken } from "../local-token.ts";
import { type ParlanceServer, startServer } from "../start.ts";
import { total } from "./samples.ts";
import { type MetricName, metricOf } from "./table.ts";

const patient = { timeout: 30_000 };
const passes: Behave = (_, response) => void response.writeHead(200).end("{}");

let directory: string;
let server: ParlanceServer;
let application: Receiver;
let receiver: Receiver;
let operator: string;
let guest: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "metrics-"));
  application = await Receiver.listen();
  receiver = await Receiver.listen();
  const reads = { per: "user", of: "reads", per_second: 0.1, burst: 2 };
  const flags = {
    port: "0",
    log_level: "silent",
    sign_ins_per_minute: "0",
    publish_hook_url: application.url,
    publish_hook_fallback: "pass",
    publish_hook_timeout_ms: "300",
    publish_hook_rooms: "asked",
    webhook_timeout_ms: "500",
    webhook_give_up_ms: "4000",
    rate_limits: JSON.stringify([reads]),
  };
  const { config } = loadConfig({ flags, environment: {}, directory });
  server = await startServer(config);
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  operator = await signLocalToken(config, admin);
  guest = (await call("POST", "/guests", { name: "Ann" }, "")).body.token;
});
afterAll(async () => {
  await server.close(0);
  await Promise.all([application.close(), receiver.close()]);
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

async function call(method: string, path: string, body?: unknown, token = guest): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

const say = async (room: string, text = "hello", more: object = {}): Promise<Answer> =>
  call("POST", `/rooms/${room}/messages`, { text, ...more });

/** A number as it is now, of the one sample that has these labels. */
async function now(
  name: MetricName,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const samples = await server.samples();
  const found = samples[name]?.find((sample) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return typeof found?.value === "number" ? found.value : found?.value.count;
}

const overview = async () => {
  const { body } = await call("GET", "/admin/overview?points=none", undefined, operator);
  return body.nodes[0];
};

test("[SC-12] questions of a hook by how they ended, why nobody answered, and that it is paused", async () => {
  await call("POST", "/rooms", { kind: "public", title: "Asked", room: "asked" });
  application.behaviour = passes;
  expect((await say("asked")).status).toBe(201);
  application.behaviour = behave.answer(403);
  expect((await say("asked")).body.error.code).toBe("rejected");
  const asked = (outcome: string) =>
    now("parlance_hook_questions_total", { hook: "publish", outcome });
  expect([await asked("answered"), await asked("refused"), await asked("silent")]).toEqual([
    1, 1, 0,
  ]);
  expect(await now("parlance_hook_duration_seconds", { hook: "publish" })).toBe(2);

  application.behaviour = behave.answer(503);
  const untilPaused = async () => {
    for (let n = 0; n < 6; n += 1) expect((await say("asked")).status).toBe(201);
    const { hooks } = await overview();
    return [await now("parlance_hook_paused", { hook: "publish" }), hooks[0].paused, hooks[0].down];
  };
  await expect.poll(untilPaused, patient).toEqual([1, true, true]);
  const reason = { hook: "publish", reason: "status 5xx" };
  const silent = await asked("silent");
  expect(silent).toBeGreaterThanOrEqual(5);
  expect(await now("parlance_hook_silences_total", reason)).toBe(silent);
  expect(await asked("unasked")).toBeGreaterThan(0);

  application.behaviour = behave.hang;
  const timeouts = () =>
    now("parlance_hook_silences_total", { hook: "publish", reason: "timeout" });
  await expect
    .poll(async () => {
      await say("asked");
      return timeouts();
    }, patient)
    .toBeGreaterThan(0);
  expect(await now("parlance_hook_under_way", { hook: "publish" })).toBe(0);
}, 90_000);

test("[SC-12] a webhook's lag and the age of the oldest, what was taken, failed and given up; and those that are paused", async () => {
  const create = async (name: string): Promise<string> => {
    const made = { name, url: receiver.url, rooms: ["general"] };
    return (await call("POST", "/admin/webhooks", made, operator)).body.webhook.id;
  };
  const id = await create("shop");
  const of = { webhook: "shop" };
  await say("general");
  await expect.poll(() => now("parlance_webhook_events_total", of), patient).toBe(1);
  await expect.poll(() => now("parlance_webhook_lag_events", of), patient).toBe(0);
  expect(await now("parlance_webhook_oldest_seconds", of)).toBe(0);
  expect(await now("parlance_webhook_requests_total", { ...of, outcome: "taken" })).toBe(1);

  receiver.behaviour = behave.answer(500);
  await say("general", "poison");
  await expect.poll(() => now("parlance_webhook_lag_events", of), patient).toBe(1);
  expect(await now("parlance_webhook_oldest_seconds", of)).toBeGreaterThan(0);
  await expect.poll(() => now("parlance_webhook_dead", of), patient).toBe(1);
  expect(await now("parlance_webhook_given_up_total", of)).toBe(1);
  expect(
    await now("parlance_webhook_requests_total", { ...of, outcome: "failed" }),
  ).toBeGreaterThan(1);

  // Of one name there may be two: one line, or Prometheus takes neither.
  const second = await create("shop");
  await call("POST", `/admin/webhooks/${second}/pause`, undefined, operator);
  await expect.poll(() => now("parlance_webhooks", { state: "paused" }), patient).toBe(1);
  expect(await now("parlance_webhooks", { state: "delivering" })).toBe(1);
  expect((await server.samples()).parlance_webhook_dead).toEqual([{ labels: of, value: 1 }]);
  const { webhooks } = await overview();
  expect(webhooks).toMatchObject([
    { id, name: "shop", dead: 1, events: 1 },
    { id: second, paused_because: "paused by an operator" },
  ]);
  expect(webhooks[1]).not.toHaveProperty("lag");
}, 90_000);

test("[SC-12] pieces of open messages, refusals by whose rate it was, questions to all nodes", async () => {
  const { body } = await say("general", "Well, ", { open: true });
  const path = `/rooms/general/messages/${body.message_id}/append`;
  expect((await call("POST", path, { at: 6, text: "hello" })).status).toBe(200);
  expect(await now("parlance_open_messages")).toBe(1);
  expect(await now("parlance_open_message_pieces_total")).toBe(1);
  expect(await now("parlance_open_message_store_duration_seconds")).toBe(1);
  for (let n = 0; n < 5; n += 1) await call("GET", "/rooms/general/messages");
  expect(await now("parlance_rate_limited_total", { per: "user" })).toBeGreaterThan(0);
  await overview();
  expect(
    await now("parlance_node_questions_total", { question: "overview" }),
  ).toBeGreaterThanOrEqual(1);
  expect(await now("parlance_node_silences_total")).toBe(0);
  // Nobody shares the rates of one process.
  expect(await now("parlance_rates_shared")).toBeUndefined();
});

test("[SC-12] all of it has the labels of the table, and each line is there once", async () => {
  const samples = await server.samples();
  expect(total(samples, "parlance_hook_questions_total")).toBeGreaterThan(0);
  for (const [name, list] of Object.entries(samples) as [
    MetricName,
    typeof samples.parlance_rooms,
  ][]) {
    const keys = (list ?? []).map(({ labels }) => JSON.stringify(labels));
    expect([name, new Set(keys).size]).toEqual([name, keys.length]);
    for (const { labels } of list ?? []) {
      expect([name, Object.keys(labels)]).toEqual([name, metricOf(name).labels]);
    }
  }
});
