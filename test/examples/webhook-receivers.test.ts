/** The receivers of webhooks in `examples/webhooks`, run by their own interpreters. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterEach, beforeEach, expect } from "vitest";
import { parlance } from "../e2e/command-line.ts";
import { programPaths, requires } from "../requirements.ts";

const examples = join(import.meta.dirname, "../../examples/webhooks");
const patient = { timeout: 30_000 };

let directory: string;
let server: ServerProcess;
let child: ChildProcess | undefined;
let printed = "";

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-receivers-"));
  server = new ServerProcess(await freePort(), join(directory, "data"));
  printed = "";
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await server.kill();
  rmSync(directory, { recursive: true, force: true });
});

function run(command: string, args: readonly string[], secret: string, port: number): void {
  const environment = { PATH: process.env["PATH"], PARLANCE_WEBHOOK_SECRET: secret };
  child = spawn(command, args, {
    env: { ...environment, PORT: String(port), RECEIVED: join(directory, "received.txt") },
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
  });
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

for (const language of ["php", "node"] as const) {
  const needed = language === "php" ? (["php"] as const) : ([] as const);
  requires(...needed)(
    `[WEB-4] the receiver in ${language} takes what is signed, once`,
    async () => {
      const environment = { PARLANCE_DATA_DIR: server.dataDir };
      const made = await parlance(["key", "create", "--scope", "publish"], environment);
      await server.start();
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      const create = ["webhook", "create", "--name", "example", "--url", url, "--json"];
      const { out } = await parlance([...create, "--room", "greetings"], environment);
      const { webhook, secret } = JSON.parse(out) as { webhook: { id: string }; secret: string };
      const program = join(examples, language === "php" ? "receiver.php" : "receiver.mjs");
      if (language === "php")
        run(programPaths.php, ["-S", `127.0.0.1:${port}`, program], secret, port);
      else run(process.execPath, [program], secret, port);
      await expect.poll(() => isOpen(port), patient).toBe(true);
      for (const text of ["Grüße 語", "and again"]) {
        await fetch(`${server.url}/api/publish`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${made.out.trim()}`,
            "content-type": "application/json",
          },
          body: JSON.stringify({ room: "greetings", text }),
        });
      }
      const file = join(directory, "received.txt");
      const received = (): string =>
        language === "node" ? printed : existsSync(file) ? readFileSync(file, "utf8") : "";
      await expect
        .poll(received, patient)
        .toMatch(/message\.created Grüße 語\n.*message\.created and again\n/);
      const forged = await fetch(url, {
        method: "POST",
        headers: {
          "parlance-signature": `t=${Math.floor(Date.now() / 1_000)},v1=${"0".repeat(64)}`,
        },
        body: JSON.stringify({ webhook: webhook.id, events: [{ id: "x", type: "forged" }] }),
      });
      expect(forged.status).toBe(401);
      expect(received()).not.toContain("forged");
    },
    120_000,
  );
}
