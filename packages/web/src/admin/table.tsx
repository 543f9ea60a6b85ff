/** A table that is sorted by its headings and filtered by typing. */
import { type ReactNode, useId, useState } from "react";
import { text } from "./texts.ts";

/** One column. Rows are sorted by `value` and filtered by what is shown. */
export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly value: (row: Row) => string | number;
  /** As it is shown; the value as it is if absent. */
  readonly show?: (row: Row) => string;
  /** Something is wrong with it, and there is advice. */
  readonly advice?: (row: Row) => string | undefined;
}

/** Rows that are drawn; more are found by typing. */
const maxShown = 200;

/** @param all How many there are, where not all of them are in `rows`. */
export function Table<Row>({
  title,
  rows,
  columns,
  keyOf,
  all = rows.length,
}: {
  title: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  all?: number;
}): ReactNode {
  const [filter, setFilter] = useState("");
  const [sort, setSort] = useState<{ readonly key: string; readonly falls: boolean }>();
  const id = useId();
  const shownOf = (row: Row, { value, show }: Column<Row>): string =>
    show?.(row) ?? String(value(row));
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => {
    const whole = columns
      .map((column) => shownOf(row, column))
      .join(" ")
      .toLowerCase();
    return words.every((word) => whole.includes(word));
  });
  const by = columns.find(({ key }) => key === sort?.key);
  const sorted =
    by === undefined
      ? found
      : found.toSorted((a, b) => compare(by.value(a), by.value(b)) * (sort?.falls ? -1 : 1));

  return (
    <section className="panel" aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        <span className="hint">
          {text("shown", { shown: String(Math.min(sorted.length, maxShown)), all: String(all) })}
        </span>
        <input
          className="input"
          type="search"
          placeholder={text("filter", { what: title })}
          aria-label={text("filter", { what: title })}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      </header>
      {sorted.length === 0 ? (
        <p className="hint">{rows.length === 0 ? text("none") : text("nothing")}</p>
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by keys where it is wider than the page
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby={id}>
          <table>
            <thead>
              <tr>
                {columns.map(({ key, title: heading }) => (
                  <th key={key} scope="col" aria-sort={ariaSort(sort, key)}>
                    <button
                      type="button"
                      onClick={() => setSort({ key, falls: sort?.key === key && !sort.falls })}
                    >
                      {heading}
                      <span aria-hidden="true">
                        {sort?.key === key ? (sort.falls ? " ↓" : " ↑") : ""}
                      </span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sorted.slice(0, maxShown).map((row) => (
                <tr key={keyOf(row)}>
                  {columns.map((column) => (
                    <Cell key={column.key} row={row} column={column} shown={shownOf(row, column)} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Cell<Row>({
  row,
  column,
  shown,
}: {
  row: Row;
  column: Column<Row>;
  shown: string;
}): ReactNode {
  const advice = column.advice?.(row);
  const isNumber = typeof column.value(row) === "number";
  return (
    <td className={isNumber ? "number" : undefined}>
      {advice === undefined ? (
        <bdi>{shown}</bdi>
      ) : (
        <a href={`#advice-${advice}`}>
          <bdi>{shown}</bdi>
        </a>
      )}
    </td>
  );
}

function ariaSort(
  sort: { readonly key: string; readonly falls: boolean } | undefined,
  key: string,
): "ascending" | "descending" | undefined {
  if (sort?.key !== key) return undefined;
  return sort.falls ? "descending" : "ascending";
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b));
}
