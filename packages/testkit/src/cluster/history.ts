/**
 * What happened in one run, as far as anybody outside the nodes can know: what each client did and was told, in its
 * order, and what the database holds at the end. The input of the checker. Times are milliseconds of one clock.
 */

/** A place in one life of a room's log. */
export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/** One thing that a client did or was told. */
export type Entry =
  /** It is signed in at a node. */
  | { readonly kind: "online"; readonly at: number; readonly node: string }
  | {
      readonly kind: "offline";
      readonly at: number;
      readonly code: number;
      /** It gave the line up itself, for silence or because it was told to. */
      readonly byClient: boolean;
    }
  /** A message leaves, for the first time or again. */
  | {
      readonly kind: "sent";
      readonly at: number;
      readonly room: string;
      readonly clientMessageId: string;
      readonly text: string;
      readonly attempt: number;
    }
  | {
      readonly kind: "acked";
      readonly at: number;
      readonly room: string;
      readonly clientMessageId: string;
      readonly epoch: string;
      readonly sequence: number;
      readonly id: string;
    }
  /** An error that says never. `isDefinite`: no earlier attempt may have been stored. */
  | {
      readonly kind: "refused";
      readonly at: number;
      readonly room: string;
      readonly clientMessageId: string;
      readonly code: string;
      readonly isDefinite: boolean;
    }
  /** An error that says later. */
  | {
      readonly kind: "deferred";
      readonly at: number;
      readonly room: string;
      readonly clientMessageId: string;
      readonly code: string;
      readonly afterMs: number;
      /** Others of the client were on their way to the room. */
      readonly hasCompany: boolean;
    }
  | {
      readonly kind: "subscribed";
      readonly at: number;
      readonly room: string;
      /** The position that was asked for. */
      readonly wanted: Place | undefined;
      readonly place: Place;
      readonly head: number;
    }
  /** `resync_required`, or `reset` of a subscription. */
  | {
      readonly kind: "reset";
      readonly at: number;
      readonly room: string;
      readonly wanted: Place | undefined;
      readonly epoch: string | undefined;
    }
  /** The server ended the subscription or refused it. */
  | {
      readonly kind: "shut";
      readonly at: number;
      readonly room: string;
      readonly code: string;
      readonly text: string;
    }
  /** A command that was never answered, on a line that was well. */
  | { readonly kind: "unanswered"; readonly at: number; readonly command: string }
  | ({ readonly kind: "delivered"; readonly at: number } & Seen)
  /** One event of a page that was asked for: not part of any subscription. */
  | ({ readonly kind: "paged"; readonly at: number } & Seen)
  /** An ephemeral event, by its type. */
  | {
      readonly kind: "ephemeral";
      readonly at: number;
      readonly room: string;
      readonly type: string;
      readonly user: string | undefined;
      /** Of `read`. */
      readonly readMark: number | undefined;
    };

/** A durable event as a client saw it. */
export interface Seen {
  readonly room: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly id: string;
  readonly author: string;
  readonly type: string;
  readonly clientMessageId: string | undefined;
  /** The whole payload as canonical JSON; undefined where it is erased. */
  readonly payload: string | undefined;
}

/** Everything one client did and was told. */
export interface History {
  readonly client: string;
  readonly user: string;
  /** It has at most one message of a room on its way. */
  readonly isAlone: boolean;
  readonly entries: Entry[];
  /** Rooms that it is subscribed to at the end, and where it is in them. */
  readonly places: Map<string, Place>;
}

/** One row of the log. */
export interface Row {
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly author: string;
  readonly principal: string;
  readonly clientMessageId: string | undefined;
  readonly payload: string | undefined;
}

/** A room as the database has it. */
export interface RoomRow {
  readonly room: string;
  readonly kind: string;
  readonly head: number;
  readonly floor: number;
}

/** The stored mark of a member that others see. */
export interface MarkRow {
  readonly room: string;
  readonly user: string;
  readonly readMark: number;
}

/** Somebody was brought into a private room or put out of it. */
export interface MembershipChange {
  readonly room: string;
  readonly user: string;
  readonly isMember: boolean;
  readonly askedAt: number;
  /** Undefined: no answer came. */
  confirmedAt: number | undefined;
  sequence: number | undefined;
}

/** An identity ended, known to whoever ended it at this time. */
export interface Revocation {
  /** Name of the client that used it. */
  readonly client: string;
  readonly at: number;
}

/** A question whose answer should have become true in time. */
export interface Convergence {
  /** `I-12`, `I-19`, `I-20`, `I-23` … */
  readonly invariant: string;
  readonly what: string;
  readonly allowedMs: number;
  /** Undefined: never. */
  readonly afterMs: number | undefined;
}

/** A fault that was put in. */
export interface Fault {
  readonly id: string;
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

/** Everything the checker needs. */
export interface Evidence {
  readonly histories: readonly History[];
  readonly rows: readonly Row[];
  readonly rooms: readonly RoomRow[];
  readonly marks: readonly MarkRow[];
  readonly changes: readonly MembershipChange[];
  readonly revocations: readonly Revocation[];
  readonly convergences: readonly Convergence[];
  readonly faults: readonly Fault[];
  /** How late the clock that measured all this was at its worst: time limits are relaxed by as much. */
  readonly latenessMs: number;
  /** How many times as much work as it has cores the machine had: `convergences` may take as many times as long. */
  readonly slowness?: number;
}

/** A run with less than this proves nothing (I-30). */
export interface Minimums {
  readonly acks: number;
  readonly deliveries: number;
  readonly resumes: number;
  readonly faults: number;
}

export interface Violation {
  readonly invariant: string;
  readonly text: string;
}

export interface Counts {
  readonly clients: number;
  readonly sends: number;
  readonly acks: number;
  readonly resends: number;
  readonly deferrals: number;
  readonly refusals: number;
  readonly deliveries: number;
  readonly resumes: number;
  readonly nodeChanges: number;
  readonly rows: number;
  readonly membershipChanges: number;
  readonly revocations: number;
  readonly marks: number;
  readonly faults: number;
}

export interface Verdict {
  readonly result: "passed" | "failed" | "inconclusive";
  /** At most `maxViolations` of them. */
  readonly violations: readonly Violation[];
  readonly counts: Counts;
  /** Why it is inconclusive. */
  readonly lacking: readonly string[];
}
