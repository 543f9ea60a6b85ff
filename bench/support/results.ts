import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Machine, machine } from "./machine.ts";

/** One target of the speed goals beside what was measured. */
export interface Verdict {
  /** `P1`, `I-26` … */
  readonly target: string;
  readonly what: string;
  readonly wanted: string;
  readonly measured: number | string;
  readonly met: boolean;
}

/** What one run found. */
export interface Findings {
  readonly verdicts: readonly Verdict[];
  /** Everything that the verdicts rest on, for whoever doubts them. */
  readonly figures: unknown;
  readonly notes?: readonly string[];
}

/** Runnable processes above which others used the machine too. */
const quietLoad = 0.5;
const notQuiet =
  "Others used the machine (loadBefore): preliminary, the ratios more than the rates.";

/** Collects one run's findings, shows them and keeps them in `bench/results/<name>.json`. */
export class Results {
  readonly #name: string;
  readonly #machine: Machine = machine();
  readonly #folder: string;

  /** @param folder Another place for the file. */
  constructor(name: string, folder = "") {
    this.#name = name;
    this.#folder = folder === "" ? join(import.meta.dirname, "../results") : folder;
  }

  /** Writes the file and prints the verdicts. A target missed is a result, not a failure of the run. */
  write(findings: Findings): void {
    mkdirSync(this.#folder, { recursive: true });
    const path = join(this.#folder, `${this.#name}.json`);
    const { loadBefore } = this.#machine;
    const notes = [...(findings.notes ?? []), ...(loadBefore > quietLoad ? [notQuiet] : [])];
    const noted = notes.length === 0 ? {} : { notes };
    const whole = { bench: this.#name, machine: this.#machine, ...findings, ...noted };
    writeFileSync(path, `${JSON.stringify(whole, undefined, 2)}\n`);
    for (const { target, what, wanted, measured, met } of findings.verdicts) {
      console.log(`${met ? "met   " : "MISSED"} ${target} ${what}: ${measured} (wanted ${wanted})`);
    }
    console.log(`load before ${loadBefore}`, ...notes);
    console.log(path);
  }
}
