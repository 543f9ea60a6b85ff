/**
 * Plays real chat through SDK clients while the server is killed with -9 and started again, then lets the checker
 * compare what the clients saw with the rows of the database.
 *
 *   node bench/replay/main.ts --data ubuntu-irc.jsonl.gz [--clients 60] [--messages 100000] [--rate 2000]
 *        [--kills 24] [--rooms 12] [--seed 1] [--out bench/results/replay.json]
 *
 * Exit code 0: passed, 1: failed, 2: inconclusive.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { readChat } from "./chat.ts";
import { check } from "./checker.ts";
import { killUntil } from "./killer.ts";
import { Player } from "./player.ts";
import { readRows } from "./rows.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: process.env["PARLANCE_REPLAY_FILE"] ?? "" },
    clients: { type: "string", default: "60" },
    messages: { type: "string", default: "100000" },
    rate: { type: "string", default: "2000" },
    kills: { type: "string", default: "24" },
    rooms: { type: "string", default: "12" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    out: { type: "string", default: "" },
  },
});

/** A run with fewer proves nothing. */
const minimums = { acks: 50_000, resumes: 500, kills: 20 };
const restTimeoutMs = 120_000;

async function main(): Promise<number> {
  const seed = Number(values.seed);
  const directory = mkdtempSync(join(tmpdir(), "parlance-replay-"));
  const server = new ServerProcess(await freePort(), directory, {
    PARLANCE_COMMANDS_PER_SECOND: "0",
    PARLANCE_LOG_LEVEL: "warn",
    PARLANCE_SIGN_INS_PER_MINUTE: "0",
  });
  const chat = readChat(values.data, Number(values.messages));
  console.log(`seed ${seed}: ${chat.length} messages, ${values.clients} clients, ${directory}`);
  await server.start();
  const player = await Player.start({
    server,
    chat,
    clients: Number(values.clients),
    rooms: Number(values.rooms),
  });
  const startedAt = performance.now();
  let isPlaying = true;
  const killing = killUntil(() => !isPlaying, server, {
    kills: Number(values.kills),
    seconds: chat.length / Number(values.rate),
    seed,
  });
  await player.play(Number(values.rate), (done) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
    console.log(
      `${seconds} s: ${done} of ${chat.length} sent, ${player.acknowledged} acknowledged`,
    );
  });
  const kills = await killing;
  isPlaying = false;
  const rested = await player.rest(restTimeoutMs);
  const seconds = (performance.now() - startedAt) / 1_000;
  const unproven = await player.verifyAll();
  const crashes = kills.length;
  player.close();
  await server.stop();

  const verdict = check(player.histories, readRows(directory), crashes, minimums);
  const summary = {
    ...verdict,
    result: rested && unproven.length === 0 ? verdict.result : "failed",
    verified: unproven.length === 0 ? "all" : unproven,
    cameToRest: rested,
    resets: player.histories.reduce((sum, history) => sum + history.resets, 0),
    people: new Set(chat.map((entry) => entry.from)).size,
    kills,
    seconds: Math.round(seconds),
    seed,
    versions: { node: process.version },
    machine: { cores: cpus().length, model: cpus()[0]?.model },
  };
  const shown = { ...summary, violations: summary.violations.slice(0, 20) };
  console.log(JSON.stringify(shown, null, 2));
  if (values.out !== "") writeFileSync(values.out, `${JSON.stringify(shown, null, 2)}\n`);
  if (summary.result !== "failed") rmSync(directory, { recursive: true });
  return summary.result === "passed" ? 0 : summary.result === "failed" ? 1 : 2;
}

process.exitCode = await main();
