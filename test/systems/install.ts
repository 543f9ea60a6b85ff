/**
 * An install as its operator has it: a directory with what lies in it, `parlance` typed there, and the process that
 * runs. What a process writes to its two streams is kept apart.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@parlance/testkit/server-process";
import { expect } from "vitest";
import WebSocket from "ws";
import { Speaker } from "../bad-input/scene.ts";

const program = join(import.meta.dirname, "../../packages/cli/bin/parlance.js");
const startTimeoutMs = 60_000;

/** Environment variables beyond those of every install here. */
export type Environment = Readonly<Record<string, string>>;

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What a command did. */
export interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class Install {
  readonly directory: string;
  /** Of the main endpoint. */
  readonly port: number;
  readonly #environment: Environment;
  #child: ChildProcess | undefined;
  /** Of the process that was started last. */
  out = "";
  err = "";

  private constructor(port: number, environment: Environment) {
    this.directory = mkdtempSync(join(tmpdir(), "parlance-install-"));
    this.port = port;
    this.#environment = environment;
  }

  /** An empty directory and a free port; nothing runs yet. */
  static async make(environment: Environment = {}): Promise<Install> {
    return new Install(await freePort(), environment);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get dataDir(): string {
    return join(this.directory, "data");
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("not started");
    return this.#child.pid;
  }

  /** Puts a file into the directory. */
  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** The log's lines so far, by whatever stream or file they went. */
  log(text: string = this.out + this.err): LogLine[] {
    return text
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** What the log has in its file. */
  logFile(): string {
    return readFileSync(join(this.dataDir, "parlance.log"), "utf8");
  }

  #spawn(args: readonly string[], environment: Environment): ChildProcess {
    return spawn(process.execPath, [program, ...args], {
      cwd: this.directory,
      env: {
        PATH: process.env["PATH"],
        // All clients of a test come from one address.
        PARLANCE_SIGN_INS_PER_MINUTE: "0",
        PARLANCE_DRAIN_MS: "0",
        ...this.#environment,
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** `parlance start`, with the port as a flag unless arguments are given. Resolves when it answers. */
  async start(
    args: readonly string[] = ["--port", String(this.port)],
    environment: Environment = {},
  ): Promise<void> {
    const child = this.#spawn(["start", ...args], environment);
    this.#child = child;
    this.out = "";
    this.err = "";
    child.stdout?.on("data", (chunk: Buffer) => (this.out += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.err += chunk.toString()));
    const end = Date.now() + startTimeoutMs;
    while (!(await answers(this.url))) {
      if (child.exitCode !== null) throw new Error(`ended: ${this.out}${this.err}`);
      if (Date.now() > end) throw new Error(`no answer: ${this.out}${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Any other command, to its end. */
  async run(args: readonly string[], environment: Environment = {}): Promise<Done> {
    const child = this.#spawn(args, environment);
    let out = "";
    let err = "";
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, out, err };
  }

  /** Ends the process, if one runs. @returns its exit code; null where a signal ended it at once. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = (await once(child, "close")) as [number | null];
    return code;
  }

  /** Ends everything and forgets the directory. */
  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A new key of a back end. */
  async key(...scopes: readonly string[]): Promise<string> {
    const { out, err } = await this.run(["key", "create", "--scope", scopes.join(",")]);
    expect(err).toBe("");
    return out.trim();
  }

  /** `GET` with a key. @returns the body, which came with 200. */
  async get(path: string, key?: string): Promise<unknown> {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const answer = await fetch(`${this.url}${path}`, { headers });
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    return answer.json();
  }

  /** `POST` of a JSON body. */
  async post(path: string, body: unknown, key?: string): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
    });
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    return false;
  }
}

/** An open socket to a port and path of this machine. */
export function connect(
  port: number,
  path = "/",
  headers: Readonly<Record<string, string>> = {},
): Promise<Speaker> {
  return new Speaker(`ws://127.0.0.1:${port}${path}`, { headers: { ...headers } }).opened();
}

/** The status that a handshake is refused with; 101 where it is not. */
export function handshakeStatus(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { ...headers } });
    socket.once("unexpected-response", (request, answer) => {
      resolve(answer.statusCode);
      request.destroy();
    });
    socket.once("open", () => {
      resolve(101);
      socket.terminate();
    });
    socket.on("error", reject);
  });
}

/** Sends a frame. */
export function send(speaker: Speaker, frame: unknown): void {
  speaker.socket.send(JSON.stringify(frame));
}

/** Waits for a frame that has these members; those that came before count too. */
export function seen(
  speaker: Speaker,
  members: Readonly<Record<string, unknown>>,
  from = 0,
): Promise<Readonly<Record<string, unknown>>> {
  const wanted = Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)]);
  return speaker.until(
    () =>
      speaker.frames
        .slice(from)
        .find((frame) =>
          wanted.every(([name = "", value]) => JSON.stringify(frame[name]) === value),
        ),
    `${JSON.stringify(members)} among ${JSON.stringify(speaker.frames.slice(from)).slice(0, 600)}`,
  );
}
