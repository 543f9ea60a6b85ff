/** What becomes of a publication when the server gives no clear answer. */
import { readdirSync, rmSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { Caller, type Environment, libraries, python, shell } from "./languages.ts";
import { http, Rogue } from "./rogue.ts";
import { Scene } from "./scene.ts";

const nobody = "http://127.0.0.1:1";
const message = { room: "later", text: "Later" };
const stored = `{"idempotency_key":"k","results":[{"room":"later","sequence":1}]}`;
const errorBody = (code: string, retry: string): string =>
  `{"error":{"code":"${code}","retry":"${retry}","text":"No."}}`;

/** Answers that settle nothing. */
const unclear: readonly (readonly [string, string])[] = [
  ["half a body", http("201 Created", stored).slice(0, -20)],
  ["half a head", "HTTP/1.1 201 Created\r\nContent-Le"],
  ["nothing", ""],
  ["something else", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
  [
    "half of a chunked body",
    'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"results',
  ],
  ["no JSON", http("200 OK", "<h1>Welcome</h1>")],
  ["JSON of others", http("200 OK", `{"ok":true}`)],
  ["a list", http("200 OK", "[]")],
  ["nothing in particular", http("204 No Content", "")],
  ["another address", http("301 Moved Permanently", "", ["Location: http://127.0.0.1:1/"])],
  ["a proxy's 404", http("404 Not Found", "<h1>Not Found</h1>")],
  ["a proxy's 413", http("413 Payload Too Large", "<h1>Too large</h1>")],
  ["a proxy's 502", http("502 Bad Gateway", "<h1>Bad Gateway</h1>")],
  ["408", http("408 Request Timeout", errorBody("sign_in_timeout", "later"))],
  ["429", http("429 Too Many Requests", errorBody("rate_limited", "later"))],
  ["500", http("500 Internal Server Error", errorBody("internal", "later"))],
  ["503", http("503 Service Unavailable", errorBody("draining", "later"))],
  ["507", http("507 Insufficient Storage", errorBody("storage_full", "later"))],
];

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await Scene.start();
  key = await scene.key("publish");
}, 60_000);
afterAll(() => scene?.close());
beforeEach(() => scene.emptySpool());

/** The files of the spool, none half written. */
function expectSpooled(count: number): ReturnType<Scene["spooled"]> {
  expect(readdirSync(scene.spoolDir).filter((name) => !name.endsWith(".json"))).toEqual([]);
  const files = scene.spooled();
  expect(files).toHaveLength(count);
  return files;
}

