import { ProtocolError } from "@parlance/protocol";
import type { Report } from "./gate.ts";
import { StorageError } from "./storage-error.ts";

/** Wait that a client is told when storage is away. */
const retryAfterMs = 1_000;

/**
 * The core's border for failures: expected ones pass, an adapter's becomes *unavailable* (the client may try
 * again with the same client message id, whatever the effect was), a bug is logged with its stack and shown
 * only as *internal*.
 */
export function asProtocolError(
  error: unknown,
  report: Report,
  fields: Readonly<Record<string, unknown>>,
): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (error instanceof StorageError) {
    report("warn", "storage_failed", { ...fields, effect: error.effect, error });
    return new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
  }
  report("error", "command_failed", { ...fields, error });
  return new ProtocolError("internal", { retry_after_ms: retryAfterMs });
}
