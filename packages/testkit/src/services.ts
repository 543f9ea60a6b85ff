/**
 * The real services that some tests talk to: where they are, and whether they answer. A suite that needs one says so,
 * `describeWith("redis")("a title", …)`, and is skipped where it is absent; `npm test` names what was skipped.
 */
import { connect } from "node:net";
import { describe } from "vitest";

/** Of each service its preset address, and the variable that names another. */
const places = {
  redis: ["PARLANCE_TEST_REDIS_URL", "redis://127.0.0.1:6379"],
  rabbitmq: ["PARLANCE_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672"],
  nats: ["PARLANCE_TEST_NATS_URL", "nats://127.0.0.1:4222"],
  postgresql: ["PARLANCE_TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/test"],
  mariadb: ["PARLANCE_TEST_MARIADB_URL", "mysql://root@127.0.0.1:3306/test"],
} as const;

/** A service's name, as it shows where a test is skipped. */
export type ServiceName = keyof typeof places;

export const serviceNames: readonly ServiceName[] = Object.keys(places) as ServiceName[];

/** Where tests find the service. */
export function serviceUrl(name: ServiceName): string {
  const [variable, preset] = places[name];
  return process.env[variable] ?? preset;
}

/** The variable that names another address, for messages. */
export function serviceVariable(name: ServiceName): string {
  return places[name][0];
}

/** On this machine; one that is far takes longer, and none takes so long. */
const probeMs = 1_000;

const ports: Readonly<Record<string, number>> = {
  redis: 6379,
  amqp: 5672,
  nats: 4222,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
};

function answers(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port === "" ? (ports[protocol.slice(0, -1)] ?? 0) : Number(port),
      timeout: probeMs,
    });
    const end = (isThere: boolean) => (): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}

/* Asked once, when a test file is loaded: by then it has to be known what is skipped. */
const present: ReadonlySet<ServiceName> = new Set(
  (
    await Promise.all(
      serviceNames.map(async (name) => ((await answers(serviceUrl(name))) ? [name] : [])),
    )
  ).flat(),
);

/** Whether the service answered when this file was loaded. */
export function hasService(name: ServiceName): boolean {
  return present.has(name);
}

/** Vitest's `describe`, or its skipping twin where one of `names` is absent. */
export function describeWith(...names: readonly ServiceName[]): typeof describe {
  return (names.every(hasService) ? describe : describe.skip) as typeof describe;
}
