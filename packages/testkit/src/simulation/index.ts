export { type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";
export type { Tampering, Tools } from "./tampering.ts";
export type { Violation } from "./checker.ts";
