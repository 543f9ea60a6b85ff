/** Back ends in PHP, run by the real interpreter. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ServerEnvironment } from "@parlance/testkit/server-process";
import { serviceUrl } from "@parlance/testkit/services";
import { expect } from "vitest";
import { programPaths } from "../../requirements.ts";
import type { Story } from "./story.ts";

const examples = join(import.meta.dirname, "../../../examples/php");

/** What a server needs to hear MMB's back ends over Redis. */
export const redisDoor: ServerEnvironment = {
  PARLANCE_REDIS_DOOR_URL: serviceUrl("redis"),
  PARLANCE_REDIS_DOOR_CHANNELS: "",
  PARLANCE_REDIS_DOOR_PATTERNS: "notifications_*,ocr_job_*",
};

/** Calls a function of MMB's description; it publishes by phpredis. Waits until a server listens. */
export async function overRedis(name: string, ...values: readonly unknown[]): Promise<void> {
  const file = join(import.meta.dirname, "php/mmb.php");
  const publish = async (): Promise<number> =>
    Number(await php([file, name, JSON.stringify(values)], {}));
  await expect.poll(publish, { timeout: 20_000 }).toBeGreaterThan(0);
}

/** Runs PHP code that knows the functions of one of the examples; they publish over HTTP. */
export function overHttp(story: Story, key: string, file: string, code: string): Promise<string> {
  return php(["-r", `require '${join(examples, file)}'; ${code}`], {
    PARLANCE_URL: story.server.url,
    PARLANCE_API_KEY: key,
  });
}

async function php(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(programPaths.php, words, {
    env: { PATH: process.env["PATH"], ...environment },
  });
  return stdout.trim();
}

/** A number that nobody else's test uses: channels of Redis are everybody's. */
export function ownNumber(): number {
  return 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
}
