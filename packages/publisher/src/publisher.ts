/** For back ends: publishes over HTTP, and where the server does not answer, through its file spool, with the same key. */
import { type Answer, errorOf, HttpWay } from "./http-way.ts";
import {
  type OpenMessage,
  type OpenOptions,
  type OpenTarget,
  openMessage,
} from "./open-message.ts";
import {
  type ItemReport,
  type KeyedPublication,
  type Publication,
  type PublishReport,
  type RoomResult,
  withKey,
} from "./publication.ts";
import { PublishError } from "./publish-error.ts";
import { SpoolWriter } from "./spool-writer.ts";
import { Trials } from "./trial.ts";

export interface PublisherOptions {
  /** The server's, `http:` or `https:`. Absent: all goes through the spool. */
  readonly url?: string;
  /** An API key's token, `plk_…`. Needed with `url`. What is spooled names its public part, so that it belongs to the same service. */
  readonly key?: string;
  /** The server's spool. It has to be there: the server makes it at its first start. Absent: no fallback. */
  readonly spoolDirectory?: string;
  /** How long the server may take, its answer included. Preset: 2000. */
  readonly timeoutMs?: number;
}

/** The methods need no `this`: they can be handed on. */
export interface Publisher {
  /**
   * Resolves when the message is stored, or lies in the spool on the disk.
   *
   * @throws PublishError
   */
  readonly publish: (publication: Publication) => Promise<PublishReport>;
  /**
   * Up to 1,000 in one request, in order.
   *
   * @returns one report for each, in their order.
   * @throws PublishError if all are refused in one word, as for a key that is not in force, or if one is malformed: then nothing is sent.
   */
  readonly publishMany: (publications: readonly Publication[]) => Promise<readonly ItemReport[]>;
  /**
   * Opens a message that grows: a model's answer, a build's log. Over HTTP only, since what streams cannot wait in a spool.
   *
   * @throws TypeError without a url.
   */
  readonly openMessage: (target: OpenTarget, options?: OpenOptions) => OpenMessage;
  /** To everybody: publishes to the room of announcements. */
  readonly sendNotification: SendNotification;
  /** The same, by the name that older back ends call it by. */
  readonly sendWebSocketNotification: SendNotification;
}

export type SendNotification = (
  text: string,
  data?: Readonly<Record<string, unknown>>,
) => Promise<PublishReport>;

const presetTimeoutMs = 2_000;
/** `setTimeout` takes no longer one. */
const maxTimeoutMs = 2_147_483_647;
const maxItems = 1_000;

/** @throws TypeError for options that lead nowhere. */
export function createPublisher(options: PublisherOptions): Publisher {
  const both = new TwoWays(options);
  // Under `data`, where PorticoEstate's pages look for it.
  const sendNotification: SendNotification = (text, data) =>
    both.publish({ everyone: true, text, ...(data === undefined ? {} : { data: { data } }) });
  return {
    publish: (publication) => both.publish(publication),
    publishMany: (publications) => both.publishMany(publications),
    openMessage: (target, options = {}) => openMessage(both.http, target, options),
    sendNotification,
    sendWebSocketNotification: sendNotification,
  };
}

/** Put into the spool without asking the server. What went wrong, for each item. */
interface Spooled {
  readonly is: "spooled";
  readonly failures: readonly (PublishError | undefined)[];
}

class TwoWays {
  readonly #http: HttpWay | undefined;
  readonly #spool: SpoolWriter | undefined;
  readonly #keyId: string | undefined;
  readonly #trials: Trials;

  constructor(options: PublisherOptions) {
    const { url, key, spoolDirectory, timeoutMs = presetTimeoutMs } = options;
    if (url === undefined && spoolDirectory === undefined) {
      throw new TypeError("a publisher has a url, a spoolDirectory, or both");
    }
    if (!(timeoutMs > 0 && timeoutMs <= maxTimeoutMs)) {
      throw new TypeError("timeoutMs is a number of milliseconds above 0");
    }
    const keyId = key === undefined ? undefined : /^plk_([^_]{1,64})_[\x21-\x7e]+$/.exec(key)?.[1];
    if (key !== undefined && keyId === undefined) throw new TypeError("the key is none: plk_…");
    if (url !== undefined) {
      if (key === undefined) throw new TypeError("with a url there has to be a key");
      this.#http = new HttpWay({ url, key, timeoutMs });
    }
    if (spoolDirectory !== undefined) this.#spool = new SpoolWriter(spoolDirectory);
    this.#keyId = keyId;
    this.#trials = new Trials(timeoutMs);
  }

