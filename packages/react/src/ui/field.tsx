/** A labelled line of input, and a choice among few. */
import { type InputHTMLAttributes, type ReactNode, useId } from "react";

/** An input with its label and, below it, what is wrong or what may be written. */
export function Field({
  label,
  hint,
  problem,
  ...input
}: {
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
} & InputHTMLAttributes<HTMLInputElement>): ReactNode {
  const id = useId();
  const below = problem ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input"
        aria-invalid={problem !== undefined}
        aria-describedby={below === undefined ? undefined : `${id}-below`}
        {...input}
      />
      {below === undefined ? null : (
        <p id={`${id}-below`} className={problem === undefined ? "hint" : "problem"}>
          {below}
        </p>
      )}
    </div>
  );
}

/** One of many choices, as the platform's own list. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input"
        value={value}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.target.value);
          if (chosen !== undefined) onChange(chosen[0]);
        }}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** One of two to four choices, as radio buttons that look like one control. */
export function Segments<T extends string>({
  legend,
  value,
  options,
  onChange,
}: {
  legend: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}): ReactNode {
  const name = useId();
  return (
    <div className="field" role="radiogroup" aria-label={legend}>
      <span className="legend" aria-hidden="true">
        {legend}
      </span>
      <div className="segments">
        {options.map(([option, text]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={option === value}
              onChange={() => onChange(option)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </div>
  );
}
