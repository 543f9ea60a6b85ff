/** A server as its users run it, back ends that have keys of it, and what its log and its spool have. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { parlance } from "../e2e/command-line.ts";
import type { Environment } from "./languages.ts";

/**
 * Whether the server publishes what lies in the spool directory. Until then a test that needs to know what would become of a file
 * publishes it itself, over HTTP with the same key (`Scene.deliver`).
 */
export const serverReadsSpool: boolean = true;

export const secret = "an-install-of-these-tests-0f2d7c91ab3e4856";

/** A line of a room's log that is a message. */
export interface Message {
  readonly sequence: number;
  readonly author: string;
  readonly client_message_id?: string;
  readonly data: { readonly text: string; readonly data?: Readonly<Record<string, unknown>> };
}

/** A file of the spool. */
export interface Spooled {
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

interface Page {
  readonly events: readonly (Message & { readonly type: string })[];
}

/** Events of one page, at most. */
const pageEvents = 200;

export class Scene {
  readonly server: ServerProcess;
  readonly spoolDir: string;
  readonly #directory: string;
  #reader = "";

  private constructor(port: number, environment: Environment) {
    this.#directory = mkdtempSync(join(tmpdir(), "parlance-examples-"));
    this.spoolDir = join(this.#directory, "spool");
    mkdirSync(this.spoolDir);
    this.server = new ServerProcess(port, join(this.#directory, "data"), {
      PARLANCE_SECRET: secret,
      PARLANCE_SPOOL_DIR: this.spoolDir,
      PARLANCE_COMMANDS_PER_SECOND: "0",
      ...environment,
    });
  }

  /** @param environment Of the server, which leaves the spool alone unless told otherwise here. */
  static async start(environment: Environment = { PARLANCE_SPOOL: "no" }): Promise<Scene> {
    const scene = new Scene(await freePort(), environment);
    await scene.server.start();
    scene.#reader = await scene.key("read");
    return scene;
  }

  /** A key of a back end with these scopes. */
  async key(...scopes: readonly string[]): Promise<string> {
    const args = ["key", "create", "--name", "shop", "--scope", scopes.join(",")];
    const made = await parlance(args, {
      PARLANCE_PORT: String(this.server.port),
      PARLANCE_DATA_DIR: this.server.dataDir,
      PARLANCE_SECRET: secret,
    });
    if (made.code !== 0) throw new Error(made.err);
    return made.out.trim();
  }

  /** The settings of a back end that publishes. A slow machine is given time. */
  environment(key: string, more: Environment = {}): Environment {
    return {
      PARLANCE_URL: this.server.url,
      PARLANCE_API_KEY: key,
      PARLANCE_SPOOL_DIR: this.spoolDir,
      PARLANCE_SECRET: secret,
      TIMEOUT_MS: "20000",
      ...more,
    };
  }

  /** A room's messages from its beginning, in order. */
  async log(room: string): Promise<readonly Message[]> {
    const messages: Message[] = [];
    for (let after = 0; ; after += pageEvents) {
      const query = `after=${after}&limit=${pageEvents}`;
      const response = await fetch(`${this.server.url}/api/v1/rooms/${room}/messages?${query}`, {
        headers: { authorization: `Bearer ${this.#reader}` },
      });
      if (response.status === 404) return messages;
      const { events } = (await response.json()) as Page;
      messages.push(...events.filter(({ type }) => type === "message.created"));
      if (events.length < pageEvents) return messages;
    }
  }

  async texts(room: string): Promise<readonly string[]> {
    return (await this.log(room)).map(({ data }) => data.text);
  }

  /** What lies in the spool, in the order of names. @throws Error for a file that is no JSON. */
  spooled(): readonly Spooled[] {
    return readdirSync(this.spoolDir)
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .map((name) => {
        const content: unknown = JSON.parse(readFileSync(join(this.spoolDir, name), "utf8"));
        return { name, content: content as Spooled["content"] };
      });
  }

  /** Publishes what lies in the spool as the server would, and forgets it. @returns how many files there were. */
  async deliver(key: string): Promise<number> {
    const files = this.spooled();
    for (const { name, content } of files) {
      const { key_id: _id, ...publication } = content;
      const response = await fetch(`${this.server.url}/api/v1/publish`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(publication),
      });
      if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
      rmSync(join(this.spoolDir, name));
    }
    return files.length;
  }

  /** Forgets what lies in the spool. */
  emptySpool(): void {
    rmSync(this.spoolDir, { recursive: true, force: true });
    mkdirSync(this.spoolDir);
  }

  async close(): Promise<void> {
    await this.server.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