  /** @throws TypeError where there is none. */
  get http(): HttpWay {
    if (this.#http === undefined) throw new TypeError("an open message needs a url and a key");
    return this.#http;
  }

  async publish(publication: Publication): Promise<PublishReport> {
    const item = withKey(publication);
    const answer = await this.#ask([item], JSON.stringify(item));
    if (answer.is === "refused") {
      const { idempotency_key } = item;
      throw new PublishError({ ...answer.error, outcome: "refused", idempotency_key });
    }
    const told = answer.is === "done" ? answer.body : undefined;
    const report = await this.#reportOf(item, told, answer, 0);
    if ("error" in report) throw report.error;
    return report;
  }

  async publishMany(publications: readonly Publication[]): Promise<readonly ItemReport[]> {
    if (publications.length > maxItems) {
      throw new PublishError({
        code: "too_large",
        text: `more than ${maxItems} publications`,
        details: { limit: maxItems },
        outcome: "refused",
      });
    }
    if (publications.length === 0) return [];
    const items = publications.map(withKey);
    const answer = await this.#ask(items, JSON.stringify({ items }));
    if (answer.is === "refused") throw new PublishError({ ...answer.error, outcome: "refused" });
    const told = answer.is === "done" ? (answer.body["results"] as readonly unknown[]) : [];
    // An answer for another number of items is none.
    const ofItems = told.length === items.length ? told : [];
    return Promise.all(
      items.map((item, index) => this.#reportOf(item, ofItems[index], answer, index)),
    );
  }

  /** By HTTP if the server is thought to answer, else into the spool. */
  async #ask(items: readonly KeyedPublication[], body: string): Promise<Answer | Spooled> {
    const trial = this.#spool === undefined ? "first" : this.#trials.begin();
    if (this.#http === undefined || trial === undefined) {
      const failures = await Promise.all(items.map((item) => this.#write(item)));
      const isWhole = failures.every((failure) => failure === undefined);
      if (this.#http === undefined || isWhole) return { is: "spooled", failures };
      // The disk is full, say. The server may be back; what lies in the spool already is stored once.
    }
    const answer = await this.#http.post(body);
    if (answer.is === "none") this.#trials.failed(trial ?? "again");
    else this.#trials.answered(trial ?? "again");
    return answer;
  }

  /** What became of one, after it is put into the spool if it has to be. */
  async #reportOf(
    item: KeyedPublication,
    told: unknown,
    answer: Answer | Spooled,
    index: number,
  ): Promise<ItemReport> {
    const { idempotency_key } = item;
    const results = resultsOf(told);
    if (results !== undefined && !this.#hasToWait(results)) {
      return { by: "http", idempotency_key, results };
    }
    const error = errorOf((told as { readonly error?: unknown } | undefined)?.error);
    const isLater = error?.retry === "later";
    if (error !== undefined && !(isLater && this.#spool !== undefined)) {
      const outcome = isLater ? "unknown" : "refused";
      return { idempotency_key, error: new PublishError({ ...error, outcome, idempotency_key }) };
    }
    const failure =
      answer.is === "spooled" ? answer.failures[index] : await this.#spoolInstead(item, answer);
    return failure === undefined
      ? { by: "spool", idempotency_key }
      : { idempotency_key, error: failure };
  }

  /** Whether a room could not take it now, and the spool can keep it until then. What the other rooms have, they get once. */
  #hasToWait(results: readonly RoomResult[]): boolean {
    const isLater = results.some((one) => "error" in one && one.error.retry === "later");
    return isLater && this.#spool !== undefined;
  }

  async #spoolInstead(item: KeyedPublication, answer: Answer): Promise<PublishError | undefined> {
    if (this.#spool !== undefined) {
      // Those that come next would overtake it.
      this.#trials.failed("first");
      return this.#write(item);
    }
    return new PublishError({
      code: "unreachable",
      text: "The server gave no answer; the message may be stored or not.",
      outcome: "unknown",
      idempotency_key: item.idempotency_key,
      ...(answer.is === "none" ? { cause: answer.cause } : {}),
    });
  }

  /** Never rejects. @returns what went wrong, if something did. */
  async #write(item: KeyedPublication): Promise<PublishError | undefined> {
    const keyId = this.#keyId === undefined ? {} : { key_id: this.#keyId };
    try {
      await this.#spool?.write(JSON.stringify({ ...item, ...keyId }));
      return undefined;
    } catch (cause) {
      const { idempotency_key } = item;
      return new PublishError({
        code: "spool_failed",
        text: "The spool could not be written.",
        outcome: "unknown",
        idempotency_key,
        cause,
      });
    }
  }
}

/** Undefined for what is no list of results of rooms. */
function resultsOf(value: unknown): readonly RoomResult[] | undefined {
  const { results } = (value ?? {}) as { readonly results?: unknown };
  if (!Array.isArray(results) || results.length === 0) return undefined;
  const areAll = results.every((one: unknown) => typeof (one as RoomResult)?.room === "string");
  return areAll ? (results as readonly RoomResult[]) : undefined;
}
