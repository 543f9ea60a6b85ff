/** What the names of other systems say in an environment, as facts about places. */
import { type Given, shownText, type Variables, variableOf } from "../layers.ts";
import { ForeignValueError } from "./dsn.ts";
import { type Context, type Fact, type ForeignName, foreignNames, type Place } from "./table.ts";

/** A name that was given, with what it says. */
export interface ForeignGiven extends Given {
  readonly row: ForeignName;
  readonly facts: readonly Fact[];
}

/** One name's word on one place. */
export interface Claim {
  readonly given: ForeignGiven;
  readonly place: Place;
  readonly value: string | number;
}

export interface ForeignReading {
  readonly names: readonly ForeignGiven[];
  readonly claims: readonly Claim[];
  /** Values that cannot be used, one line each. */
  readonly lines: readonly string[];
}

/** Reads every name of the table, each from the layer that wins. */
export function readForeign(
  layers: readonly Variables[],
  context: Omit<Context, "foreign">,
): ForeignReading {
  const whole: Context = { ...context, foreign: (name) => variableOf(layers, name)?.value };
  const names: ForeignGiven[] = [];
  const lines: string[] = [];
  for (const row of foreignNames) {
    const found = variableOf(layers, row.name);
    if (found === undefined) continue;
    const shown = row.isSecret === true ? "(hidden)" : shownText(found.value);
    const given = { by: row.name, source: found.source, raw: found.value, shown, row };
    try {
      names.push({ ...given, facts: row.read(found.value, whole) });
    } catch (error) {
      if (!(error instanceof ForeignValueError)) throw error;
      lines.push(`${row.name} ${error.message}`);
    }
  }
  const claims = names.flatMap((given) => given.facts.map((fact) => ({ given, ...fact })));
  return { names, claims, lines };
}

/** A line for two names that say different things of one place. Secrets are not shown. */
export function disagreement(one: Given, other: Given, place: string): string {
  return `${tell(one)} and ${tell(other)} disagree about ${place}: give one of them, or the same value`;
}

function tell({ by, shown, source }: Given): string {
  const isFile = source === "parlance.json";
  return `${by}${isFile ? " " : "="}${shown}${isFile || source === "flag" ? "" : ` (${source})`}`;
}
