import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPublisher, type Publication, PublishError, type Publisher } from "./index.ts";

const key = "plk_0123456789abcdef0123_se_cret-part";
const patience = { timeout: 10_000, interval: 20 };

type Json = Readonly<Record<string, unknown>>;
type Reaction = (response: ServerResponse, body: Json) => void;

/** A server that stores by key, as the real one does, and answers as the test says. */
class StubServer {
  readonly #server: Server;
  readonly requests: { readonly request: IncomingMessage; readonly body: Json }[] = [];
  readonly stored = new Map<string, Json>();
  react: Reaction = (response, body) => this.accept(response, body);

  private constructor() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      request.on("end", () => {
        const body = JSON.parse(text) as Json;
        this.requests.push({ request, body });
        this.react(response, body);
      });
    });
  }

  static async start(port = 0): Promise<StubServer> {
    const stub = new StubServer();
    await new Promise<void>((done) => stub.#server.listen(port, "127.0.0.1", done));
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  store(item: Json): Json {
    const own = String(item["idempotency_key"]);
    const isRepeated = this.stored.has(own);
    this.stored.set(own, item);
    const place = { room: item["room"] ?? "notifications", sequence: this.stored.size };
    const result = { ...place, epoch: "e", message_id: "m", time: "2026-01-01T00:00:00.000Z" };
    const results = [isRepeated ? { ...result, repeated: true } : result];
    return { idempotency_key: own, results };
  }

  accept(response: ServerResponse, body: Json): void {
    const { items } = body;
    if (Array.isArray(items))
      answer(response, 200, { results: items.map((one) => this.store(one)) });
    else answer(response, 201, this.store(body));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const error = (code: string, retry = "never", details?: Json): Json => ({
  error: { code, retry, text: `Text of ${code}.`, ...(details === undefined ? {} : { details }) },
});

let server: StubServer;
let spool: string;
beforeEach(async () => {
  server = await StubServer.start();
  spool = join(await mkdtemp(join(tmpdir(), "publisher-")), "spool");
  await mkdir(spool);
});
afterEach(async () => {
  await server.close();
  await rm(join(spool, ".."), { recursive: true });
});

function withSpool(timeoutMs = 2_000): Publisher {
  return createPublisher({ url: server.url, key, spoolDirectory: spool, timeoutMs });
}

async function spooled(): Promise<readonly Json[]> {
  const names = (await readdir(spool)).sort();
  for (const name of names) expect(name).toMatch(/^\d{17}-[0-9a-f]+\.json$/);
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(spool, name), "utf8")) as Json),
  );
}

async function failureOf(promise: Promise<unknown>): Promise<PublishError> {
  const failure: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(failure instanceof PublishError)) throw new Error(`no PublishError: ${String(failure)}`);
  return failure;
}

const hello: Publication = { room: "general", text: "hello" };

