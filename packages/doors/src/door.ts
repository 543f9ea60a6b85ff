/** What the server sees of an open door. */
export interface Door {
  readonly name: string;
  status(): DoorStatus;
  /** How many publications lie there, where somebody can count them. Never rejects. */
  waiting?(): Promise<number>;
  /** Lets nothing more in and finishes what is under way; what it cannot finish is found again at the next start. */
  close(): Promise<void>;
}

export interface DoorStatus {
  /** Whether it can be reached now. A door that another node of the fleet looks after is open too. */
  readonly isOpen: boolean;
  /** Publications since the start. */
  readonly published: number;
  readonly refused: number;
  /** Taken and not yet decided. */
  readonly underWay: number;
}

/** Lets one node of a fleet at a time do something. */
export interface Lease {
  /** Takes or prolongs it. False: another node has it. @throws StorageError */
  take(): Promise<boolean>;
  /** Gives it back, if it is this node's. Never rejects. */
  giveBack(): Promise<void>;
  /** How long it lasts when it is not prolonged, in milliseconds. */
  readonly lifeMs: number;
}
