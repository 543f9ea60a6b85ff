export { openSpoolDoor, type SpoolDoorOptions } from "./spool-door.ts";
