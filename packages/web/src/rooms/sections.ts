/** Sections of the reader's list. */
import type { Section } from "@parlance/client";

/** A section's name is one line of at most this many UTF-16 code units (protocol, `sectionName`). */
export const sectionNameLength = 64;

/** A section with an id that no other has. */
export function newSection(name: string): Section {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { id, name: name.trim() };
}

/** The sections with the one at `from` moved to `to`. */
export function moved<T>(all: readonly T[], from: number, to: number): readonly T[] {
  const one = all[from];
  if (one === undefined || to < 0 || to >= all.length) return all;
  return all.toSpliced(from, 1).toSpliced(to, 0, one);
}
