/** Rates that all nodes share, where the broker has no place for them. */
import {
  fullAt,
  type RateShare,
  type RateStore,
  type RateWant,
  type SharedBucket,
  takeShare,
} from "@parlance/core";
import type { Write } from "./access.ts";
import type { Cell, EngineSql, Rows, Session } from "./session.ts";
import { rateBucketColumns } from "./tables.ts";

/** Levels are stored as whole numbers: millionths of tokens, so that what trickles in is not rounded away. */
const parts = 1_000_000;
/** Each so many questions, buckets that are as good as new are taken away. */
const questionsBeforeSweep = 200;
const sweptAtOnce = 1_000;

interface Row {
  readonly name: string;
  readonly level: number;
  readonly filled_at: number;
  readonly held: string;
}

function bucketOf({ level, filled_at: at, held }: Row): SharedBucket {
  return { level: level / parts, at, held: JSON.parse(held) as SharedBucket["held"] };
}

/** The columns of each new row: full. */
function newRows(wants: readonly RateWant[], known: readonly Row[]): Rows {
  const there = new Set(known.map(({ name }) => name));
  const bursts = new Map(wants.map(({ bucket, burst }) => [bucket, burst]));
  return {
    table: "rate_buckets",
    columns: rateBucketColumns,
    rows: [...bursts]
      .filter(([name]) => !there.has(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, burst]) => [name, burst * parts, 0, "{}", 0]),
  };
}

export function createRates(
  { now, inKeyOrder, forUpdate }: Pick<EngineSql, "now" | "inKeyOrder" | "forUpdate">,
  write: Write,
): RateStore {
  let questions = 0;

  const sweep = async (session: Session): Promise<void> => {
    const full = await session.all<{ name: string }>(
      `SELECT name FROM {rate_buckets} WHERE full_at < ${now} ORDER BY full_at LIMIT ${sweptAtOnce}`,
    );
    if (full.length === 0) return;
    const names = full.map(({ name }) => name).sort();
    await session.run(`DELETE FROM {rate_buckets} WHERE name IN (?*) AND full_at < ${now}`, names);
  };

  const take = async (session: Session, wants: readonly RateWant[]): Promise<RateShare[]> => {
    const names = [...new Set(wants.map(({ bucket }) => bucket))];
    // The time is asked for behind the locks: who waited for them does not take what others took meanwhile.
    const lock = () =>
      Promise.all([
        session.all<Row>(
          `SELECT name, level, filled_at, held FROM {rate_buckets}${inKeyOrder}
           WHERE name IN (?*) ORDER BY name ${forUpdate}`,
          names,
        ),
        session.get<{ now: number }>(`SELECT ${now} AS now`),
      ]);
    let [rows, time] = await lock();
    if (rows.length < names.length) {
      await session.insertNew(newRows(wants, rows));
      [rows, time] = await lock();
    }
    const buckets = new Map(rows.map((row) => [row.name, bucketOf(row)]));
    const changed = new Map<string, readonly Cell[]>();
    const shares = wants.map((want) => {
      const { bucket, share } = takeShare(buckets.get(want.bucket), want, time?.now ?? 0);
      const { level, at, held } = bucket;
      buckets.set(want.bucket, bucket);
      changed.set(want.bucket, [
        want.bucket,
        Math.floor(level * parts),
        at,
        JSON.stringify(held),
        fullAt(bucket, want),
      ]);
      return share;
    });
    const table = { table: "rate_buckets", columns: rateBucketColumns } as const;
    await session.update({ ...table, rows: [...changed.values()] }, ["name"]);
    return shares;
  };

  return {
    take: async (wants) => {
      if (wants.length === 0) return [];
      const shares = await write((session) => take(session, wants));
      questions += 1;
      // Nobody waits for it, and whoever asks later does it again.
      if (questions % questionsBeforeSweep === 0) void write(sweep).catch(() => undefined);
      return shares;
    },
  } satisfies RateStore;
}
