/** `examples/laravel`: what Laravel does on the wire, in PHP, with the files that Laravel reads. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, onTestFinished } from "vitest";
import { parlance } from "../e2e/command-line.ts";
import { programPaths, requires } from "../requirements.ts";

const example = join(import.meta.dirname, "../../examples/laravel");
const patient = { timeout: 30_000 };
const appKey = "of-the-application";
const secret = "change-me-to-16-or-more";
const drivers = ["pusher", "reverb"] as const;

let directory: string;
let server: ServerProcess;
let backEndPort: number;
let readKey: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-laravel-"));
  backEndPort = await freePort();
  server = new ServerProcess(await freePort(), join(directory, "data"), {
    PARLANCE_PUSHER_APP_ID: "shop",
    PARLANCE_PUSHER_KEY: "shop-key",
    PARLANCE_PUSHER_SECRET: secret,
    PARLANCE_PUSHER_WEBHOOK_URL: `http://127.0.0.1:${backEndPort}/webhook`,
  });
  const made = await parlance(["key", "create", "--scope", "read"], {
    PARLANCE_DATA_DIR: server.dataDir,
  });
  readKey = made.out.trim();
  await server.start();
}, 60_000);
afterAll(async () => {
  await server.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** What `.env.example` says, with this server's port. */
function environment(driver: string): Record<string, string> {
  const values: Record<string, string> = {};
  const text = readFileSync(join(example, ".env.example"), "utf8");
  for (const [, name = "", raw = ""] of text.matchAll(/^([A-Z_]+)=(.*)$/gm)) {
    const value = raw.replaceAll('"', "");
    values[name] = value.replace(/\$\{([A-Z_]+)\}/g, (_, other: string) => values[other] ?? "");
    if (name === "PUSHER_PORT") values[name] = String(server.port);
  }
  return { ...values, BROADCAST_CONNECTION: driver };
}

/** Runs until the test is over. @returns its address. */
async function startBackEnd(driver: string): Promise<string> {
  const child: ChildProcess = spawn(
    programPaths.php,
    ["-S", `127.0.0.1:${backEndPort}`, join(example, "back-end.php")],
    {
      env: {
        PATH: process.env["PATH"],
        PHP_CLI_SERVER_WORKERS: "2",
        APP_KEY: appKey,
        RECEIVED: join(directory, "received.jsonl"),
        ...environment(driver),
      },
      stdio: "ignore",
      detached: true,
    },
  );
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // With its workers.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await ended;
  });
  const url = `http://127.0.0.1:${backEndPort}`;
  await expect
    .poll(
      () =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      patient,
    )
    .toBe(405);
  return url;
}

const signedIn = (user: string): { authorization: string } => ({
  authorization: `Bearer ${user}.${createHmac("sha256", appKey).update(user).digest("hex")}`,
});

describe.each(drivers)("with the driver %s", (driver) => {
  requires("php")("an event is triggered by PHP and stored", async () => {
    const url = await startBackEnd(driver);
    const body = JSON.stringify({ number: driver });
    const answer = await fetch(`${url}/orders/ada`, { method: "POST", body });
    expect([answer.status, await answer.json()]).toEqual([200, { sent: true }]);
    const headers = { authorization: `Bearer ${readKey}` };
    for (const room of ["private-orders.ada", "presence-desk.1"]) {
      const read = await fetch(`${server.url}/api/v1/rooms/${room}/messages?limit=1`, { headers });
      expect(await read.json()).toMatchObject({
        events: [
          {
            author: "service:pusher",
            data: { data: { pusher: { name: "App\\Events\\OrderPaid", data: body } } },
          },
        ],
      });
    }
  });

  requires("php")(
    "[P2] nothing is signed but a socket and a channel that may be listened to",
    async () => {
      const url = await startBackEnd(driver);
      const ask = async (socket: string, channel: string, headers = signedIn("ada")) => {
        const body = new URLSearchParams({ socket_id: socket, channel_name: channel });
        const answer = await fetch(`${url}/broadcasting/auth`, { method: "POST", body, headers });
        return [answer.status, await answer.json()];
      };
      const sign = (text: string): string =>
        `shop-key:${createHmac("sha256", secret).update(text).digest("hex")}`;
      expect(await ask("1.2", "private-orders.ada")).toEqual([
        200,
        { auth: sign("1.2:private-orders.ada") },
      ]);
      const data = '{"user_id":"ada","user_info":{"id":"ada","name":"Ada"}}';
      expect(await ask("1.2", "presence-desk.1")).toEqual([
        200,
        { auth: sign(`1.2:presence-desk.1:${data}`), channel_data: data },
      ]);
      const refused = { message: expect.any(String) as string };
      for (const [socket, channel] of [
        ["1.2:private-orders.ada", "private-orders.ada"],
        ["1.2\n", "private-orders.ada"],
        ["1", "private-orders.ada"],
        ["", "private-orders.ada"],
        ["1.2", "private-orders.ada\n"],
        ["1.2", "private-orders.ada,private-orders.bob:x"],
        ["1.2", "orders.ada"],
        ["1.2", "private-"],
      ] as const) {
        expect(await ask(socket, channel)).toEqual([400, refused]);
      }
      for (const [channel, user] of [
        ["private-orders.bob", "ada"],
        ["private-orders.ada.bob", "ada"],
        ["private-orders.ada,private-orders.bob", "ada"],
        ["private-unknown", "ada"],
        ["presence-orders.bob", "ada"],
      ] as const) {
        expect(await ask("1.2", channel, signedIn(user))).toEqual([403, refused]);
      }
      const forged = { authorization: signedIn("ada").authorization.replace("ada", "bob") };
      expect(await ask("1.2", "private-orders.bob", forged)).toEqual([403, refused]);
      expect(await ask("1.2", "private-orders.ada", { authorization: "" })).toEqual([403, refused]);
    },
  );
});
