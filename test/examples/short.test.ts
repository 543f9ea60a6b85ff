/** The small examples, and what the READMEs say to type, run as they stand there. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { generateToken, validateToken } from "@parlance/publisher";
import { freePort } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, beforeEach, describe, expect, vi } from "vitest";
import { hasRequirement, requires } from "../requirements.ts";
import { connect, seen, send } from "../systems/install.ts";
import { type Done, examples, interpreters, run } from "./languages.ts";
import { Rogue } from "./rogue.ts";
import { Scene, secret } from "./scene.ts";

let scene: Scene;
let key: string;
beforeAll(async () => {
  // As in production: nobody is believed who only says who they are.
  scene = await Scene.start({ PARLANCE_SPOOL: "no", PARLANCE_TRUSTED_NETWORK: "none" });
  key = await scene.key("publish", "rooms");
}, 60_000);
afterAll(() => scene?.close());
beforeEach(() => scene.emptySpool());

/** Runs a program in an example's folder, as somebody who tries it there. */
async function tried(
  folder: string,
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Done> {
  const line = `cd "$0" && exec "$@"`;
  const environment = { ...scene.environment(key), PYTHONDONTWRITEBYTECODE: "1", ...more };
  return run("/bin/sh", ["-c", line, join(examples, folder), program, ...args], environment);
}

/** The first block of code of a folder's README. */
function firstBlock(folder: string, language: string): string {
  const readme = readFileSync(join(examples, folder, "README.md"), "utf8");
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(readme)?.[1];
  if (block === undefined) throw new Error(`no ${language} in ${folder}/README.md`);
  return block;
}

/** A page of MMB's, for a user with a token of the application's. */
async function mmbPage(user: number): ReturnType<typeof connect> {
  const page = await connect(scene.server.port, "/mmb");
  send(page, { type: "auth", token: generateToken(user, 600, { secret }) });
  await seen(page, { type: "authenticated", user_id: user });
  return page;
}

describe("the first lines of each README", () => {
  const count = async (room: string, text: string): Promise<number> =>
    (await scene.texts(room)).filter((one) => one === text).length;

  requires("php")("[PE-12] [MMB-09] run in PHP", async () => {
    const code = firstBlock("php", "php").replace("<?php", "");
    expect(code.trim().split("\n").length).toBeLessThanOrEqual(5);
    const done = await tried("php", interpreters.php, ["-r", code]);
    expect(done).toMatchObject({ code: 0, err: "" });
    const [element, data = ""] =
      /^<script src="http:\/\/localhost:8082\/mmb\/client.js" data-options='(.*)'><\/script>$/.exec(
        done.out,
      ) ?? [];
    expect(element).toBeDefined();
    const { token } = JSON.parse(data) as { readonly token: string };
    expect(validateToken(token, { secret })).toMatchObject({ user_id: 42, name: "Ann" });
    expect([await count("general", "New booking"), scene.spooled()]).toEqual([1, []]);
    expect((await scene.log("notifications")).at(-1)).toMatchObject({
      data: { text: "New booking created", data: { data: { id: 123, user: "John Doe" } } },
    });
  });

  requires("python3")("run in Python", async () => {
    const before = await count("general", "New booking");
    const done = await tried("python", interpreters.python3, [
      "-c",
      firstBlock("python", "python"),
    ]);
    expect(done).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/^<script .*<\/script>\n$/),
    });
    expect([await count("general", "New booking"), scene.spooled()]).toEqual([before + 1, []]);
  });

  requires("curl")("run in a shell", async () => {
    const done = await tried("curl", "/bin/sh", ["-c", firstBlock("curl", "sh")]);
    expect(done).toMatchObject({ code: 0, err: "" });
    expect([await count("general", "Backup done"), scene.spooled()]).toEqual([1, []]);
  });
});

describe("files in the place of those that applications had", () => {
  requires("php")("[MMB-08] [MMB-09] WebSocketClient.php has MMB's three functions", async () => {
    const code = `require 'WebSocketClient.php';
      $token = WebSocketClient::generateToken(42, 3600);
      $script = WebSocketClient::getClientScript('ws://localhost:8080', ['token' => $token, 'reconnect' => true, 'reconnectDelay' => 3000]);
      echo json_encode([$token, $script, WebSocketClient::validateToken($token)['user_id']]);`;
    const { out, err } = await tried("php", interpreters.php, ["-r", code]);
    expect(err).toBe("");
    const [token, script, user] = JSON.parse(out) as [string, string, number];
    expect(validateToken(token, { secret })).toMatchObject({ user_id: 42 });
    expect([script.includes(token), user]).toEqual([true, 42]);
  });

  requires("php")(
    "[PE-12] send_notification.php has PorticoEstate's function, in the middle of a page too",
    async () => {
      const code = `require_once 'send_notification.php'; require_once 'send_notification.php';
      sendWebSocketNotification('Simple'); echo 'the page goes on';`;
      const done = await tried("php", interpreters.php, ["-r", code]);
      expect(done).toEqual({ code: 0, out: "the page goes on", err: "" });
      expect((await scene.texts("notifications")).at(-1)).toBe("Simple");
    },
  );

  requires("php")(
    "a function of the same name that is there already stays what it is",
    async () => {
      const code = `function generateToken() { return 'mine'; } require 'parlance.php';
      echo generateToken(), ' ', Parlance::validateToken(Parlance::generateToken(7))['sub'];`;
      expect(await tried("php", interpreters.php, ["-r", code])).toEqual({
        code: 0,
        out: "mine 7",
        err: "",
      });
    },
  );
});

