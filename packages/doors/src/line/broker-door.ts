/** A door whose publications come over a connection. */

import type { Report } from "@parlance/core";
import type { Door, DoorStatus, Lease } from "../door.ts";
import type { Doorway } from "../doorway.ts";
import type { ForeignReader } from "../read.ts";
import type { Backlog } from "./backlog.ts";
import type { Intake } from "./intake.ts";
import type { KeptOpen } from "./keep-open.ts";
import type { ServiceHost, ServiceUrl } from "./service-url.ts";
import { within } from "./waiting.ts";

/** What all of them are given. */
export interface BrokerDoorOptions {
  readonly url: ServiceUrl;
  /** The door's own: closed with it. */
  readonly doorway: Doorway;
  readonly report: Report;
  /** Read first what other systems' back ends send. */
  readonly foreign?: readonly ForeignReader[];
  /** Whose node it is takes what comes; the others wait. On a single node `take` always answers true. */
  readonly lease: Lease;
}

/** What was heard and is kept nowhere else may take so long to be published when the door closes. */
const backlogMs = 5_000;

export class BrokerDoor implements Door {
  readonly name: string;
  readonly #doorway: Doorway;
  readonly #intake: Intake;
  readonly #line: KeptOpen<ServiceHost>;
  readonly #backlog: Backlog | undefined;

  constructor(
    name: string,
    parts: {
      readonly doorway: Doorway;
      readonly intake: Intake;
      readonly line: KeptOpen<ServiceHost>;
      readonly backlog?: Backlog;
    },
  ) {
    this.name = name;
    this.#doorway = parts.doorway;
    this.#intake = parts.intake;
    this.#line = parts.line;
    this.#backlog = parts.backlog;
  }

  status(): DoorStatus {
    const { published, refused, underWay } = this.#intake;
    return {
      isOpen: this.#line.isOpen,
      published,
      refused,
      underWay: underWay + (this.#backlog?.length ?? 0),
    };
  }

  async close(): Promise<void> {
    const ended = this.#line.close();
    if (this.#backlog !== undefined) {
      await ended;
      await within(this.#backlog.idle(), backlogMs);
    }
    // What waits for the database gets its verdict by this: it stays with the service.
    await this.#doorway.close();
    await ended;
  }
}
