import { availableParallelism } from "node:os";
import type { Config } from "../config/types.ts";

/** How many processes a configuration asks for. */
export function processCount({ processes }: Pick<Config, "processes">): number {
  return processes === "auto" ? availableParallelism() : processes;
}
