const firstMs = 1_000;
const mostMs = 300_000;

/** The pause after the n-th failure in a row, doubled each time up to five minutes; between half of it and all of it, so that not everybody comes back at once. */
export function backOffMs(failures: number, random: () => number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return whole / 2 + (whole / 2) * random();
}
