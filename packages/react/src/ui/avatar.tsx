/** A person's mark: initials on a colour that stays with them. */
import type { CSSProperties, ReactNode } from "react";
import { hueOf, initialsOf } from "./person.ts";

/** Decoration beside a name that is written out, so it is hidden from screen readers. */
export function Avatar({
  id,
  name,
  small = false,
}: {
  id: string;
  name: string;
  small?: boolean;
}): ReactNode {
  const colour = { "--hue": hueOf(id) } as CSSProperties;
  return (
    <span className={small ? "avatar small" : "avatar"} style={colour} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
