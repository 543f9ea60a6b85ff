/** A real server process for the conformance tests of the JSON dialects, as a bare `npm start` would be. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@parlance/identity";
import { freePort, type ServerEnvironment, ServerProcess } from "@parlance/testkit/server-process";
import type { Stage } from "./transcript.ts";

/** Signs tokens of these tests. */
export const secret = "a-conformance-key-0f1e2d3c4b5a69788796";

/** A server with the stage that transcripts are played on. */
export interface StageServer {
  readonly server: ServerProcess;
  stage(path: string): Stage;
  close(): Promise<void>;
}

/** Starts one with an empty data directory. */
export async function startStage(environment: ServerEnvironment = {}): Promise<StageServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "parlance-stage-"));
  const server = new ServerProcess(await freePort(), dataDir, {
    PARLANCE_SECRET: secret,
    PARLANCE_DRAIN_MS: "0",
    ...environment,
  });
  await server.start();
  const key = await signToken(secret, {
    user: "service:transcript",
    ttlSeconds: 3_600,
    now: Date.now(),
    scopes: ["publish", "rooms"],
  });
  return {
    server,
    stage: (path) => ({ url: server.url, path, secret, key }),
    async close() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
