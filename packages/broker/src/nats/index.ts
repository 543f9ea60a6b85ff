/** The broker on NATS: core messages, no JetStream, since what is lost is found in the log. */

import {
  connect,
  type NatsConnection,
  type Subscription,
  type TlsOptions,
} from "@nats-io/transport-node";
import type { Subject } from "@parlance/core";
import { createLineBroker, type LineBroker } from "../line/broker.ts";
import { installKey } from "../line/install-key.ts";
import type { BrokerOptions, Ear, Line } from "../line/line.ts";
import {
  type BrokerHost,
  type BrokerUrl,
  BrokerUrlError,
  parseBrokerUrl,
} from "../url/broker-url.ts";

const connectMs = 3_500;
/** Smaller than a server's preset of 1 MiB, so that one long message does not hold up the others. */
const maxBytes = 524_288;

/**
 * Makes a broker of `nats://user:password@host,host`, `nats://token@host` or `tls://`. Several hosts are tried in turn.
 *
 * @returns once connected, at the latest after two seconds. It goes on trying by itself.
 * @throws BrokerUrlError
 */
export function createNatsBroker(options: BrokerOptions): Promise<LineBroker> {
  const url = parseBrokerUrl(options.url);
  if (url.scheme !== "nats:" && url.scheme !== "tls:") {
    throw new BrokerUrlError("is no URL of NATS");
  }
  return createLineBroker<BrokerHost>({
    ...options,
    name: "nats",
    addresses: url.hosts,
    dial: (host, ear, signal) =>
      dial(host, url, `parlance.${installKey(options.installId)}.`, ear, signal),
  });
}

/** `.` would begin another token of the subject, and no room has a `=` in its id. */
export function natsSubject(subject: Subject): string {
  return subject.replaceAll(".", "=2E");
}

async function dial(
  { host, port }: BrokerHost,
  url: BrokerUrl,
  prefix: string,
  ear: Ear,
  signal: AbortSignal,
): Promise<Line> {
  const connection = await connect({
    servers: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    ...credentialsOf(url),
    ...(url.scheme === "tls:" ? { tls: checked(host) } : {}),
    timeout: connectMs,
    reconnect: false,
    noEcho: true,
    ignoreClusterUpdates: true,
  });
  if (signal.aborted) {
    await connection.close();
    throw signal.reason;
  }
  signal.addEventListener("abort", () => void connection.close().catch(() => {}), { once: true });
  void connection.closed().then((error) => ear.lost(error ?? new Error("closed")));
  void hearErrors(connection, ear);
  return new NatsLine(connection, prefix, ear);
}

/* Security: of a server that is named by its address the driver tells Node nothing to compare the certificate with, and Node then
 * takes one for `localhost`. The driver hands on what its own type does not name. */
function checked(host: string): TlsOptions {
  return { host } as TlsOptions;
}

function credentialsOf({ user, password }: BrokerUrl): {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
} {
  if (user === undefined) return {};
  return password === undefined ? { token: user } : { user, pass: password };
}

/** A refused subscription or publication is told in no other way. */
async function hearErrors(connection: NatsConnection, ear: Ear): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "error") ear.lost(status.error);
  }
}

class NatsLine implements Line {
  readonly maxBytes: number;
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #ear: Ear;
  readonly #subscriptions = new Map<Subject, Subscription>();
  #confirmation: Promise<void> | undefined;

  constructor(connection: NatsConnection, prefix: string, ear: Ear) {
    this.maxBytes = Math.min(maxBytes, connection.info?.max_payload ?? maxBytes);
    this.#connection = connection;
    this.#prefix = prefix;
    this.#ear = ear;
  }

  isBlocked(): boolean {
    return false;
  }

  send(subject: Subject, bytes: Buffer): void {
    try {
      this.#connection.publish(this.#prefix + natsSubject(subject), bytes);
    } catch (error) {
      this.#ear.lost(error);
    }
  }

  async listen(subject: Subject): Promise<void> {
    const subscription = this.#connection.subscribe(this.#prefix + natsSubject(subject), {
      callback: (error, { data }) => {
        if (error !== null) return;
        this.#ear.message(subject, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      },
    });
    this.#subscriptions.set(subject, subscription);
    // All that begin in one turn are confirmed by one answer.
    this.#confirmation ??= this.#confirm();
    await this.#confirmation;
  }

  async #confirm(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#confirmation = undefined;
    await this.#connection.flush();
  }

  unlisten(subject: Subject): Promise<void> {
    this.#subscriptions.get(subject)?.unsubscribe();
    this.#subscriptions.delete(subject);
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return this.#connection.flush();
  }

  close(): Promise<void> {
    return this.#connection.drain();
  }
}
