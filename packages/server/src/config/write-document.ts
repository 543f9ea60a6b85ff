/** Writes `docs/operations/configuration.md`. Run it after a change to the schema. */
import { mkdirSync, writeFileSync } from "node:fs";
import { configurationDocument } from "./document.ts";

const target = new URL("../../../../docs/operations/configuration.md", import.meta.url);
mkdirSync(new URL(".", target), { recursive: true });
writeFileSync(target, configurationDocument());
