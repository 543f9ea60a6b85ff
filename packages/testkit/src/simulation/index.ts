export type { Violation } from "./checker.ts";
export { Random } from "./random.ts";
export { type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";
export type { Tampering, Tools } from "./tampering.ts";
