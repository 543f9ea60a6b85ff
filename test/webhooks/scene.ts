/** Servers and a receiver of webhooks, each a process that can be killed at any moment. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type ServerProcess } from "@parlance/testkit/server-process";
import { parlance } from "../e2e/command-line.ts";

/** One event as it was received. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly room?: string;
  readonly sequence?: number;
  readonly user?: { readonly id: string; readonly name: string };
  readonly data?: { readonly text?: string };
}

export class ReceiverProcess {
  readonly #port: number;
  readonly #path: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, path: string) {
    this.#port = port;
    this.#path = path;
  }

  static async start(directory: string): Promise<ReceiverProcess> {
    const receiver = new ReceiverProcess(await freePort(), join(directory, "received.jsonl"));
    await receiver.start();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async start(): Promise<void> {
    const program = join(import.meta.dirname, "receiver-process.ts");
    const child = spawn(process.execPath, [program, String(this.#port), this.#path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    await once(child.stdout, "data");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** What it acknowledged, and perhaps a last request that it was killed before it could. */
  events(): readonly ReceivedEvent[] {
    return readFileSync(this.#path, "utf8")
      .split("\n")
      .flatMap((line) => {
        try {
          return (JSON.parse(line) as { events: ReceivedEvent[] }).events;
        } catch {
          // Half a line: it was killed while it wrote.
          return [];
        }
      });
  }
}

/** Makes a webhook over the command line. @returns its id. */
export async function makeWebhook(
  server: ServerProcess,
  url: string,
  more: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const args = ["webhook", "create", "--url", url, "--json", ...more];
  const { out, err, code } = await parlance(args, {
    PARLANCE_DATA_DIR: server.dataDir,
    ...environment,
  });
  if (code !== 0) throw new Error(err);
  return (JSON.parse(out) as { webhook: { id: string } }).webhook.id;
}

/** What a room's log says, in its order. */
export async function textsInLog(
  server: ServerProcess,
  key: string,
  room: string,
): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let after = 0; ; ) {
    const path = `/api/v1/rooms/${room}/messages?after=${after}&limit=200`;
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${server.url}${path}`, { headers });
    const { events = [] } = (await answer.json()) as {
      readonly events?: readonly { sequence: number; type: string; data: { text: string } }[];
    };
    if (events.length === 0) return texts;
    for (const { sequence, type, data } of events) {
      after = sequence;
      if (type === "message.created") texts.push(data.text);
    }
  }
}

/** Numbers in [0, 1) that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
