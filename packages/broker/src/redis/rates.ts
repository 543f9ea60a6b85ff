/** Rates that all nodes share, on the Redis of the broker. */
import { createHash } from "node:crypto";
import type { RateShare, RateStore, RateWant } from "@parlance/core";
import { installKey } from "../line/install-key.ts";
import {
  type BrokerHost,
  type BrokerUrl,
  BrokerUrlError,
  parseBrokerUrl,
} from "../url/broker-url.ts";
import { open, primaryOf } from "./client.ts";
import { ratesScript } from "./rates-script.ts";

/** A connection that does not answer for so long is given up. */
const answerMs = 2_000;

const scriptHash = createHash("sha1").update(ratesScript).digest("hex");

type Client = Awaited<ReturnType<typeof open>>;

/** A store that keeps a connection. */
export interface RedisRates extends RateStore {
  close(): Promise<void>;
}

export interface RedisRatesOptions {
  /** As the broker's. */
  readonly url: string;
  readonly installId: string;
}

/**
 * Connects by itself, and anew with the first question after the connection was lost; what is asked while it is away is refused.
 *
 * @throws BrokerUrlError
 */
export function createRedisRates(options: RedisRatesOptions): RedisRates {
  return new Store(options);
}

class Store implements RedisRates {
  readonly #url: BrokerUrl;
  /** All buckets of an install are on one node of a cluster, so that one question reaches them. */
  readonly #prefix: string;
  #client: Promise<Client> | undefined;
  #ending: AbortController | undefined;
  /** Of the addresses, the one to try next. */
  #next = 0;
  /** The node of a cluster that has the buckets, once another has said so. */
  #owner: BrokerHost | undefined;
  #isClosed = false;

  constructor({ url, installId }: RedisRatesOptions) {
    this.#url = parseBrokerUrl(url);
    if (!this.#url.scheme.startsWith("redis")) throw new BrokerUrlError("is no URL of Redis");
    this.#prefix = `parlance:{${installKey(installId)}}:rate:`;
    // In advance, so that the first command need not wait for it. Who asks hears of a failure.
    this.#connect().catch(() => undefined);
  }

  async take(wants: readonly RateWant[]): Promise<readonly RateShare[]> {
    if (wants.length === 0) return [];
    try {
      return await this.#ask(wants);
    } catch (error) {
      const owner = ownerIn(error);
      this.#drop();
      if (owner === undefined) throw error;
      this.#owner = { ...owner, host: owner.host === "" ? this.#place.host : owner.host };
      return this.#ask(wants);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#drop();
    return Promise.resolve();
  }

  async #ask(wants: readonly RateWant[]): Promise<readonly RateShare[]> {
    const client = await this.#connect();
    const rest = [
      String(wants.length),
      ...wants.map(({ bucket }) => this.#prefix + bucket),
      ...wants.flatMap(({ node, perSecond, burst, left, spend, hold, holdMs }) => [
        node,
        ...[perSecond, burst, left, spend, hold, holdMs].map(String),
      ]),
    ];
    const timer = setTimeout(() => this.#drop(), answerMs);
    timer.unref();
    try {
      return sharesIn(await client.sendCommand(["EVALSHA", scriptHash, ...rest]));
    } catch (error) {
      if (!String(error).includes("NOSCRIPT")) throw error;
      return sharesIn(await client.sendCommand(["EVAL", ratesScript, ...rest]));
    } finally {
      clearTimeout(timer);
    }
  }

  get #place(): BrokerHost {
    const { hosts } = this.#url;
    return this.#owner ?? (hosts[this.#next % hosts.length] as BrokerHost);
  }

  #connect(): Promise<Client> {
    if (this.#isClosed) return Promise.reject(new Error("closed"));
    if (this.#client === undefined) {
      const ending = new AbortController();
      const lost = (): void => {
        if (this.#ending === ending) this.#drop();
      };
      this.#ending = ending;
      this.#client = this.#dial(lost, ending.signal);
      this.#client.catch(lost);
    }
    return this.#client;
  }

  async #dial(lost: () => void, signal: AbortSignal): Promise<Client> {
    const { scheme, path = "" } = this.#url;
    const place = this.#place;
    const host =
      scheme === "redis-sentinel:" ? await primaryOf(path, place, this.#url, signal) : place;
    return open(host, this.#url, { lost }, signal);
  }

  #drop(): void {
    const ending = this.#ending;
    this.#client = undefined;
    this.#ending = undefined;
    this.#owner = undefined;
    this.#next += 1;
    ending?.abort();
  }
}

/** Where a cluster says that the keys are: `MOVED 3999 127.0.0.1:6381`. */
function ownerIn(error: unknown): BrokerHost | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec((error as Error).message) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

function sharesIn(answer: unknown): readonly RateShare[] {
  return (answer as readonly (readonly (number | string)[])[]).map(
    ([spent, held, level, waitMs]) => ({
      spent: Number(spent),
      held: Number(held),
      level: Number(level),
      waitMs: Number(waitMs),
    }),
  );
}
