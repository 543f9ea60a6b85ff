/** What a figure is worth nothing without: the machine, the versions and the hour. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Where and with what a result was measured. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly sqlite: string;
  /** The revision of this repository, with `+` if files differ from it. */
  readonly revision: string;
  /** Runnable processes at the start, of the last minute. Above 0.5 others used the machine too. */
  readonly loadBefore: number;
}

/** Looks at the machine now. */
export function machine(): Machine {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "unknown",
    revision: revision(),
    loadBefore: Number(loadavg()[0]?.toFixed(2)),
  };
}

function revision(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", import.meta.dirname, ...args], { encoding: "utf8" }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "../../packages") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? "+" : "");
  } catch {
    return "unknown";
  }
}

/** CPU milliseconds that a process used so far, all its threads together. Grain 10 ms; Linux only. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process in MiB. Linux only. */
export function residentMiB(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? Number.NaN) / 1_024;
}