describe("what MMB's applications tell", () => {
  requires("php")(
    "[MMB-13] a download reaches its owner's pages, and one that was away when it comes back",
    async () => {
      const token = generateToken(42, 600, { secret });
      const open = async (): ReturnType<typeof connect> => {
        const page = await connect(scene.server.port, "/mmb");
        send(page, { type: "auth", token });
        send(page, { type: "join", room: "notifications_42" });
        await seen(page, { type: "room_joined", room: "notifications_42" });
        return page;
      };
      const download = async (count: number): Promise<void> => {
        const args = [
          "download-notification.php",
          "42",
          "7",
          'Report "Q3".pdf',
          "Bob",
          String(count),
        ];
        expect(await tried("php", interpreters.php, args)).toMatchObject({ code: 0, err: "" });
      };
      const message = (count: number): object => ({
        type: "file_downloaded",
        file_id: 7,
        filename: 'Report "Q3".pdf',
        downloader: "Bob",
        count,
        timestamp: expect.any(Number) as number,
      });
      const page = await open();
      await download(1);
      const frame = await page.until(
        () => page.frames.find(({ type }) => type === "message"),
        "the download",
      );
      expect(frame["message"]).toEqual(message(1));
      const { timestamp } = frame["message"] as { readonly timestamp: number };
      expect(Math.abs(timestamp - Date.now() / 1_000)).toBeLessThan(60);
      page.socket.close();
      await page.closed();
      await download(2);
      const back = await open();
      const missed = await back.until(
        () => back.frames.find(({ type }) => type === "message"),
        "what it missed",
      );
      expect(missed["message"]).toEqual(message(2));
      back.socket.terminate();
    },
  );

  requires("php")(
    "[MMB-14] a job's progress reaches whom the back end let in, and nobody else, to its end or its failure",
    async () => {
      const [owner, other] = [await mmbPage(51), await mmbPage(52)];
      for (const [job, end] of [
        [5, "completed"],
        [6, "failed"],
      ] as const) {
        const room = `ocr_job_${job}`;
        const letIn = `require 'ocr-progress.php'; exit(letIntoJob(${job}, 51) ? 0 : 1);`;
        expect((await tried("php", interpreters.php, ["-r", letIn])).code).toBe(0);
        const from = owner.frames.length;
        send(owner, { type: "join", room });
        await seen(owner, { type: "room_joined", room }, from);
        send(other, { type: "join", room });
        await seen(other, { type: "error", code: "not_found" });
        const args = ["ocr-progress.php", String(job), "51", end];
        expect(await tried("php", interpreters.php, args)).toMatchObject({ code: 0, err: "" });
        const told = await owner.until(() => {
          const messages = owner.frames.slice(from).filter(({ type }) => type === "message");
          return messages.length === 3 ? messages.map(({ message }) => message) : undefined;
        }, "three steps");
        const step = { type: "ocr_progress", job_id: job, timestamp: expect.any(Number) as number };
        expect(told).toEqual([
          { ...step, progress: 10, status: "processing" },
          { ...step, progress: 55, status: "processing" },
          end === "completed"
            ? { ...step, progress: 100, status: "completed", text: "Hello", confidence: 98.5 }
            : { ...step, progress: 55, status: "failed", error: expect.any(String) as string },
        ]);
      }
      expect(JSON.stringify(other.frames)).not.toContain("ocr_progress");
      for (const page of [owner, other]) page.socket.terminate();
    },
  );
});

const hasRedis = hasRequirement("redis-server");

/** A Redis of our own: on one that others use, others listen to the channel. */
describe.skipIf(!hasRedis)("notify-by-redis.php (absent: redis-server)", () => {
  let redis: ChildProcess;
  let port: number;
  const publish = (text: string, more: Readonly<Record<string, string>> = {}): Promise<Done> =>
    tried("php", interpreters.php, ["notify-by-redis.php", text, '{"id":123}'], {
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(port),
      ...more,
    });

  beforeAll(async () => {
    port = await freePort();
    redis = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", ""], {
      stdio: "ignore",
    });
    await vi.waitFor(async () => {
      const listening = connectSocket(port, "127.0.0.1");
      await once(listening, "connect");
      listening.destroy();
    }, 20_000);
  }, 30_000);
  afterAll(async () => {
    redis.kill("SIGKILL");
    await once(redis, "exit");
  });

  requires("php")("[PE-13] publishes PorticoEstate's notification to the channel", async () => {
    const listener = connectSocket(port, "127.0.0.1");
    let heard = "";
    listener.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    listener.write("SUBSCRIBE notifications\r\n");
    await expect.poll(() => heard).toContain(":1\r\n");
    const done = await publish("Neue Buchung ä 👋");
    expect(done).toEqual({ code: 0, out: "redis\n", err: "" });
    await expect.poll(() => heard.endsWith("}\r\n")).toBe(true);
    const notification: unknown = JSON.parse(heard.split("\r\n").at(-2) ?? "");
    expect(notification).toEqual({
      type: "notification",
      message: "Neue Buchung ä 👋",
      data: { id: 123 },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/) as string,
      idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(scene.spooled()).toEqual([]);
    listener.destroy();
  });

  requires("php")(
    "[PE-14] goes to the spool where nobody listens, where Redis is down, and where it says nothing",
    async () => {
      const silent = await Rogue.start(() => {});
      const places = [{}, { REDIS_PORT: "1" }, { REDIS_PORT: silent.url.split(":")[2] ?? "" }];
      for (const [index, place] of places.entries()) {
        expect(await publish(`Nr. ${index}`, place)).toEqual({ code: 0, out: "spool\n", err: "" });
      }
      await silent.close();
      expect(scene.spooled().map(({ content }) => content)).toEqual(
        places.map((_, index) => ({
          everyone: true,
          text: `Nr. ${index}`,
          data: { data: { id: 123 } },
          idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        })),
      );
    },
  );
});
