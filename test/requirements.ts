/**
 * What some tests need beyond `npm ci`. A test that needs it says so, `requires("chromium")("a sentence", …)`,
 * and is skipped where it is absent; `npm test` names what was skipped, and CI accepts no skips.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasService, type ServiceName } from "@parlance/testkit/services";
import { test } from "vitest";

/** The Chromium that tests start: `CHROMIUM`, or where Debian puts it. */
export const chromiumPath: string = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** A folder with real conversations (`ubuntu-irc.jsonl.gz`): `PARLANCE_SAMPLE_DATA`. */
export const sampleDataPath: string | undefined = process.env["PARLANCE_SAMPLE_DATA"];

/** Programs of the fleet's operations, where Debian puts them. */
export const programPaths = {
  nginx: "/usr/sbin/nginx",
  apache: "/usr/sbin/apache2",
  haproxy: "/usr/sbin/haproxy",
  openssl: "/usr/bin/openssl",
  "systemd-analyze": "/usr/bin/systemd-analyze",
  "docker-compose": "/usr/bin/docker-compose",
  php: "/usr/bin/php",
  python3: "/usr/bin/python3",
  curl: "/usr/bin/curl",
  "redis-server": "/usr/bin/redis-server",
} as const;
const hasProgram = (name: keyof typeof programPaths) => (): boolean =>
  existsSync(programPaths[name]);

const present = {
  nginx: hasProgram("nginx"),
  apache: hasProgram("apache"),
  haproxy: hasProgram("haproxy"),
  openssl: hasProgram("openssl"),
  "systemd-analyze": hasProgram("systemd-analyze"),
  "docker-compose": hasProgram("docker-compose"),
  php: hasProgram("php"),
  /** PHP's extension for Redis, that of Debian's `php-redis`. */
  "php-redis": (): boolean => spawnSync(programPaths.php, ["--ri", "redis"]).status === 0,
  python3: hasProgram("python3"),
  curl: hasProgram("curl"),
  "redis-server": hasProgram("redis-server"),
  chromium: (): boolean => existsSync(chromiumPath),
  "sample data": (): boolean =>
    sampleDataPath !== undefined && existsSync(join(sampleDataPath, "ubuntu-irc.jsonl.gz")),
  redis: (): boolean => hasService("redis"),
  rabbitmq: (): boolean => hasService("rabbitmq"),
  nats: (): boolean => hasService("nats"),
  postgresql: (): boolean => hasService("postgresql"),
  mariadb: (): boolean => hasService("mariadb"),
} as const satisfies Readonly<Record<ServiceName, () => boolean>> & Record<string, () => boolean>;

/** The name of something that not every machine has. */
export type Requirement = keyof typeof present;

export function hasRequirement(need: Requirement): boolean {
  return present[need]();
}

/** Vitest's `test`, or its skipping twin where one of `needs` is absent. The report tells which by name. */
export function requires(...needs: readonly Requirement[]): ReturnType<typeof test.skipIf> {
  return test.skipIf(needs.some((need) => !present[need]()));
}
