/**
 * Runs vitest and lets nothing of it run for ever. A worker that waits for a child that never ends, or is stuck in one
 * synchronous call, is beyond vitest's own timeouts, and so is whatever holds up its end: here such a file is named while it
 * runs, ended with all that it started, and the whole has an end in any case.
 *
 * Who runs what is read from `/proc`; without one only the whole is bounded.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { runningFolder } from "./test-results.ts";

/** When something is said or done about what does not end, in milliseconds. */
export interface Patience {
  /** After which a file is named, again and again. */
  readonly noticeMs: number;
  /** That one file may take. */
  readonly fileMs: number;
  /** Without any file running, after which vitest itself has stopped getting on. */
  readonly idleMs: number;
  /** Between two looks. */
  readonly lookMs: number;
}

const minute = 60_000;

/** A file gets several times what the longest takes on two busy cores. */
const usual: Patience = {
  noticeMs: 2 * minute,
  fileMs: 15 * minute,
  idleMs: 4 * minute,
  lookMs: 5_000,
};

/** How a run ended. */
export interface Ended {
  /** Whether everything passed. */
  readonly ok: boolean;
  /** What was ended before it ended by itself, in words. */
  readonly cut: readonly string[];
}

export interface WatchOptions {
  readonly root: string;
  /** Of the notes that the run leaves, see `test-results.ts`. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Minutes that all of it may take. */
  readonly minutes: number;
  readonly patience?: Patience;
}

/** Runs a program of ours under this Node until it ends or is ended; its output is ours. */
export function runWatched(args: readonly string[], options: WatchOptions): Promise<Ended> {
  const { root, folder, environment, minutes, patience = usual } = options;
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit", env: environment });
  const pid = child.pid ?? 0;
  const begun = Date.now();
  const cut: string[] = [];
  const noticed = new Map<string, number>();
  const told = new Set<number>();
  let lastSeen = begun;

  const end = (id: number, why: string): void => {
    // Who is slow to die is killed again, and told of once.
    if (!told.has(id)) {
      told.add(id);
      cut.push(why);
      console.log(`\n!!! ${why}`);
    }
    endTree(id);
  };
  const look = (): void => {
    const now = Date.now();
    if (now - begun > minutes * minute) {
      end(pid, `the tests were ended after ${minutes} minutes`);
      return;
    }
    if (!existsSync("/proc/self/stat")) return;
    const running = runningFiles(folder, pid);
    if (running.length > 0) lastSeen = now;
    for (const { id, path, since } of running) {
      const file = relative(root, path);
      const age = now - since;
      const key = `${id} ${path}`;
      if (age > patience.fileMs) {
        end(id, `${file} was ended after ${inMinutes(age)}`);
      } else if (age - (noticed.get(key) ?? 0) > patience.noticeMs) {
        noticed.set(key, age);
        console.log(`\n... ${file} has been running for ${inMinutes(age)}`);
      }
    }
    if (now - lastSeen > patience.idleMs) {
      end(pid, `vitest was ended: it ran no file for ${inMinutes(now - lastSeen)}`);
    }
  };
  const timer = setInterval(look, patience.lookMs);
  return new Promise((resolve) => {
    // Not "close": that waits for every process that was left with our output.
    child.on("exit", (code) => {
      clearInterval(timer);
      resolve({ ok: code === 0 && cut.length === 0, cut });
    });
  });
}

function inMinutes(ms: number): string {
  return `${(ms / minute).toFixed(1)} minutes`;
}

interface RunningFile {
  readonly id: number;
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Only what is vitest's child counts: the id of one that has gone may be somebody else's by now. */
function runningFiles(folder: string, vitest: number): readonly RunningFile[] {
  const parents = parentsOfAll();
  return readdirSync(runningFolder(folder)).flatMap((name) => {
    const id = Number(name);
    if (parents.get(id) !== vitest) return [];
    const mark = join(runningFolder(folder), name);
    return [{ id, path: readFileSync(mark, "utf8"), since: statSync(mark).mtimeMs }];
  });
}

/** Ends a process and all that it started, the youngest last, so that none is started anew meanwhile. */
function endTree(id: number): void {
  const parents = existsSync("/proc/self/stat") ? parentsOfAll() : new Map<number, number>();
  const family = [id];
  for (const one of family) {
    for (const [child, parent] of parents) if (parent === one) family.push(child);
  }
  for (const one of family) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // It went by itself.
    }
  }
}

/** The parent of every process. */
function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // proc(5): the second field, in parentheses, may hold anything; the fourth is the parent.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      parents.set(Number(name), Number(fields[1]));
    } catch {
      // It has gone between the two calls.
    }
  }
  return parents;
}
