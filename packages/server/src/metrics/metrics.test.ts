/** `/metrics` of a server as Prometheus reads it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { parsePlace } from "../config/values.ts";
import { startProcesses } from "../processes/start-processes.ts";
import { type ParlanceServer, startServer } from "../start.ts";
import { writeExposition } from "./exposition.ts";
import { joinSamples, one } from "./samples.ts";
import { metricNames, metricOf } from "./table.ts";

const canary = "canary-7f3a";
const flags = {
  port: "0",
  metrics_listen: "127.0.0.1:0",
  log_level: "silent",
  sign_ins_per_minute: "0",
};

let directory: string;
let server: ParlanceServer;
let token: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "metrics-"));
  server = await startServer(loadConfig({ flags, environment: {}, directory }).config);
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

/** Answers are looked at as they come. */
type Answer = Readonly<Record<string, string | number>>;

interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the text format strictly: a line that is none of it fails. */
function parse(text: string): readonly Line[] {
  expect(text.endsWith("\n")).toBe(true);
  return text
    .slice(0, -1)
    .split("\n")
    .flatMap((line) => {
      if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) return [];
      const [, name, labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`no line of the format: ${line}`);
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      expect(pairs.map(([pair]) => pair).join("")).toBe(labels);
      return [
        {
          name,
          labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])),
          value: Number(value),
        },
      ];
    });
}

async function scrape(of: ParlanceServer = server): Promise<readonly Line[]> {
  const response = await fetch(`${of.metricsUrl}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parse(await response.text());
}

/** A sum, over the lines whose labels fit. */
function sum(lines: readonly Line[], name: string, labels: Line["labels"] = {}): number {
  const fits = lines.filter(
    (line) =>
      line.name === name &&
      Object.entries(labels).every(([label, value]) => line.labels[label] === value),
  );
  return fits.reduce((total, { value }) => total + value, 0);
}

async function call(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

/** A connection of the native dialect; resolves with each reply. */
async function connect() {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  const heard: Answer[] = [];
  let wake = (): void => {};
  socket.addEventListener("message", ({ data }) => {
    for (const line of String(data).split("\n")) heard.push(JSON.parse(line));
    wake();
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const find = async (matches: (frame: Answer) => boolean): Promise<Answer> => {
    for (;;) {
      const found = heard.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    find,
    ask(frame: { readonly id: number } & Record<string, unknown>) {
      socket.send(JSON.stringify(frame));
      return find(({ id }) => id === frame.id);
    },
    close: () => socket.close(),
  };
}

test("the text format: help, type, labels in quotes, histograms that grow", () => {
  const histogram = { bounds: [0.5, 1], counts: [2, 0], sum: 1.75, count: 3 };
  const text = writeExposition({
    parlance_rooms: one(3),
    parlance_errors_total: [{ labels: { code: 'a"b\\c\nd' }, value: 1 }],
    parlance_acknowledgement_duration_seconds: [{ labels: {}, value: histogram }],
  });
  expect(text.split("\n")).toEqual([
    "# HELP parlance_rooms Rooms open on the node.",
    "# TYPE parlance_rooms gauge",
    "parlance_rooms 3",
    `# HELP parlance_errors_total ${metricOf("parlance_errors_total").help}`,
    "# TYPE parlance_errors_total counter",
    'parlance_errors_total{code="a\\"b\\\\c\\nd"} 1',
    `# HELP parlance_acknowledgement_duration_seconds ${metricOf("parlance_acknowledgement_duration_seconds").help}`,
    "# TYPE parlance_acknowledgement_duration_seconds histogram",
    'parlance_acknowledgement_duration_seconds_bucket{le="0.5"} 2',
    'parlance_acknowledgement_duration_seconds_bucket{le="1"} 2',
    'parlance_acknowledgement_duration_seconds_bucket{le="+Inf"} 3',
    "parlance_acknowledgement_duration_seconds_sum 1.75",
    "parlance_acknowledgement_duration_seconds_count 3",
    "",
  ]);
});

