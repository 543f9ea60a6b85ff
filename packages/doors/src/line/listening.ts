/** Doors that listen to what nobody keeps: channels and subjects. */
import type { RoomId } from "@parlance/protocol";
import type { Door } from "../door.ts";
import { Backlog } from "./backlog.ts";
import { BrokerDoor, type BrokerDoorOptions } from "./broker-door.ts";
import { Intake } from "./intake.ts";
import { KeptOpen, type Shift } from "./keep-open.ts";
import { randomKey } from "./keys.ts";
import { readOverheard } from "./overheard.ts";
import type { ServiceHost } from "./service-url.ts";

export interface ListeningOptions extends BrokerDoorOptions {
  /** The room that is meant where a message names no target. Absent: the one that is called like the channel or subject. */
  readonly roomOf?: (place: string) => RoomId | undefined;
}

/** What was said, and where. The bytes are kept. */
export type Hear = (bytes: Buffer, place: string) => void;

/**
 * One node at a time listens.
 *
 * @param listen Hears until the shift ends.
 * @returns once it listens, at the latest after two seconds. It goes on trying by itself.
 */
export async function openListeningDoor(
  name: string,
  { url, doorway, report, lease, foreign = [], roomOf }: ListeningOptions,
  listen: (shift: Shift<ServiceHost>, hear: Hear) => Promise<void>,
): Promise<Door> {
  const intake = new Intake({ name, doorway, report });
  const backlog = new Backlog({ name, intake, report });
  const options = { foreign, ...(roomOf === undefined ? {} : { roomOf }) };
  const line = new KeptOpen<ServiceHost>({
    name,
    addresses: url.hosts,
    report,
    lease,
    needsLease: () => true,
    serve: (shift) =>
      listen(shift, (bytes, place) => {
        if (!shift.isMine()) return;
        const read = (): ReturnType<typeof readOverheard> => readOverheard(bytes, place, options);
        backlog.add({ read, key: randomKey() }, bytes.length);
      }),
    // What was heard does not need the connection any more.
    idle: () => Promise.resolve(),
  });
  await line.start();
  return new BrokerDoor(name, { doorway, intake, line, backlog });
}
