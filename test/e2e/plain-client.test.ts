import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const file = join(import.meta.dirname, "../../examples/plain-client/client.js");

describe("the plain client", () => {
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-plain-"));
    server = new ServerProcess(await freePort(), directory, { PARLANCE_COMMANDS_PER_SECOND: "0" });
    await server.start();
  }, 60_000);

  afterAll(async () => {
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  test("fits into 60 lines and knows nothing but the protocol", () => {
    const source = readFileSync(file, "utf8");
    expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
    expect(source).not.toMatch(/\b(import|require)\b/);
  });
});