test("names are as Prometheus wants them: units, `_total` for what only grows", () => {
  for (const name of metricNames) {
    const { type, help } = metricOf(name);
    expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
    expect([name, help.endsWith(".")]).toEqual([name, true]);
  }
  const processes = joinSamples([
    ["1", { parlance_rooms: one(3) }],
    ["2", { parlance_rooms: one(4) }],
  ]);
  expect(processes.parlance_rooms).toEqual([
    { labels: { worker: "1" }, value: 3 },
    { labels: { worker: "2" }, value: 4 },
  ]);
});

test.each([
  ["9464", { host: "127.0.0.1", port: 9464 }],
  ["10.0.0.7:9464", { host: "10.0.0.7", port: 9464 }],
  ["[::1]:9464", { host: "::1", port: 9464 }],
  ["::1:9464", undefined],
  ["[nobody]:1", undefined],
  ["host:", undefined],
  ["1:99999", undefined],
  ["", undefined],
])("metrics_listen %j", (text, place) => {
  expect(parsePlace(text)).toEqual(place);
});

describe("what is counted", () => {
  test("[SC-12] agrees with what was done: connections, commands, commits, deliveries, errors, the database", async () => {
    const before = await scrape();
    const { token: mine } = await call("/guests", { name: canary });
    token = String(mine);
    const sockets = [await connect(), await connect()];
    for (const socket of sockets) {
      await socket.ask({ type: "sign_in", id: 1, token, protocol: 1 });
      await socket.ask({ type: "subscribe", id: 2, room: "general" });
    }
    const publish = { type: "publish", room: "general", client_message_id: "c-1", text: canary };
    await sockets[0]?.ask({ ...publish, id: 3 });
    await sockets[0]?.ask({ ...publish, id: 4 });
    await sockets[1]?.find(({ type }) => type === "message.created");
    const refused = await sockets[0]?.ask({ type: "get_message", id: 5, message_id: "none" });
    expect(refused).toMatchObject({ code: "not_found" });
    const after = await scrape();
    const grown = (name: string, labels: Line["labels"] = {}): number =>
      sum(after, name, labels) - sum(before, name, labels);

    expect(sum(after, "parlance_connections", { dialect: "native" })).toBe(2);
    expect(grown("parlance_connections_opened_total", { dialect: "native" })).toBe(2);
    expect(sum(after, "parlance_subscriptions")).toBe(2);
    expect(sum(after, "parlance_present")).toBe(1);
    const ofSockets = { via: "native", command: "publish" };
    expect(grown("parlance_commands_total", ofSockets)).toBe(2);
    expect(grown("parlance_command_duration_seconds_count", { command: "publish" })).toBe(2);
    expect(grown("parlance_committed_events_total")).toBe(1);
    expect(grown("parlance_repeated_appends_total")).toBe(1);
    expect(grown("parlance_acknowledgement_duration_seconds_count")).toBe(2);
    expect(grown("parlance_deliveries_total", { kind: "durable" })).toBe(2);
    expect(grown("parlance_errors_total", { code: "not_found" })).toBe(1);
    expect(grown("parlance_sent_bytes_total")).toBeGreaterThan(200);
    expect(grown("parlance_database_duration_seconds_count", { operation: "append" })).toBe(2);
    expect(sum(after, "parlance_database_up")).toBe(1);
    expect(grown("parlance_http_requests_total", { method: "POST" })).toBe(1);
    for (const name of ["process_resident_memory_bytes", "process_cpu_seconds_total"]) {
      expect(sum(after, name)).toBeGreaterThan(0);
    }
    for (const socket of sockets) socket.close();
    await expect
      .poll(async () => sum(await scrape(), "parlance_connections"), { timeout: 20_000 })
      .toBe(0);
    expect(sum(await scrape(), "parlance_connections_closed_total", { reason: "left" })).toBe(2);
  });

  test("is named in the table, with its labels and no others", async () => {
    for (const { name, labels } of await scrape()) {
      const whole = metricNames.find((one) => one === name);
      const base = metricNames.find((one) => one === name.replace(/_(bucket|sum|count)$/, ""));
      const found = whole ?? base;
      if (found === undefined) throw new Error(`${name} is not in the table`);
      const known = [...metricOf(found).labels, ...(name.endsWith("_bucket") ? ["le"] : [])];
      expect([name, Object.keys(labels)]).toEqual([name, known]);
    }
  });

  test("[I-29] names no token, no user, no room, no text and no address", async () => {
    const { room } = await call("/rooms", { kind: "public", title: `${canary} room` });
    expect(room).toContain(canary);
    await call(`/rooms/${room}/messages`, { text: `${canary} text`, client_message_id: canary });
    await fetch(`${server.url}/${canary}?${canary}`, { headers: { [canary]: canary } });
    const text = await (await fetch(`${server.metricsUrl}/metrics?${canary}`)).text();
    expect(text).toContain("parlance_commands_total");
    expect(text).not.toContain(canary);
    expect(text).not.toContain(token);
    expect(text).not.toContain("127.0.0.1");
    expect(text).not.toContain("general");
  });

  test("a client cannot make it larger: methods and commands of its own have no numbers", async () => {
    const rows = (await scrape()).length;
    const socket = await connect();
    for (let id = 0; id < 20; id += 1) await socket.ask({ type: `made-up-${id}`, id });
    socket.close();
    await fetch(server.url, { method: "PROPFIND" });
    const now = await scrape();
    expect(sum(now, "parlance_bad_frames_total")).toBe(20);
    expect(JSON.stringify(now)).not.toMatch(/made-up|PROPFIND/);
    // At most: another method, its status and its times; an error's code; a connection's end.
    expect(now.length - rows).toBeLessThan(25);
  });
});

