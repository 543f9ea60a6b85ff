/**
 * The door that listens to plain subjects. NATS keeps nothing there: what is published while no node listens, or while the
 * connection is being made anew, is lost, and nothing tells. Who needs more takes a stream (`stream.ts`).
 */
import type { Door } from "../door.ts";
import { type ListeningOptions, openListeningDoor } from "../line/listening.ts";
import { aborted } from "../line/waiting.ts";
import { connectNats } from "./connect.ts";

export interface NatsSubjectsOptions extends ListeningOptions {
  /** With `*` and `>` as NATS has them. No two may have a subject in common: what both match is published twice. */
  readonly subjects: readonly string[];
}

/** @returns once it listens, at the latest after two seconds. It goes on trying by itself. */
export function openNatsSubjects(options: NatsSubjectsOptions): Promise<Door> {
  return openListeningDoor("nats-subjects", options, async (shift, hear) => {
    const connection = await connectNats(options.url, shift);
    for (const pattern of options.subjects) {
      connection.subscribe(pattern, {
        callback: (error, { data, subject }) => {
          if (error !== null) shift.lost(error);
          // A copy: the driver may use the buffer again for what comes next.
          else hear(Buffer.from(data), subject);
        },
      });
    }
    await connection.flush();
    shift.opened({ ping: () => connection.flush(), close: () => connection.close() });
    await aborted(shift.ending);
  });
}