describe("over HTTP", () => {
  test("says where the message is, and makes a key where there is none", async () => {
    const publisher = createPublisher({ url: `${server.url}/chat/`, key });
    const report = await publisher.publish(hello);
    const [first] = server.requests;
    expect(first?.request.url).toBe("/chat/api/v1/publish");
    expect(first?.request.headers.authorization).toBe(`Bearer ${key}`);
    expect(first?.body).toEqual({ ...hello, idempotency_key: report.idempotency_key });
    expect(report).toMatchObject({ by: "http", results: [{ room: "general", sequence: 1 }] });
    const other = await publisher.publish(hello);
    expect(other.idempotency_key).not.toBe(report.idempotency_key);
  });

  test("keeps the key that is given; the same again is told as repeated", async () => {
    const publisher = withSpool();
    const keyed = { ...hello, idempotency_key: "order-7" };
    await publisher.publish(keyed);
    const again = await publisher.publish(keyed);
    expect(again).toMatchObject({
      by: "http",
      idempotency_key: "order-7",
      results: [{ sequence: 1, repeated: true }],
    });
    expect(await spooled()).toEqual([]);
  });

  test.each([
    [400, "bad_request"],
    [401, "unauthenticated"],
    [403, "forbidden"],
    [404, "not_found"],
    [409, "conflict"],
    [413, "too_large"],
  ])("[R5] what is refused with %i is thrown, and not spooled", async (status, code) => {
    server.react = (response) => answer(response, status, error(code, "never", { field: "room" }));
    const failure = await failureOf(withSpool().publish({ ...hello, idempotency_key: "k" }));
    expect(failure).toMatchObject({
      code,
      text: `Text of ${code}.`,
      details: { field: "room" },
      outcome: "refused",
      idempotency_key: "k",
    });
    expect(await spooled()).toEqual([]);
    // The server answered: the next one goes there too.
    server.react = (response, body) => server.accept(response, body);
    expect(await withSpool().publish(hello)).toMatchObject({ by: "http" });
  });

  test("of several rooms each has its own result, refused or not", async () => {
    const refused = { room: "b", ...error("forbidden") };
    server.react = (response, body) => {
      const { idempotency_key, results } = server.store({ ...body, room: "a" });
      answer(response, 201, { idempotency_key, results: [...(results as Json[]), refused] });
    };
    const report = await withSpool().publish({ rooms: ["a", "b"], text: "x" });
    expect(report).toMatchObject({ by: "http", results: [{ room: "a", sequence: 1 }, refused] });
  });

  test("[PE-12] a notification to everybody is one call, which can be handed on", async () => {
    const { sendWebSocketNotification, sendNotification } = withSpool();
    await sendWebSocketNotification("new order", { order: 7 });
    await sendNotification("plain");
    expect(server.requests.map(({ body }) => body)).toEqual([
      {
        everyone: true,
        text: "new order",
        data: { data: { order: 7 } },
        idempotency_key: expect.any(String),
      },
      { everyone: true, text: "plain", idempotency_key: expect.any(String) },
    ]);
  });

  test.each([
    ["no target", { text: "x" }, "bad_request"],
    ["two targets", { room: "a", user: "b", text: "x" }, "bad_request"],
    ["nothing to say", { room: "a" }, "bad_request"],
    ["a key with blanks", { ...hello, idempotency_key: "a b" }, "bad_request"],
    ["a key too long", { ...hello, idempotency_key: "k".repeat(65) }, "bad_request"],
    ["a text too long", { room: "a", text: "x".repeat(262_144) }, "too_large"],
  ])("%s is refused here, before anything is sent or spooled", async (_, publication, code) => {
    const failure = await failureOf(withSpool().publish(publication as Publication));
    expect(failure).toMatchObject({ code, outcome: "refused" });
    expect(server.requests).toEqual([]);
    expect(await spooled()).toEqual([]);
  });
});

const silences: readonly (readonly [string, Reaction])[] = [
  ["hangs", () => {}],
  ["hangs after its headers", (response) => void response.writeHead(201).write("{")],
  ["cuts the line", (response) => void response.destroy()],
  ["is overloaded", (response) => answer(response, 503, error("unavailable", "later"))],
  ["fails", (response) => answer(response, 500, error("internal", "later"))],
  ["has a full disk", (response) => answer(response, 507, error("storage_full", "later"))],
  ["wants less at once", (response) => answer(response, 429, error("rate_limited", "later"))],
  ["is late", (response) => answer(response, 408, error("sign_in_timeout", "later"))],
  ["is a proxy without a server", (response) => void response.writeHead(502).end("<html>")],
  ["is a proxy that knows no such path", (response) => void response.writeHead(404).end("<html>")],
  ["is something else", (response) => void response.writeHead(200).end("<html>")],
  ["says something else", (response) => answer(response, 200, { ok: true })],
  ["says nothing of any room", (response) => answer(response, 201, { results: [] })],
];

