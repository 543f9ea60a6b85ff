import { createHash } from "node:crypto";

/**
 * A part of a broker's names that stands for one install: the id itself where every broker takes it as it is, else its
 * hash. Ids that are chosen like a hash of another one are the operator's own doing.
 */
export function installKey(installId: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(installId)) return installId;
  return createHash("sha256").update(installId).digest("hex");
}
