/** Keys of a field that has commands to choose from above it. */
import type { KeyboardEvent } from "react";
import type { Slash } from "./use-slash.ts";

/**
 * Arrows move, Tab takes the one that is marked, Enter too unless it is what is written, Escape hides them.
 *
 * @returns whether the key was meant for them.
 */
export function chooseByKey(
  event: KeyboardEvent<HTMLTextAreaElement>,
  slash: Slash,
  choose: (name: string) => void,
): boolean {
  const { offered, active } = slash;
  const name = offered[active]?.name ?? "";
  const isWritten = event.currentTarget.value.trim().toLowerCase() === `/${name}`;
  if (event.key === "ArrowDown") slash.setActive((active + 1) % offered.length);
  else if (event.key === "ArrowUp") slash.setActive((active + offered.length - 1) % offered.length);
  else if (event.key === "Tab" && !event.shiftKey) choose(name);
  else if (event.key === "Enter" && !event.shiftKey && !isWritten) choose(name);
  else if (event.key === "Escape") slash.dismiss();
  else return false;
  event.preventDefault();
  return true;
}
