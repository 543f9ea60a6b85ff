/** Which nodes serve an install that several share, as they say in the database. Absent where one process does. */
export interface Fleet {
  /** This node lives: it is on the list for `lifeMs` from now, by the database's clock. @throws StorageError */
  beat(node: NodeFacts, lifeMs: number): Promise<void>;
  /** It stops. @throws StorageError */
  leave(id: string): Promise<void>;
  /** Those that live, the one that started first at the beginning. @throws StorageError */
  nodes(): Promise<readonly LivingNode[]>;
}

export interface NodeFacts {
  readonly id: string;
  /** Where its own machine reaches it. */
  readonly url: string;
  /** Of its machine, as the machine calls itself. */
  readonly host: string;
  readonly version: string;
  readonly connections: number;
}

export interface LivingNode extends NodeFacts {
  /** Milliseconds since 1970, by the database's clock. */
  readonly startedAt: number;
  /** Milliseconds since it was heard of last. */
  readonly heardMs: number;
}
