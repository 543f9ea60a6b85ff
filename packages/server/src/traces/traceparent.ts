/** W3C Trace Context, "traceparent": https://www.w3.org/TR/trace-context/#traceparent-header */

export interface TraceParent {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Its sender records it, so this part of it is wanted, too. */
  readonly isSampled: boolean;
}

/** Undefined for what is none: then a trace of its own begins. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  const [, version, traceId, spanId, flags] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(text ?? "") ?? [];
  if (version === undefined || version === "ff") return undefined;
  // Of version 00 nothing follows.
  if (version === "00" && text?.length !== 55) return undefined;
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
