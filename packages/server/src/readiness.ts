import type { Broker } from "@parlance/core";
import type { Readiness } from "@parlance/http";
import type { Store } from "@parlance/storage";

/** What `GET /ready` answers: by asking the database, not by remembering. */
export async function readinessOf(
  store: Store,
  broker: Broker,
  isDraining: boolean,
): Promise<Readiness> {
  const { available, integrity } = store.status();
  const answers = available && (await canRead(store));
  const components = {
    database: answers ? (integrity === "failed" ? "degraded" : "ok") : "down",
    broker: broker.isConnected() ? "ok" : "down",
  } as const;
  const isWhole = components.database === "ok" && components.broker === "ok";
  if (isDraining) return { status: "draining", components };
  if (!answers) return { status: "unavailable", components };
  return { status: isWhole ? "ready" : "degraded", components };
}

async function canRead(store: Store): Promise<boolean> {
  try {
    await store.log.controlHead();
    return true;
  } catch {
    return false;
  }
}