describe.each(libraries)("in %s, without a clear answer", (...library) => {
  const [interpreter] = library;
  const callers: Caller[] = [];
  const open = (environment: Environment): Caller => {
    const caller = new Caller(library, scene.environment(key, environment));
    callers.push(caller);
    return caller;
  };
  afterEach(async () => {
    for (const caller of callers.splice(0)) await caller.close();
  });

  requires(interpreter)(
    "[PE-14] publications wait in the spool: whole, in order, with their keys",
    async () => {
      const caller = open({ PARLANCE_URL: nobody });
      for (let n = 0; n < 20; n += 1) {
        const { ok } = await caller.call("publish", { ...message, text: `Nr. ${n} ä` });
        expect(ok).toMatchObject({
          by: "spool",
          reason: expect.any(String),
          file: expect.any(String),
        });
      }
      const files = expectSpooled(20);
      const [, keyId] = key.split("_");
      for (const [index, { name, content }] of files.entries()) {
        expect(name).toMatch(/^\d{17}-[0-9a-f]+\.json$/);
        expect(Math.abs(Number(name.slice(0, 17)) / 1_000 - Date.now())).toBeLessThan(60_000);
        expect(content).toEqual({
          room: "later",
          text: `Nr. ${index} ä`,
          idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/),
          key_id: keyId,
        });
        expect(JSON.stringify(content)).not.toContain(key.slice(`plk_${keyId}_`.length));
        expect(statSync(join(scene.spoolDir, name)).mode & 0o777).toBe(0o640);
      }
      expect(new Set(files.map(({ content }) => content["idempotency_key"])).size).toBe(20);
    },
  );

  requires(interpreter)(
    "[PE-14] answers that settle nothing lead to the spool, a refusal in the server's words does not",
    async () => {
      for (const [what, bytes] of unclear) {
        const rogue = await Rogue.answering(bytes);
        const { ok } = await open({ PARLANCE_URL: rogue.url }).call("publish", message);
        expect([what, ok, rogue.requests.length]).toMatchObject([what, { by: "spool" }, 1]);
        await rogue.close();
      }
      expectSpooled(unclear.length);
      const refusing = await Rogue.answering(
        http("403 Forbidden", errorBody("forbidden", "never")),
      );
      const { refused } = await open({ PARLANCE_URL: refusing.url }).call("publish", message);
      expect(refused).toMatchObject({ code: "forbidden", text: "No." });
      await refusing.close();
      expectSpooled(unclear.length);
    },
  );

  requires(interpreter)(
    "one room that cannot take it now: all of it waits in the spool",
    async () => {
      const rooms = `{"results":[{"room":"a","sequence":1},{"room":"b",${errorBody("unavailable", "later").slice(1, -1)}}]}`;
      const rogue = await Rogue.answering(http("201 Created", rooms));
      const { ok } = await open({ PARLANCE_URL: rogue.url }).call("publish", message);
      expect(ok).toMatchObject({ by: "spool" });
      await rogue.close();
    },
  );

  requires(interpreter)(
    "answers are read however they are cut: in chunks, after a 100, byte by byte",
    async () => {
      const chunked = `HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n7\r\n${stored.slice(0, 7)}\r\n${(stored.length - 7).toString(16)};x=y\r\n${stored.slice(7)}\r\n0\r\n\r\n`;
      const after = `HTTP/1.1 100 Continue\r\n\r\n${http("201 Created", stored)}`;
      const bare = `HTTP/1.0 200 OK\r\n\r\n${stored}`;
      for (const bytes of [chunked, after, bare]) {
        for (const isSlow of [false, true]) {
          const rogue = await Rogue.start((socket) => void trickle(socket, bytes, isSlow));
          const { ok } = await open({ PARLANCE_URL: `${rogue.url}/chat/` }).call(
            "publish",
            message,
          );
          expect([bytes, isSlow, ok]).toMatchObject([bytes, isSlow, { by: "http" }]);
          expect(rogue.requests[0]).toMatch(/^POST \/chat\/api\/v1\/publish HTTP\/1\.1\r\n/);
          expect(rogue.requests[0]?.toLowerCase()).toContain(
            `authorization: bearer ${key.toLowerCase()}`,
          );
          await rogue.close();
        }
      }
      expectSpooled(0);
    },
  );

  requires(interpreter)(
    "a server that says nothing, or little at a time, costs two seconds in all",
    async () => {
      const silent = await Rogue.start(() => {});
      const dripping = await Rogue.start((socket) => {
        socket.write("HTTP/1.1 200 OK\r\nX: ");
        const timer = setInterval(() => socket.write("x"), 100);
        socket.on("close", () => clearInterval(timer));
      });
      for (const rogue of [silent, dripping]) {
        const caller = open({ PARLANCE_URL: rogue.url, TIMEOUT_MS: "" });
        await caller.call("validate", "", { secret: "x" });
        const start = performance.now();
        const { ok } = await caller.call("publish", message);
        const took = performance.now() - start;
        expect(ok).toMatchObject({ by: "spool" });
        expect(took).toBeGreaterThan(1_900);
        // Beyond them: a busy machine. Without a bound the second one would take for ever.
        expect(took).toBeLessThan(5_000);
        await rogue.close();
      }
    },
  );

  requires(interpreter)(
    "who gave no answer is left in peace for a second, then asked again",
    async () => {
      const rogue = await Rogue.answering("");
      const caller = open({ PARLANCE_URL: rogue.url });
      await caller.call("publish", message);
      const start = performance.now();
      let asked = 0;
      for (asked = 0; rogue.requests.length === 1 && asked < 5_000; asked += 1) {
        await caller.call("publish", message);
      }
      expect(asked).toBeGreaterThan(1);
      expect(performance.now() - start).toBeGreaterThan(900);
      expect(rogue.requests).toHaveLength(2);
      await rogue.close();
    },
  );

  requires(interpreter)(
    "[J16] an answer that is lost on its way: the message appears once",
    async () => {
      const proxy = await TcpProxy.open({ host: "127.0.0.1", port: scene.server.port });
      const room = `lost-${interpreter}`;
      const caller = open({ PARLANCE_URL: `http://127.0.0.1:${proxy.port}`, TIMEOUT_MS: "3000" });
      proxy.blackHole("toClient");
      const { ok } = await caller.call("publish", { room, text: "Once" });
      expect(ok).toMatchObject({ by: "spool" });
      await expect.poll(() => scene.texts(room), { timeout: 20_000 }).toEqual(["Once"]);
      expect(await scene.deliver(key)).toBe(1);
      expect(await scene.texts(room)).toEqual(["Once"]);
      await proxy.close();
    },
  );

  requires(interpreter)(
    "without a spool the caller learns the key, and may say the same again",
    async () => {
      const room = `again-${interpreter}`;
      const first = await open({ PARLANCE_URL: nobody, PARLANCE_SPOOL_DIR: "" }).call("publish", {
        room,
        text: "Again",
      });
      expect(first.refused?.code).toBe("unreachable");
      const idempotencyKey = first.refused?.details["idempotency_key"];
      const again = { room, text: "Again", idempotency_key: idempotencyKey };
      const caller = open({});
      expect((await caller.call("publish", again)).ok).toMatchObject({ by: "http" });
      expect((await caller.call("publish", again)).ok).toMatchObject({ by: "http" });
      expect(await scene.texts(room)).toEqual(["Again"]);
    },
  );

  requires(interpreter)(
    "a spool that cannot be written is told, and leaves nothing behind",
    async () => {
      rmSync(scene.spoolDir, { recursive: true });
      const caller = open({ PARLANCE_URL: nobody });
      const { refused } = await caller.call("publish", message);
      expect(refused).toMatchObject({
        code: "spool_failed",
        details: { idempotency_key: expect.any(String) },
      });
      scene.emptySpool();
      expectSpooled(0);
      expect((await caller.call("publish", message)).ok).toMatchObject({ by: "spool" });
    },
  );

  requires(interpreter)("settings that lead nowhere are refused at once", async () => {
    for (const url of ["ftp://host", "http://", "http://a b", "http://host:x", "host:80"]) {
      const caller = open({ PARLANCE_URL: url });
      await expect(caller.call("publish", message), url).rejects.toThrow(/https?:\/\/|port/i);
    }
    await expect(open({ PARLANCE_API_KEY: "plk_a_b\n" }).call("publish", message)).rejects.toThrow(
      /ASCII/,
    );
    expectSpooled(0);
  });

  requires(interpreter)(
    "without a key, or when asked for, all goes to the spool, for the spool's own service",
    async () => {
      const caller = open({ PARLANCE_API_KEY: "", PARLANCE_URL: scene.server.url });
      expect((await caller.call("publish", message)).ok).toMatchObject({ by: "spool" });
      expect((await caller.call("spool", message)).ok).toMatchObject({ by: "spool" });
      for (const { content } of expectSpooled(2)) expect(content).not.toHaveProperty("key_id");
    },
  );
});

