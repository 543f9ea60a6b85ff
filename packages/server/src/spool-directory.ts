import { join } from "node:path";
import type { Config } from "./config/schema.ts";

/** Where files are put that are to be published. */
export function spoolDirectory(config: Pick<Config, "data_dir" | "spool_dir">): string {
  return config.spool_dir ?? join(config.data_dir, "spool");
}
