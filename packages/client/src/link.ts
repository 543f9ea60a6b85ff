import type { CommandType, Reply, SignedIn, UserId } from "@parlance/protocol";
import type { ClientError } from "./errors.ts";
import type { Line } from "./line.ts";
import type { CommandBody } from "./types.ts";

/** What rooms and the outbox know of the connection. */
export interface Link {
  /** The line, while it is up and signed in. */
  readonly line: Line | undefined;
  readonly session: SignedIn | undefined;
  readonly me: UserId | undefined;
  request<T extends CommandType>(command: CommandBody<T>): Promise<Reply<T>>;
  /** Tells listeners of something that should not be. */
  report(error: ClientError): void;
}
