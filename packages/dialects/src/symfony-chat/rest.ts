/** The Symfony chat's REST routes (SC-07, SC-08). */
import type { Accounts, Authenticator, Node, Users } from "@parlance/core";
import type { ClientMessageId, PresenceState, UserId } from "@parlance/protocol";
import type { RestRoute } from "../json/rest.ts";
import { messageRoutes } from "./rest-messages.ts";
import { userRoutes } from "./rest-users.ts";

export type { RestAnswer, RestRequest, RestRoute } from "../json/rest.ts";

/** What the routes need of the server. */
export interface SymfonyDoors {
  readonly node: Pick<Node, "execute" | "spend">;
  readonly accounts: Accounts;
  readonly authenticator: Authenticator;
  readonly users: Pick<Users, "user" | "users" | "userByNumber" | "userByUsername" | "setStatus">;
  readonly signUpAllowed: boolean;
  /** Whether somebody is there, as others may know it. */
  readonly stateOf: (user: UserId) => PresenceState;
  readonly newMessageId: () => ClientMessageId;
  /** For accounts that are made without one, where that is allowed. */
  readonly newPassword: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** All of them, with their paths from the root. */
export function symfonyRoutes(doors: SymfonyDoors): readonly RestRoute[] {
  return [...userRoutes(doors), ...messageRoutes(doors)];
}
