/** Ways in over NATS. */
export { lookAtStream, type StreamLook } from "./look.ts";
export { type NatsStreamOptions, openNatsStream, refusedSubjectOf } from "./stream.ts";
export { type NatsSubjectsOptions, openNatsSubjects } from "./subjects.ts";
