import { mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Text that may wait for a disk that does not take it, in UTF-16 code units. What comes then is lost, and counted. */
const maxWaiting = 4_194_304;
/** A disk that refused is not asked more often. */
const retryMs = 1_000;

/** Writes some of the bytes and tells how many, as the system's call does. */
type WriteSome = (descriptor: number, bytes: Buffer) => number;

/** A file that lines are appended to. */
export interface LogFile {
  /** Written at the end of this turn. Never throws. */
  write(line: string): void;
  /** Writes what waits, now. Never throws; what the disk does not take goes on waiting. */
  flushSync(): void;
}

/**
 * Opens a file for appending, and makes it and its directory if they are absent. A full disk costs lines and nothing
 * else: when there is room again the log goes on, with `log_lines_lost` and their number where lines are missing.
 *
 * @param onFailure Told once when writing begins to fail, and again only after it worked.
 * @param writeSome For tests: a disk with little room.
 * @throws the system's error if the file cannot be opened.
 */
export function openLogFile(
  path: string,
  onFailure: (error: NodeJS.ErrnoException) => void,
  writeSome: WriteSome = writeSync,
): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return new AppendedFile(openSync(path, "a", 0o600), onFailure, writeSome);
}

class AppendedFile implements LogFile {
  readonly #descriptor: number;
  readonly #onFailure: (error: NodeJS.ErrnoException) => void;
  readonly #writeSome: WriteSome;
  #waiting = "";
  /** Begun and not finished: what a disk took only a part of. */
  #rest: Buffer = Buffer.alloc(0);
  #lost = 0;
  #isScheduled = false;
  #hasFailed = false;
  #retryAt = 0;

  constructor(
    descriptor: number,
    onFailure: (error: NodeJS.ErrnoException) => void,
    writeSome: WriteSome,
  ) {
    this.#descriptor = descriptor;
    this.#onFailure = onFailure;
    this.#writeSome = writeSome;
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > maxWaiting) this.#lost += 1;
    else this.#waiting += line;
    if (this.#isScheduled || (this.#hasFailed && performance.now() < this.#retryAt)) return;
    this.#isScheduled = true;
    setImmediate(() => this.flushSync());
  }

  flushSync(): void {
    this.#isScheduled = false;
    try {
      this.#finish();
      if (this.#waiting !== "") this.#rest = Buffer.from(this.#waiting);
      this.#waiting = "";
      this.#finish();
      if (this.#lost > 0) this.#rest = Buffer.from(lostLine(this.#lost));
      this.#lost = 0;
      this.#finish();
      this.#hasFailed = false;
    } catch (error) {
      this.#retryAt = performance.now() + retryMs;
      if (!this.#hasFailed) this.#onFailure(error as NodeJS.ErrnoException);
      this.#hasFailed = true;
    }
  }

  #finish(): void {
    while (this.#rest.length > 0) {
      this.#rest = this.#rest.subarray(this.#writeSome(this.#descriptor, this.#rest));
    }
  }
}

function lostLine(lines: number): string {
  const time = new Date().toISOString();
  return `{"level":"warn","time":"${time}","event":"log_lines_lost","lines":${lines}}\n`;
}