describe("[AD2] where it is", () => {
  test("not on the public port, whoever asks, and nothing else on its own", async () => {
    for (const path of ["/metrics", "/metrics/", "/api/v1/metrics", "/%6detrics"]) {
      const answer = await fetch(`${server.url}${path}`, {
        headers: { authorization: `Bearer ${token}`, host: "127.0.0.1:9464" },
      });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    for (const path of ["/", "/health", "/api/v1/admin/connections", "/metrics/x"]) {
      const answer = await fetch(`${server.metricsUrl}${path}`);
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, ""]);
    }
    const posted = await fetch(`${server.metricsUrl}/metrics`, { method: "POST", body: "x" });
    expect(posted.status).toBe(405);
  });

  test("nowhere, unless it is asked for; an address that is taken is told in words", async () => {
    const other = await mkdtemp(join(tmpdir(), "metrics-"));
    const { metrics_listen: _, ...without } = flags;
    const quiet = await startServer(
      loadConfig({ flags: without, environment: {}, directory: other }).config,
    );
    expect(quiet.metricsUrl).toBeUndefined();
    await quiet.close(0);
    const taken = new URL(server.metricsUrl ?? "").port;
    const config = loadConfig({
      flags: { ...flags, metrics_listen: taken },
      environment: {},
      directory: other,
    }).config;
    await expect(startServer(config)).rejects.toThrow(/metrics.*EADDRINUSE.*--metrics-listen/s);
    await rm(other, { recursive: true, force: true });
  });
});

test("a server of several processes answers for all of them, each with its number", async () => {
  const other = await mkdtemp(join(tmpdir(), "metrics-"));
  const many = await startProcesses(
    loadConfig({ flags: { ...flags, processes: "2" }, environment: {}, directory: other }).config,
  );
  try {
    for (let turn = 0; turn < 8; turn += 1) {
      await fetch(`${many.url}/health`, { headers: { connection: "close" } });
    }
    const lines = await scrape(many);
    const workers = new Set(lines.map(({ labels }) => labels["worker"]));
    expect(workers).toEqual(new Set(["1", "2", "primary"]));
    expect(sum(lines, "parlance_workers")).toBe(2);
    expect(sum(lines, "parlance_workers_wanted")).toBe(2);
    expect(sum(lines, "parlance_http_requests_total", { status: "200" })).toBe(8);
    // SQLite is the primary's, and so are its batches.
    expect(
      sum(lines, "parlance_database_transactions_total", { worker: "primary" }),
    ).toBeGreaterThan(0);
    for (const worker of workers) {
      const memory = sum(lines, "process_resident_memory_bytes", { worker: worker ?? "" });
      expect(memory).toBeGreaterThan(10_000_000);
    }
  } finally {
    await many.close(0);
    await rm(other, { recursive: true, force: true });
  }
}, 60_000);
