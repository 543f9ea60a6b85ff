import type { ByteRange } from "@parlance/core";

/**
 * The one range that a `Range` header asks for (RFC 9110 §14.1.2). Several ranges, other units and what is not well
 * formed are ignored, which the paragraph allows: the answer is then the whole file.
 *
 * @param bytes Size of the file, above 0.
 * @returns `"unsatisfiable"` where the range has nothing of the file.
 */
export function rangeOf(
  header: string | undefined,
  bytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || from + to === "") return undefined;
  if (from === "") {
    const last = Number(to);
    return last === 0 ? "unsatisfiable" : { first: Math.max(0, bytes - last), last: bytes - 1 };
  }
  const first = Number(from);
  const last = to === "" ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (to !== "" && Number(to) < first) return undefined;
  return first >= bytes ? "unsatisfiable" : { first, last };
}
