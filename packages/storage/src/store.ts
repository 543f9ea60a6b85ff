/** What every engine gives to the server. */
import type {
  Directory,
  FileIndex,
  Fleet,
  Outbox,
  PresenceBoard,
  RateStore,
  RoomLog,
  Webhooks,
} from "@parlance/core";

/** An open store. */
export interface Store {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly files: FileIndex;
  /** Where applications write. */
  readonly outbox: Outbox;
  /** Shared by all who share the store. */
  readonly rates: RateStore;
  readonly webhooks: Webhooks;
  /** Absent where the database is one process's, as the next. */
  readonly fleet?: Fleet | undefined;
  readonly presence?: PresenceBoard | undefined;
  /** Random letters and digits, one for the life of an install: keeps installs apart that share a broker. */
  readonly installId: string;
  /** Finishes the writes under way and lets go of the data. */
  close(): Promise<void>;
  status(): StoreStatus;
  /** Since it was opened. Absent where another process writes. */
  readonly batches?: () => BatchCounts;
  /** Resolves with the findings of the check after a stop that was not clean; at once with none where it was not needed. */
  readonly checked: Promise<readonly string[]>;
  /** Resolves, with why, if nothing can be stored any more by this process. */
  readonly lost: Promise<string>;
  /** Settings of the database that make an acknowledgement worth less than it says, in words for the operator. */
  readonly weaknesses: readonly string[];
}

/** What was written together: how many transactions, and how many writes were in them. */
export interface BatchCounts {
  readonly transactions: number;
  readonly writes: number;
}

export interface StoreStatus {
  /** Whether writes can succeed at all. Once false it stays so: start the process anew. */
  readonly available: boolean;
  /** The data was put back to an earlier state by hand: all positions of clients are void. */
  readonly epochRenewed: boolean;
  /** The quick check after a stop that was not clean. `failed` comes with `findings`. */
  readonly integrity: "not_needed" | "checking" | "ok" | "failed";
  readonly findings: readonly string[];
}
