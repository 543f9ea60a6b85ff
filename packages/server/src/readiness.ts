import type { Broker } from "@parlance/core";
import type { Readiness } from "@parlance/http";
import type { Store } from "@parlance/storage";
import type { RunningWorker } from "./processes/worker-messages.ts";

/** What `GET /ready` answers: by asking the database, not by remembering. */
export async function readinessOf(
  store: Store,
  broker: Broker,
  ratesAreShared: boolean | undefined,
  isDraining: boolean,
  worker?: RunningWorker,
): Promise<Readiness> {
  const { available, integrity } = store.status();
  const answers = available && (await canRead(store));
  const components: Readiness["components"] = {
    database: answers ? (integrity === "failed" ? "degraded" : "ok") : "down",
    broker: broker.isConnected() ? "ok" : "down",
    ...(ratesAreShared === undefined ? {} : { rates: ratesAreShared ? "ok" : "degraded" }),
  };
  const processes = worker && { number: worker.number, running: worker.running(), of: worker.of };
  const told = { components, ...(processes && { processes }) };
  const isWhole =
    components["database"] === "ok" &&
    components["broker"] === "ok" &&
    ratesAreShared !== false &&
    (processes === undefined || processes.running >= processes.of);
  if (isDraining) return { status: "draining", ...told };
  if (!answers) return { status: "unavailable", ...told };
  return { status: isWhole ? "ready" : "degraded", ...told };
}

/** Whether the database answers now. */
export async function canRead(store: Store): Promise<boolean> {
  try {
    await store.log.controlHead();
    return true;
  } catch {
    return false;
  }
}
