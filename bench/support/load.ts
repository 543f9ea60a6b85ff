/** Drives the external load generator: one process, one JSON line of counts and costs at its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the load generator reports; members by the kind of run. Times in microseconds. */
export interface LoadResult {
  readonly ok: boolean;
  readonly n?: number;
  readonly published?: number;
  readonly wall_s?: number;
  readonly del_per_s?: number;
  readonly server_cpu_us_per_del?: number;
  readonly server_cpu_us_per_msg?: number;
  readonly also_cpu_us_per_msg?: number;
  readonly server_cpu_util?: number;
  readonly also_cpu_util?: number;
  readonly self_cpu_util?: number;
  readonly frames_per_del?: number;
  readonly bytes_per_del?: number;
  readonly lat_us?: { readonly p50?: number; readonly p99?: number };
  readonly lost?: number;
  readonly dup?: number;
  readonly ooo?: number;
  readonly acks?: number;
  readonly conn_per_s?: number;
  readonly open_server_cpu_us_per_conn?: number;
  readonly open_also_cpu_us_per_conn?: number;
  readonly reopen1_conn_per_s?: number;
  readonly reopen1_server_cpu_us_per_conn?: number;
  readonly rss_bytes_per_conn?: number;
  readonly [other: string]: unknown;
}

/** How a server is spoken to. */
export interface Talk {
  readonly url: string;
  /** Lines `send …` and `wait …` that make a connection ready. */
  readonly setup: string;
  /** Further options: how a message is wrapped, and what the dialect needs. */
  readonly options: readonly string[];
  /** One line per connection, publishers after subscribers: `{line}` in the setup. */
  readonly lines?: readonly string[];
  /** Where publishers go another way than subscribers. */
  readonly publisher?: { readonly url: string; readonly setup: string };
}

/** A handle on the load generator's binary. */
export class LoadTool {
  readonly #binary: string;
  readonly #core: number;
  readonly #scratch: string = mkdtempSync(join(tmpdir(), "bench-load-"));
  #files = 0;

  /** @param core The core that it is pinned to: another one than the server's. */
  constructor(binary: string, core = 1) {
    this.#binary = binary;
    this.#core = core;
    process.on("exit", () => rmSync(this.#scratch, { recursive: true, force: true }));
  }

  /** Runs once. What the tool could not read or finish is `ok: false`, with its errors shown. */
  async run(talk: Talk, pid: number, options: readonly string[]): Promise<LoadResult> {
    const args = ["-c", String(this.#core), this.#binary, "--url", talk.url];
    args.push("--setup", this.#file(talk.setup), ...talk.options);
    if (talk.publisher !== undefined) {
      args.push("--pub-url", talk.publisher.url, "--pub-setup", this.#file(talk.publisher.setup));
    }
    if (talk.lines !== undefined) args.push("--lines", this.#file(talk.lines.join("\n")));
    args.push("--server-pid", String(pid), "--addrs", "8", ...options);
    const child = spawn("taskset", args, { stdio: ["ignore", "pipe", "inherit"] });
    const force = setTimeout(() => child.kill("SIGKILL"), 180_000);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(child, "close");
    clearTimeout(force);
    try {
      return { ok: child.exitCode === 0, ...(JSON.parse(text) as object) };
    } catch {
      return { ok: false };
    }
  }

  #file(text: string): string {
    this.#files += 1;
    const path = join(this.#scratch, `file-${this.#files % 16}`);
    writeFileSync(path, `${text}\n`);
    return path;
  }
}