/** Sends some bytes, one at a time if `isSlow`. */
async function trickle(socket: Socket, bytes: string, isSlow: boolean): Promise<void> {
  for (const piece of isSlow ? bytes : [bytes]) {
    socket.write(piece);
    if (isSlow) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
}

describe("publishing many in python3, without an answer", () => {
  requires("python3")(
    "[PE-14] all wait in the spool in their order, and the server is asked once",
    async () => {
      const rogue = await Rogue.answering("");
      const caller = new Caller(python, scene.environment(key, { PARLANCE_URL: rogue.url }));
      const items = Array.from({ length: 230 }, (_, n) => ({ room: "later", text: `Item ${n}` }));
      const { ok } = await caller.call("publishMany", items);
      expect((ok as { by: string }[]).every(({ by }) => by === "spool")).toBe(true);
      const files = expectSpooled(230);
      expect(files.map(({ content }) => content["text"])).toEqual(items.map(({ text }) => text));
      expect(rogue.requests).toHaveLength(1);
      await caller.close();
      await rogue.close();
    },
  );
});

describe("publishing with curl, without a clear answer", () => {
  /** It waits between its tries. */
  const triesMs = 120_000;
  const publish = (url: string, more: Environment = {}): ReturnType<typeof shell> =>
    shell("publish.sh", [], {
      ...scene.environment(key, { PARLANCE_URL: url }),
      ROOM: "later",
      TEXT: 'Later, "in" \\ time\n\tä',
      DATA: '{"n":1}',
      ...more,
    });

  requires("curl")(
    "[PE-14] it is tried again, then waits in the spool with the key that it had",
    async () => {
      const done = await publish(nobody, { IDEMPOTENCY_KEY: "booking-7" });
      expect(done.code).toBe(0);
      const [file] = expectSpooled(1);
      expect(done.out.trim()).toBe(join(scene.spoolDir, file?.name ?? ""));
      expect(file?.name).toMatch(/^\d{17}-[0-9a-f]+\.json$/);
      expect(Math.abs(Number(file?.name.slice(0, 17)) / 1_000 - Date.now())).toBeLessThan(60_000);
      expect(file?.content).toEqual({
        room: "later",
        text: 'Later, "in" \\ time\n\tä',
        data: { n: 1 },
        idempotency_key: "booking-7",
        key_id: key.split("_")[1],
      });
      expect(statSync(join(scene.spoolDir, file?.name ?? "")).mode & 0o777).toBe(0o640);
    },
    triesMs,
  );

  requires("curl")(
    "without a spool it ends with 75; a later try is heard",
    async () => {
      let answers = 0;
      const rogue = await Rogue.start((socket) => {
        answers += 1;
        socket.end(answers < 3 ? "" : http("201 Created", stored));
      });
      expect(await publish(rogue.url, { PARLANCE_SPOOL_DIR: "" })).toMatchObject({
        code: 0,
        out: stored,
      });
      const keys = rogue.requests.map(
        (request) => /^idempotency-key: (.*)\r$/im.exec(request)?.[1],
      );
      expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
      await rogue.close();
      expect((await publish(nobody, { PARLANCE_SPOOL_DIR: "" })).code).toBe(75);
      const proxy = await Rogue.answering(http("404 Not Found", "<h1>Not Found</h1>"));
      expect((await publish(proxy.url, { PARLANCE_SPOOL_DIR: "" })).code).toBe(75);
      await proxy.close();
      const missing = join(scene.spoolDir, "none");
      expect((await publish(nobody, { PARLANCE_SPOOL_DIR: missing })).code).toBe(75);
    },
    triesMs,
  );

  requires("curl")("spool.sh alone needs nothing but the directory", async () => {
    const variables = { PARLANCE_SPOOL_DIR: scene.spoolDir, ROOM: "later", TEXT: "By hand" };
    expect((await shell("spool.sh", [], variables)).code).toBe(0);
    expect(expectSpooled(1)[0]?.content).toEqual({
      room: "later",
      text: "By hand",
      idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});
