/** All drawings of the app: 18 px, one line weight, in the colour of the text around them. */
import type { ReactNode } from "react";

const shapes = {
  hash: <path d="M4 7h11M3 12h11M7.5 3 5.5 16M12.5 3l-2 13" />,
  lock: <path d="M5 8.5h8v6H5zM6.5 8.5V6a2.5 2.5 0 0 1 5 0v2.5" />,
  megaphone: <path d="M3 8v3l9 3.5V4.5zM5.5 11.8l.8 3.2h2" />,
  bell: (
    <path d="M4 13h10c-1-1.2-1.3-2.2-1.3-5a3.7 3.7 0 0 0-7.4 0c0 2.8-.3 3.8-1.3 5ZM7.5 15.3a1.7 1.7 0 0 0 3 0" />
  ),
  gauge: <path d="M3 13.5a6.5 6.5 0 1 1 12 0M9 11.5l3-4" />,
  plus: <path d="M9 3.5v11M3.5 9h11" />,
  close: <path d="m4.5 4.5 9 9M13.5 4.5l-9 9" />,
  back: <path d="M11 4 6 9l5 5" />,
  send: <path d="M9 15V3.5M4 8.5l5-5 5 5" />,
  people: (
    <path d="M7 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM2.5 14.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11.5 8.3a2.3 2.3 0 0 0 0-4.5M13.3 10.9c1.4.6 2.2 1.9 2.2 3.6" />
  ),
  search: <path d="M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10ZM11.7 11.7l3.3 3.3" />,
  sliders: <path d="M3 5.5h6M13 5.5h2M3 12.5h2M9 12.5h6M11 3.5v4M7 10.5v4" />,
  leave: <path d="M7.5 3.5h-4v11h4M7 9h8M12 6l3 3-3 3" />,
  check: <path d="m4 9.5 3.5 3.5L14 5.5" />,
  clock: <path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM9 5.8V9l2.2 1.4" />,
  warning: <path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM9 5.8v3.7M9 12v.2" />,
  up: <path d="M9 14.5v-11M4.5 8 9 3.5 13.5 8" />,
  down: <path d="M9 3.5v11M4.5 10 9 14.5 13.5 10" />,
  fold: <path d="m4.5 7 4.5 4.5L13.5 7" />,
  copy: <path d="M6.5 6.5h8v8h-8zM11.5 6.5v-3h-8v8h3" />,
  keyboard: <path d="M2.5 5h13v8.5h-13zM5 8h.1M8 8h.1M11 8h.1M13 8h.1M5.5 11h7" />,
} satisfies Record<string, ReactNode>;

/** Name of a drawing. */
export type IconName = keyof typeof shapes;

/** One drawing. It is decoration: the control around it carries the name that is read out. */
export function Icon({ name, small = false }: { name: IconName; small?: boolean }): ReactNode {
  const directed = name === "back" || name === "leave";
  return (
    <svg
      className={`icon${small ? " small" : ""}${directed ? " directed" : ""}`}
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      strokeWidth={small ? 1.9 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  );
}
