import type { Config } from "../config/types.ts";
import { isShared, schemaStatus, storeDirectory, storePlace } from "../store.ts";
import { attention, broken, type Finding, fine, wordOf } from "./finding.ts";

const about = "database";
/** Tokens and times that people read bear so much. */
const clockMs = 2_000;

/** Whether the database answers, knows us, keeps what it acknowledges, and has the same time. */
export async function examineDatabase(config: Config): Promise<Finding[]> {
  const before = Date.now();
  let found: Awaited<ReturnType<typeof schemaStatus>>;
  try {
    found = await schemaStatus(config);
  } catch (error) {
    return [
      broken(
        about,
        `The database ${storePlace(config)} cannot be used: ${wordOf(error)}.`,
        adviceFor(error),
      ),
    ];
  }
  const after = Date.now();
  const { version, known, server, now, weaknesses = [] } = found;
  const findings: Finding[] = [
    schemaFinding(version, known, server ?? `The database ${storePlace(config)}`),
  ];
  for (const text of weaknesses) {
    findings.push(
      attention(about, `${text}.`, "See docs/operations/databases.md for what to set."),
    );
  }
  if (isShared(config)) {
    if (weaknesses.length === 0) findings.push(fine(about, "What it acknowledges is on its disk."));
    if (now !== undefined) findings.push(clockFinding(now, before, after));
  } else if (version !== undefined) findings.push(...(await wholeness(config)));
  return findings;
}

function schemaFinding(version: number | undefined, known: number, name: string): Finding {
  if (version === undefined) {
    return fine(about, `${name} is empty; the first start makes the tables.`);
  }
  if (version > known) {
    return broken(
      about,
      `${name} has schema version ${version}, and this program knows ${known}.`,
      "It was used by a newer Parlance: start that one.",
    );
  }
  if (version < known) {
    return attention(
      about,
      `${name} has schema version ${version}, and this program makes ${known}.`,
      "The next start brings it up to date. Make a backup before: parlance backup --to DIRECTORY.",
    );
  }
  return fine(about, `${name} answers, with schema version ${version}.`);
}

function clockFinding(theirs: number, before: number, after: number): Finding {
  const offMs = theirs < before ? theirs - before : Math.max(0, theirs - after);
  if (Math.abs(offMs) <= clockMs)
    return fine("clock", "This machine and the database have the same time.");
  const how = `${(Math.abs(offMs) / 1_000).toFixed(1)} s ${offMs > 0 ? "ahead of" : "behind"}`;
  return attention(
    "clock",
    `The database's clock is ${how} this machine's.`,
    "Let both follow a time server (timedatectl set-ntp true): tokens expire too early or late.",
  );
}

async function wholeness(config: Config): Promise<Finding[]> {
  const { checkWhole } = await import("@parlance/storage/sqlite");
  try {
    const wrong = checkWhole(storeDirectory(config));
    if (wrong.length === 0) return [fine(about, "The file is whole.")];
    return wrong.map((line) =>
      broken(
        about,
        `The file is damaged: ${line}.`,
        "Restore a backup: docs/operations/known-failures.md.",
      ),
    );
  } catch (error) {
    return [broken(about, `The file cannot be checked: ${wordOf(error)}.`, adviceFor(error))];
  }
}

function adviceFor(error: unknown): string {
  const text = `${wordOf(error)} ${error instanceof Error ? wordOf(error.cause) : ""}`;
  if (/password|authenti|access denied|role .* does not exist/i.test(text)) {
    return "User or password are wrong: look at PARLANCE_DATABASE_URL.";
  }
  if (/database .* does not exist|unknown database/i.test(text)) {
    return "Make the database first: docs/operations/databases.md.";
  }
  if (/ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|timeout|EAI_AGAIN/i.test(text)) {
    return "Nobody answers there: is it running, are host and port right, is a firewall between?";
  }
  return "See docs/operations/databases.md.";
}
