/** The product as its users run it: a process of its own, started by the command line, ended by its pid. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const cli: string = join(import.meta.dirname, "../../cli/bin/parlance.js");
const startTimeoutMs = 30_000;

/** Settings of one server process, as environment variables beyond `PARLANCE_PORT` and `PARLANCE_DATA_DIR`. */
export type ServerEnvironment = Readonly<Record<string, string>>;

/** A port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** One install that can be started, killed and started again on the same port and directory. */
export class ServerProcess {
  readonly port: number;
  readonly dataDir: string;
  readonly #environment: ServerEnvironment;
  /** Of the starts from now on: another command line than ours, undefined for ours. */
  program: string | undefined;
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  /** What the process wrote, newest last, at most `maxOutput` characters. */
  output = "";

  constructor(port: number, dataDir: string, environment: ServerEnvironment = {}) {
    this.port = port;
    this.dataDir = dataDir;
    this.#environment = environment;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("not started");
    return this.#child.pid;
  }

  /** Whether the process of the last start has ended, or none was started. */
  get isGone(): boolean {
    const child = this.#child;
    return child === undefined || child.exitCode !== null || child.signalCode !== null;
  }

  /** Resolves with the exit code, null after a signal, when the process of the last start is gone. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Starts and waits until it answers. @throws Error with its output if it exits before. */
  async start(environment: ServerEnvironment = {}): Promise<void> {
    const child = spawn(process.execPath, [this.program ?? cli, "start"], {
      env: {
        ...process.env,
        PARLANCE_PORT: String(this.port),
        PARLANCE_DATA_DIR: this.dataDir,
        PARLANCE_LOG_FORMAT: "json",
        // All clients of a test come from one address.
        PARLANCE_SIGN_INS_PER_MINUTE: "0",
        ...this.#environment,
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    const keep = (chunk: Buffer): void => {
      this.output = `${this.output}${chunk.toString()}`.slice(-maxOutput);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    const end = Date.now() + startTimeoutMs;
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`the server exited:\n${this.output}`);
      if (child.signalCode !== null) return;
      if (Date.now() > end) throw new Error(`the server does not answer:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/health`)).ok;
    } catch {
      return false;
    }
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGTERM, and waits for the end. @returns the exit code. */
  async stop(): Promise<number | null> {
    this.#child?.kill("SIGTERM");
    return this.#exited;
  }
}

const maxOutput = 20_000;
