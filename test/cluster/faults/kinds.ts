import type { BrokerName, Engine } from "@parlance/testkit/cluster";
import type { Scene } from "../scene.ts";

/** One row of the fault matrix, as something that can be done to a scene under load. */
export interface FaultKind {
  /** As in the reliability rules: `F-N1`. */
  readonly id: string;
  /** A variant of it, where there are several. */
  readonly name: string;
  readonly needsBroker?: boolean;
  readonly brokers?: readonly BrokerName[];
  readonly engines?: readonly Engine[];
  /** Some need a few at least: two that are left, a line to a server. */
  readonly nodes?: number;
  inject(scene: Scene): Promise<void>;
}

/** Whether a fault can happen there at all. */
export function applies(
  kind: FaultKind,
  { engine, broker }: { readonly engine: Engine; readonly broker: BrokerName },
): boolean {
  if (kind.needsBroker === true && broker === "none") return false;
  if (kind.brokers !== undefined && !kind.brokers.includes(broker)) return false;
  return kind.engines === undefined || kind.engines.includes(engine);
}
