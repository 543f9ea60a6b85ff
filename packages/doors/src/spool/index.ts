export {
  clearRefused,
  inspectSpool,
  retrySpooled,
  type SpooledFile,
  type SpoolPart,
  type SpoolPlace,
} from "./inspect.ts";
export { openSpoolDoor, type SpoolDoorOptions } from "./spool-door.ts";