describe("where the server does not answer", () => {
  test.each(silences)("a server that %s: spooled with the same key", async (_, reaction) => {
    server.react = reaction;
    const begun = performance.now();
    const report = await withSpool(300).publish(hello);
    expect(performance.now() - begun).toBeLessThan(2_000);
    const asked = server.requests[0]?.body["idempotency_key"];
    expect(report).toEqual({ by: "spool", idempotency_key: asked });
    expect(await spooled()).toEqual([
      { ...hello, idempotency_key: asked, key_id: "0123456789abcdef0123" },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test.each(silences)(
    "a server that %s, and no spool: told as unknown, with the key",
    async (_, reaction) => {
      server.react = reaction;
      const publisher = createPublisher({ url: server.url, key, timeoutMs: 300 });
      const failure = await failureOf(publisher.publish(hello));
      expect(failure).toMatchObject({ code: "unreachable", outcome: "unknown" });
      expect(failure.idempotency_key).toBe(server.requests[0]?.body["idempotency_key"]);
      // It is asked anew each time.
      await failureOf(publisher.publish(hello));
      expect(server.requests).toHaveLength(2);
    },
  );

  test("nobody listens", async () => {
    const { url } = server;
    await server.close();
    const report = await createPublisher({ url, key, spoolDirectory: spool }).publish(hello);
    expect(report.by).toBe("spool");
    expect(await spooled()).toHaveLength(1);
    const failure = await failureOf(createPublisher({ url, key }).publish(hello));
    expect(failure.cause).toBeInstanceOf(Error);
    server = await StubServer.start();
  });

  test("an answer that is cut in the middle, after it was stored: the spooled one has the key of the stored one", async () => {
    server.react = (response, body) => {
      const text = JSON.stringify(server.store(body));
      response.writeHead(201, { "content-length": text.length });
      response.write(text.slice(0, 20), () => response.destroy());
    };
    const report = await withSpool().publish(hello);
    expect(report.by).toBe("spool");
    const [file] = await spooled();
    expect([...server.stored.keys()]).toEqual([file?.["idempotency_key"]]);
  });

  test("the key is not sent on to where a redirect leads", async () => {
    const other = await StubServer.start();
    server.react = (response) => void response.writeHead(307, { location: other.url }).end();
    expect(await withSpool().publish(hello)).toMatchObject({ by: "spool" });
    expect(other.requests).toEqual([]);
    await other.close();
  });

  test("a room that cannot take it now: the whole is spooled, and the others get it once by its key", async () => {
    server.react = (response, body) => {
      const { idempotency_key, results } = server.store({ ...body, room: "a" });
      const later = { room: "b", ...error("unavailable", "later") };
      answer(response, 201, { idempotency_key, results: [...(results as Json[]), later] });
    };
    const publication: Publication = { rooms: ["a", "b"], text: "x", idempotency_key: "k" };
    expect(await withSpool().publish(publication)).toEqual({ by: "spool", idempotency_key: "k" });
    expect(await spooled()).toMatchObject([publication]);
    const alone = await createPublisher({ url: server.url, key }).publish(publication);
    expect(alone).toMatchObject({ by: "http", results: [{}, { error: { retry: "later" } }] });
  });

  test("it is left in peace for a while, then asked by one request, and used again when that is answered", async () => {
    server.react = (response) => answer(response, 503, error("unavailable", "later"));
    const publisher = withSpool();
    await Promise.all(Array.from({ length: 5 }, () => publisher.publish(hello)));
    expect(server.requests).toHaveLength(5);
    const begun = performance.now();
    await publisher.publish(hello);
    expect(server.requests).toHaveLength(5);
    // The request that finds out is not answered yet; all others go by the spool.
    const held: (() => void)[] = [];
    server.react = (response, body) => void held.push(() => server.accept(response, body));
    const reports: Promise<unknown>[] = [];
    await expect
      .poll(() => {
        reports.push(publisher.publish(hello));
        return held.length;
      }, patience)
      .toBe(1);
    expect(performance.now() - begun).toBeGreaterThan(800);
    for (let count = 0; count < 10; count += 1) {
      expect(await publisher.publish(hello)).toMatchObject({ by: "spool" });
    }
    expect(held).toHaveLength(1);
    server.react = (response, body) => server.accept(response, body);
    held[0]?.();
    await Promise.all(reports);
    expect(await publisher.publish(hello)).toMatchObject({ by: "http" });
    expect((await spooled()).length).toBe(5 + 1 + (reports.length - 1) + 10);
  });

  test("without a url all goes through the spool; without a key it belongs to the spool's own service", async () => {
    const publisher = createPublisher({ spoolDirectory: spool });
    const report = await publisher.publish({ user: "ann", data: { n: 1 } });
    expect(await spooled()).toEqual([
      { user: "ann", data: { n: 1 }, idempotency_key: report.idempotency_key },
    ]);
  });
});

describe("the spool", () => {
  test("names sort in the order of the calls, and each file is whole when it appears", async () => {
    const publisher = createPublisher({ spoolDirectory: spool, key });
    const texts = Array.from({ length: 500 }, (_, index) => `m${index}`);
    const sent = Promise.all(texts.map((text) => publisher.publish({ room: "general", text })));
    // As the server looks while they are written: what is there has no gap, and can be read.
    let seen: Json[] = [];
    while (seen.length < texts.length) {
      const names = (await readdir(spool)).filter((name) => name.endsWith(".json")).sort();
      const contents = names.map((name) => readFile(join(spool, name), "utf8"));
      seen = (await Promise.all(contents)).map((text) => JSON.parse(text) as Json);
      expect(seen.map(({ text }) => text)).toEqual(texts.slice(0, seen.length));
    }
    await sent;
    expect(await readdir(spool)).toHaveLength(texts.length);
    const [name = ""] = await readdir(spool);
    expect((await stat(join(spool, name))).mode & 0o027).toBe(0);
  });

  test("one that is not there is told, with the key", async () => {
    await rm(spool, { recursive: true });
    const failure = await failureOf(createPublisher({ spoolDirectory: spool }).publish(hello));
    expect(failure).toMatchObject({ code: "spool_failed", outcome: "unknown" });
    expect(failure.cause).toMatchObject({ code: "ENOENT" });
    server.react = (response) => answer(response, 503, error("unavailable", "later"));
    const both = withSpool();
    expect(await failureOf(both.publish(hello))).toMatchObject({ code: "spool_failed" });
    // Left in peace, but now it is the only way.
    server.react = (response, body) => server.accept(response, body);
    expect(await both.publish(hello)).toMatchObject({ by: "http" });
  });
});

describe("many in one request", () => {
  const items = (count: number): Publication[] =>
    Array.from({ length: count }, (_, index) => ({ room: "general", text: `m${index}` }));

  test("[R5] each has its own report, in order; what can be taken later is spooled", async () => {
    server.react = (response, body) => {
      const [first, , , last] = body["items"] as Json[];
      answer(response, 200, {
        results: [
          server.store(first ?? {}),
          error("not_found"),
          error("unavailable", "later"),
          server.store(last ?? {}),
        ],
      });
    };
    const reports = await withSpool().publishMany(items(4));
    const keys = ((server.requests[0]?.body["items"] ?? []) as Json[]).map(
      (one) => one["idempotency_key"],
    );
    expect(new Set(keys).size).toBe(4);
    expect(reports).toMatchObject([
      { by: "http", results: [{ sequence: 1 }] },
      { error: { code: "not_found", outcome: "refused", idempotency_key: keys[1] } },
      { by: "spool" },
      { by: "http", results: [{ sequence: 2 }] },
    ]);
    expect(reports.map(({ idempotency_key }) => idempotency_key)).toEqual(keys);
    expect(await spooled()).toMatchObject([{ text: "m2", idempotency_key: keys[2] }]);
    const alone = await createPublisher({ url: server.url, key }).publishMany(items(4));
    expect(alone[2]).toMatchObject({ error: { code: "unavailable", outcome: "unknown" } });
  });

  test.each([
    ["does not answer", (response) => void response.destroy()],
    ["answers for others", (response) => answer(response, 200, { results: [error("forbidden")] })],
  ] satisfies readonly (readonly [string, Reaction])[])(
    "a server that %s: all are spooled, in order",
    async (_, reaction) => {
      server.react = reaction;
      const reports = await withSpool().publishMany(items(1_000));
      expect(reports.every((report) => "by" in report && report.by === "spool")).toBe(true);
      const files = await spooled();
      expect(files.map(({ text }) => text)).toEqual(items(1_000).map(({ text }) => text));
      expect(files.map((one) => one["idempotency_key"])).toEqual(
        reports.map(({ idempotency_key }) => idempotency_key),
      );
    },
  );

  test("[R5] what is refused as a whole is thrown: a thousand and one, one that is malformed, a key not in force", async () => {
    const publisher = withSpool();
    expect(await failureOf(publisher.publishMany(items(1_001)))).toMatchObject({
      code: "too_large",
      details: { limit: 1_000 },
    });
    const bad = [...items(2), { room: "general" }];
    expect(await failureOf(publisher.publishMany(bad))).toMatchObject({ code: "bad_request" });
    expect(server.requests).toEqual([]);
    server.react = (response) => answer(response, 401, error("unauthenticated", "after_auth"));
    expect(await failureOf(publisher.publishMany(items(2)))).toMatchObject({
      code: "unauthenticated",
      outcome: "refused",
    });
    expect(await publisher.publishMany([])).toEqual([]);
    expect(await spooled()).toEqual([]);
  });

  test("where the spool cannot be written either, each says so", async () => {
    await rm(spool, { recursive: true });
    const spoolOnly = createPublisher({ spoolDirectory: spool });
    const reports = await spoolOnly.publishMany(items(2));
    expect(reports).toMatchObject([
      { error: { code: "spool_failed" } },
      { error: { code: "spool_failed" } },
    ]);
  });
});

test.each([
  ["neither way", {}],
  ["a url without a key", { url: "http://localhost" }],
  ["a key that is none", { url: "http://localhost", key: "secret" }],
  ["a session's token", { spoolDirectory: "x", key: "pls_0123_secret" }],
  ["another scheme", { url: "ws://localhost", key }],
  ["a password in the url", { url: "http://u:p@localhost", key }],
  ["no time", { url: "http://localhost", key, timeoutMs: 0 }],
  ["no number", { url: "http://localhost", key, timeoutMs: Number.NaN }],
])("a publisher with %s is refused at once", (_, options) => {
  expect(() => createPublisher(options)).toThrow(TypeError);
});
