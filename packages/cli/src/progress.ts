/** How far something is that takes long, on the error stream: standard output is for the result. */

/** How often a line is written that a terminal does not replace. */
const lineMs = 5_000;
/** How often one is replaced. */
const replaceMs = 100;

export interface ProgressLine {
  /** Shows this instead of what was shown before, or after it where nothing can be replaced. */
  show(text: string): void;
  /** Shows the last one for good. */
  end(): void;
  /** Takes it away. */
  clear(): void;
}

/** @param isSilent Shows nothing: for scripts. */
export function progressLine(isSilent: boolean): ProgressLine {
  const { stderr } = process;
  let shownAt = 0;
  let last = "";
  let isOpen = false;
  const write = (text: string): void => {
    if (stderr.isTTY) stderr.write(`\r\u001b[K${text}`);
    else stderr.write(`${text}\n`);
    isOpen = stderr.isTTY;
    shownAt = performance.now();
  };
  return {
    show(text) {
      if (isSilent || text === last) return;
      last = text;
      if (performance.now() - shownAt < (stderr.isTTY ? replaceMs : lineMs)) return;
      write(text);
    },
    end() {
      if (isSilent) return;
      if (isOpen) stderr.write(`\r\u001b[K${last}\n`);
      isOpen = false;
    },
    clear() {
      if (isOpen) stderr.write("\r\u001b[K");
      isOpen = false;
    },
  };
}

/** A part of a whole for people: `12,000 of 48,000 rows (25 %)`. */
export function partOf(rows: number, total: number): string {
  const share = total === 0 ? 100 : Math.floor((rows / total) * 100);
  return `${grouped(rows)} of ${grouped(total)} rows (${share} %)`;
}

/** `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString("en");
}
