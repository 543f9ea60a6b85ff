/**
 * The door that listens to plain subjects. NATS keeps nothing there: what is published while no node listens, or while the
 * connection is being made anew, is lost, and nothing tells. Who needs more takes a stream (`stream.ts`).
 */
import type { RoomId } from "@parlance/protocol";
import type { Door } from "../door.ts";
import { Backlog } from "../line/backlog.ts";
import { BrokerDoor, type BrokerDoorOptions } from "../line/broker-door.ts";
import { Intake } from "../line/intake.ts";
import { KeptOpen, type Shift } from "../line/keep-open.ts";
import { randomKey } from "../line/keys.ts";
import { readOverheard } from "../line/overheard.ts";
import type { ServiceHost } from "../line/service-url.ts";
import { connectNats } from "./connect.ts";

export interface NatsSubjectsOptions extends BrokerDoorOptions {
  /** With `*` and `>` as NATS has them. No two may have a subject in common: what both match is published twice. */
  readonly subjects: readonly string[];
  /** The room that is meant where a message names no target. Absent: the one that is called like the subject. */
  readonly roomOfSubject?: (subject: string) => RoomId | undefined;
}

const name = "nats-subjects";

/**
 * One node at a time listens.
 *
 * @returns once it listens, at the latest after two seconds. It goes on trying by itself.
 */
export async function openNatsSubjects(options: NatsSubjectsOptions): Promise<Door> {
  const { url, doorway, report, lease } = options;
  const intake = new Intake({ name, doorway, report });
  const backlog = new Backlog({ name, intake, report });
  const line = new KeptOpen<ServiceHost>({
    name,
    addresses: url.hosts,
    report,
    lease,
    needsLease: () => true,
    serve: (shift) => listen(options, backlog, shift),
    // What was heard does not need the connection any more.
    idle: () => Promise.resolve(),
  });
  await line.start();
  return new BrokerDoor(name, { doorway, intake, line, backlog });
}

async function listen(
  options: NatsSubjectsOptions,
  backlog: Backlog,
  shift: Shift<ServiceHost>,
): Promise<void> {
  const { subjects, foreign = [], roomOfSubject } = options;
  const connection = await connectNats(options.url, shift);
  const hear = (bytes: Buffer, subject: string): void => {
    if (!shift.isMine()) return;
    const read = (): ReturnType<typeof readOverheard> =>
      readOverheard(bytes, subject, {
        foreign,
        ...(roomOfSubject === undefined ? {} : { roomOf: roomOfSubject }),
      });
    backlog.add({ read, key: randomKey() }, bytes.length);
  };
  for (const pattern of subjects) {
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
  await new Promise<void>((resolve) => {
    shift.ending.addEventListener("abort", () => resolve(), { once: true });
    if (shift.ending.aborted) resolve();
  });
}
