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
  smile: (
    <path d="M9 15.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM6.2 10.8a3.4 3.4 0 0 0 5.6 0M6.8 7.2v.1M11.2 7.2v.1" />
  ),
  pencil: (
    <path d="M3.5 14.5 4.2 11.4 11.6 4a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L6.6 13.8zM10.4 5.2l2.4 2.4" />
  ),
  trash: <path d="M3.5 5h11M7 5V3.5h4V5M5 5l.6 9.5h6.8L13 5M7.6 7.5v4.5M10.4 7.5v4.5" />,
  more: <path d="M4.5 9h.1M9 9h.1M13.5 9h.1" strokeWidth="2.4" />,
  file: <path d="M5 2.5h5l3.5 3.5v9.5H5zM10 2.5V6h3.5" />,
  download: <path d="M9 3v8.5M5.5 8.5 9 12l3.5-3.5M3.5 15h11" />,
  attach: (
    <path d="m14 8.5-4.9 4.9a3 3 0 0 1-4.3-4.3l5.3-5.2a2 2 0 0 1 2.9 2.8l-5.1 5.2a1 1 0 0 1-1.5-1.4l4.6-4.6" />
  ),
  reply: <path d="M7.5 4 3.5 8l4 4M4 8h6.5a4 4 0 0 1 4 4v2" />,
  thread: <path d="M3 3.5h12v8H8L4.5 14.5v-3H3zM6 6.3h6M6 8.8h4" />,
  forward: <path d="m10.5 4 4 4-4 4M14 8H7.5a4 4 0 0 0-4 4v2" />,
  pin: <path d="M6.5 3h5l-.7 5 2.2 2.5H5L7.2 8zM9 10.5V15" />,
  bookmark: <path d="M5 3h8v12l-4-3-4 3z" />,
  star: <path d="m9 2.8 1.9 3.9 4.3.6-3.1 3 .7 4.3L9 12.6l-3.8 2 .7-4.3-3.1-3 4.3-.6z" />,
  link: (
    <path d="M7.5 10.5a2.8 2.8 0 0 0 4 0l2.7-2.7a2.8 2.8 0 0 0-4-4L9 5M10.5 7.5a2.8 2.8 0 0 0-4 0l-2.7 2.7a2.8 2.8 0 0 0 4 4L9 13" />
  ),
  at: (
    <path d="M12 9a3 3 0 1 1-6 0 3 3 0 0 1 6 0Zm0 0v1a1.8 1.8 0 0 0 3.5 0V9a6.5 6.5 0 1 0-2.5 5.1" />
  ),
  calendar: <path d="M3.5 4.5h11v10h-11zM3.5 7.5h11M6.5 3v3M11.5 3v3" />,
  poll: <path d="M4 14.5v-4M9 14.5v-11M14 14.5v-7" strokeWidth="2.2" />,
  mute: (
    <path d="M5.6 6.2C5.4 10.7 5.2 11.5 4 13h9M12.7 10.4c-.2-3.6-.6-6.1-3.7-6.1-.7 0-1.3.2-1.9.4M7.5 15.3a1.7 1.7 0 0 0 3 0M3 3l12 12" />
  ),
  eye: (
    <path d="M2 9s2.5-4.5 7-4.5S16 9 16 9s-2.5 4.5-7 4.5S2 9 2 9ZM9 11a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z" />
  ),
  invite: (
    <path d="M7 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM2.5 14.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M14 5.5v5M11.5 8h5" />
  ),
  shield: <path d="M9 2.5 14 4.5v4c0 3.2-2 5.6-5 7-3-1.4-5-3.8-5-7v-4z" />,
  archive: <path d="M3 3.5h12v3H3zM4 6.5h10v8H4zM7.5 9.5h3" />,
  info: <path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM9 8.5v3.7M9 5.9v.2" />,
  filter: <path d="M3 5h12M5.5 9h7M8 13h2" />,
  moon: <path d="M14.5 10.8A6 6 0 1 1 7.2 3.5a4.8 4.8 0 0 0 7.3 7.3Z" />,
  gear: (
    <path d="M9 11.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 2.5v2M9 13.5v2M2.5 9h2M13.5 9h2M4.4 4.4l1.4 1.4M12.2 12.2l1.4 1.4M13.6 4.4l-1.4 1.4M5.8 12.2l-1.4 1.4" />
  ),
  ban: <path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM4.8 4.8l8.4 8.4" />,
  keyboard: <path d="M2.5 5h13v8.5h-13zM5 8h.1M8 8h.1M11 8h.1M13 8h.1M5.5 11h7" />,
} satisfies Record<string, ReactNode>;

/** Name of a drawing. */
export type IconName = keyof typeof shapes;

/** One drawing. It is decoration: the control around it carries the name that is read out. */
export function Icon({ name, small = false }: { name: IconName; small?: boolean }): ReactNode {
  const directed = name === "back" || name === "leave" || name === "reply" || name === "forward";
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
