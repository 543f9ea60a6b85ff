/** For the tests of this package: identities over a real store, with a clock that can be moved. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Ids } from "@parlance/core";
import type { ProtocolError } from "@parlance/protocol";
import type { Store } from "@parlance/storage";
import { openSqlite } from "@parlance/storage/sqlite";
import { createIdentity, type IdentityOptions, type IdentityParts } from "../src/index.ts";

/** The install's secret in every scene. */
export const secret = "an-install-secret-with-enough-characters";

/** One store, any number of nodes' identities over it. */
export class Scene {
  readonly directory: string;
  store: Store;
  /** How far the clock is moved. */
  offsetMs = 0;
  #stopped: { readonly now: number; readonly monotonic: number } | undefined;
  readonly clock: Clock;

  private constructor(directory: string, store: Store) {
    this.directory = directory;
    this.store = store;
    this.clock = {
      now: () => (this.#stopped?.now ?? Date.now()) + this.offsetMs,
      monotonic: () => (this.#stopped?.monotonic ?? performance.now()) + this.offsetMs,
      after: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
      afterTurn: (run) => void setImmediate(run),
    };
  }

  static async open(): Promise<Scene> {
    const directory = await mkdtemp(join(tmpdir(), "identity-"));
    return new Scene(directory, await openSqlite({ directory, readers: 1 }));
  }

  /** From now on time passes by `offsetMs` only, however busy the machine is. */
  stopClock(): void {
    this.#stopped = { now: Date.now(), monotonic: performance.now() };
  }

  /** Closes the store and opens it again, as a restart does. */
  async restart(): Promise<void> {
    await this.store.close();
    this.store = await openSqlite({ directory: this.directory, readers: 1 });
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** What one node has; several of a scene are several nodes. Nothing is limited unless `more` says so. */
  identity(more: Partial<IdentityOptions> = {}): IdentityParts {
    return createIdentity({
      log: this.store.log,
      directory: this.store.directory,
      clock: this.clock,
      report: () => {},
      ids: { user: () => `u_${randomUUID().slice(0, 13).replace("-", "")}` } as unknown as Ids,
      secrets: [secret],
      issuers: [],
      guestsAllowed: true,
      attemptsPerMinute: 0,
      ...more,
    });
  }

  /** In seconds, as JWTs have it. */
  inAnHour(): number {
    return Math.floor(this.clock.now() / 1_000) + 3_600;
  }
}

/** `accepted`, or the code of the refusal. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "accepted",
    (error: ProtocolError) => error.code,
  );
}
