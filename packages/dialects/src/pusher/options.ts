/** What an operator decides about the dialect. */
export interface PusherOptions {
  /** The application's public key: the last part of the path that its pages connect to. */
  readonly key: string;
  /** Whether public channels are read by those of whom nothing is known, also where guests may not come in. */
  readonly publicChannels: boolean;
  /** Names of client events that are stored as messages. */
  readonly storedEvents: ReadonlySet<string>;
}
