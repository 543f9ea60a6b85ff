/** A small chart of the last hour, with its unit and a crosshair that pointers and arrow keys move. */

import { clockTime } from "@parlance/react";
import { type KeyboardEvent, type PointerEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber, type Unit } from "./format.ts";
import type { Series } from "./overview.ts";
import { text } from "./texts.ts";

const width = 320;
const height = 96;
const hourMs = 3_600_000;
/** A node that has just begun is not shown as an hour of nothing. */
const leastMs = 300_000;
/** Points further apart than this are not joined: nothing is known of what was between. */
const gapMs = 35_000;

/** @param end Where the hour ends, in milliseconds since 1970. */
export function Chart({
  title,
  unit,
  series,
  end,
}: {
  title: string;
  unit: Unit;
  series: readonly Series[];
  end: number;
}): ReactNode {
  const { i18n } = useTranslation();
  const [at, setAt] = useState<number | undefined>();
  const id = useId();
  const times = [...new Set(series.flatMap(({ points }) => points.map((point) => point.at)))].sort(
    (a, b) => a - b,
  );
  const begin = Math.max(end - hourMs, Math.min(times[0] ?? end, end - leastMs));
  const most = niceTop(Math.max(0, ...series.flatMap(({ points }) => points.map((p) => p.value))));
  const x = (time: number): number => ((time - begin) / (end - begin)) * width;
  const y = (value: number): number => height - (value / most) * (height - 4) - 1;
  const shownAt = at ?? times.at(-1);
  const clock = (time: number): string => clockTime(new Date(time).toISOString(), i18n.language);
  const shown = series.map(({ name, points }) => ({ name, point: nearest(points, shownAt) }));

  const move = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const time = begin + ((event.clientX - box.left) / box.width) * (end - begin);
    setAt(
      nearest(
        times.map((one) => ({ at: one, value: 0 })),
        time,
      )?.at,
    );
  };
  const step = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") setAt(undefined);
    if (by === undefined || times.length === 0) return;
    event.preventDefault();
    const index = shownAt === undefined ? times.length - 1 : times.indexOf(shownAt);
    setAt(times[Math.min(times.length - 1, Math.max(0, index + by))]);
  };

  return (
    <figure className="chart" data-testid="chart">
      <figcaption id={id}>
        <span>{title}</span>
        <span className="chart-at">{shownAt === undefined ? "" : clock(shownAt)}</span>
      </figcaption>
      {times.length === 0 ? (
        <p className="hint">{text("chartEmpty")}</p>
      ) : (
        <>
          <div className="chart-plot">
            <span className="chart-top">{formatNumber(most, unit, i18n.language)}</span>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys move its crosshair */}
            <svg
              viewBox={`0 0 ${width} ${height}`}
              preserveAspectRatio="none"
              role="img"
              aria-label={text("chartHint", { title })}
              aria-describedby={`${id}-values`}
              tabIndex={0}
              onPointerMove={move}
              onPointerLeave={() => setAt(undefined)}
              onKeyDown={step}
              onBlur={() => setAt(undefined)}
            >
              <path className="chart-line" d={`M0 ${height - 1}H${width}M0 3H${width}`} />
              {series.map(({ name, points }, index) => (
                <path
                  key={name}
                  className={`series series-${index % 6}`}
                  d={pathOf(points, x, y)}
                />
              ))}
              {at === undefined ? null : <path className="crosshair" d={`M${x(at)} 0V${height}`} />}
            </svg>
            <div className="chart-times" aria-hidden="true">
              <span>{clock(begin)}</span>
              <span>{clock(end)}</span>
            </div>
          </div>
          <ul className="chart-values" id={`${id}-values`}>
            {shown.map(({ name, point }, index) => (
              <li key={name}>
                <span className={`swatch series-${index % 6}`} aria-hidden="true" />
                <span className="chart-name">
                  <bdi>{name}</bdi>
                </span>
                <strong dir="ltr">
                  {point === undefined ? "–" : formatNumber(point.value, unit, i18n.language)}
                </strong>
              </li>
            ))}
          </ul>
        </>
      )}
    </figure>
  );
}

type Points = Series["points"];

function pathOf(points: Points, x: (at: number) => number, y: (value: number) => number): string {
  let path = "";
  let before: number | undefined;
  for (const { at, value } of points) {
    const isJoined = before !== undefined && at - before <= gapMs;
    const place = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    // A point by itself is seen as one.
    path += isJoined ? `L${place}` : `M${place}h0.1`;
    before = at;
  }
  return path;
}

/** Undefined where there is none within two of its steps. */
function nearest(points: Points, time: number | undefined): Points[number] | undefined {
  if (time === undefined) return undefined;
  let best: Points[number] | undefined;
  for (const point of points) {
    if (best === undefined || Math.abs(point.at - time) < Math.abs(best.at - time)) best = point;
  }
  return best;
}

/** 1, 2 or 5 times a power of ten, at least the value. */
export function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}
