/** Runs work that is written for all engines over a connection. */
import { runStepwise, type Steps } from "../sql/statements.ts";
import type { Session } from "./session.ts";

/** Does the work and gives what it answers. What a statement throws ends it. */
export function perform<R>(session: Session, steps: Steps<R>): Promise<R> {
  return runStepwise<R>(steps, ({ kind, sql, values }) =>
    kind === "all" ? session.all(sql, ...values) : session.run(sql, ...values),
  );
}
