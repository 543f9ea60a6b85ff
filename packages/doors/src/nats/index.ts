/** Ways in over NATS. */
export { type NatsStreamOptions, openNatsStream, refusedSubjectOf } from "./stream.ts";
export { type NatsSubjectsOptions, openNatsSubjects } from "./subjects.ts";
