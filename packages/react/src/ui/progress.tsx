/** How far something is. */
import { type ReactNode, useId } from "react";

/** A bar with its name and number. `value` is 0-100; undefined: it goes on, nobody knows how far. */
export function Progress({
  label,
  value,
  valueText,
  tone = "normal",
}: {
  label: string;
  value: number | undefined;
  /** In words or with a sign, as it is shown. */
  valueText: string;
  tone?: "normal" | "done" | "failed";
}): ReactNode {
  const id = useId();
  return (
    <div className={`progress ${tone}`}>
      <div className="progress-head">
        <span id={id}>{label}</span>
        <span className="progress-value" aria-hidden="true">
          {valueText}
        </span>
      </div>
      <div
        className={value === undefined ? "progress-bar open" : "progress-bar"}
        role="progressbar"
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={value === undefined ? undefined : Math.round(value)}
        aria-valuetext={valueText === "" ? undefined : valueText}
      >
        <div
          className="progress-fill"
          style={value === undefined ? undefined : { inlineSize: `${value}%` }}
        />
      </div>
    </div>
  );
}
