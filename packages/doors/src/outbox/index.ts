export { type OutboxDoorOptions, openOutboxDoor } from "./outbox-door.ts";
