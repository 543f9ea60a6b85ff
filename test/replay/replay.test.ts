import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { requires, sampleDataPath } from "../requirements.ts";

const main = join(import.meta.dirname, "../../bench/replay/main.ts");

/** A short run of what `bench/replay` does at length. Too short to pass by its own minimums. */
requires("sample data")(
  "[I-1] [I-12] [I-23] real chat through SDK clients and five ends of the server loses, doubles and reorders nothing",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "parlance-replay-test-"));
    const out = join(directory, "summary.json");
    const options = {
      data: join(sampleDataPath ?? "", "ubuntu-irc.jsonl.gz"),
      clients: "16",
      messages: "6000",
      rate: "600",
      kills: "5",
      out,
    };
    const code = await new Promise((resolve) => {
      const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      spawn(process.execPath, [main, ...flags], { stdio: "ignore" }).once("exit", resolve);
    });
    const summary = JSON.parse(readFileSync(out, "utf8")) as Record<string, unknown>;
    rmSync(directory, { recursive: true });
    expect(summary).toMatchObject({
      result: "inconclusive",
      violations: [],
      verified: "all",
      cameToRest: true,
      resets: 0,
    });
    expect(summary["counts"]).toMatchObject({ acks: 6_000, rows: 6_000 });
    expect(code).toBe(2);
  },
  120_000,
);
