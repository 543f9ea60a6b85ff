import type {
  Accounts,
  ApiKeys,
  Authenticator,
  Clock,
  Ids,
  Keys,
  Report,
  RoomLog,
  Sessions,
  Tickets,
  UserAdmin,
  Users,
} from "@parlance/core";
import { type AccountsOptions, admitGuest, createAccounts } from "./accounts.ts";
import { createApiKeys } from "./api-keys.ts";
import { createAttempts } from "./attempts.ts";
import { createAuthenticator } from "./authenticator.ts";
import { createIssuers, type IssuerOptions } from "./issuers.ts";

export interface IdentityOptions {
  /** Where revocations of other nodes are seen. */
  readonly log: Pick<RoomLog, "control" | "controlHead">;
  readonly directory: Users & Sessions & Keys;
  readonly clock: Clock;
  readonly report: Report;
  readonly ids: Ids;
  /** The install's own, UTF-8: the first signs, all verify. */
  readonly secrets: readonly string[];
  readonly issuers: readonly IssuerOptions[];
  readonly guestsAllowed: boolean;
  /** Sign-ins, sign-ups, guests and failed tokens of one network in a minute, by all doors. 0: not limited. */
  readonly attemptsPerMinute: number;
}

export interface IdentityParts {
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly users: UserAdmin;
  readonly tickets: Tickets;
}

/**
 * Everything about who somebody is, over one directory. The parts share what they remember: a session that
 * `accounts` ends is refused by `authenticator` at once on this node, and within a second on others.
 *
 * @throws Error if the issuers contradict each other.
 */
export function createIdentity(options: IdentityOptions): IdentityParts {
  const { directory, clock, ids, guestsAllowed } = options;
  const issuers = createIssuers(options.secrets, options.issuers, clock);
  const attempts = createAttempts(options.attemptsPerMinute, clock);
  const accountsOptions: AccountsOptions = {
    attempts,
    directory,
    clock,
    ids,
    guestsAllowed,
    revoked: () => revoked(),
  };
  const { authenticator, tickets, revoked } = createAuthenticator({
    log: options.log,
    directory,
    clock,
    report: options.report,
    issuers,
    secrets: options.secrets,
    attempts,
    admitGuest: (guest) => admitGuest(accountsOptions, guest),
  });
  return {
    authenticator,
    tickets,
    accounts: createAccounts(accountsOptions),
    keys: createApiKeys(directory, clock, revoked),
    users: {
      user: (id) => directory.user(id),
      userByUsername: (username) => directory.userByUsername(username),
      users: (after, limit) => directory.users(after, limit),
      async setDisabled(id, disabled, now) {
        await directory.setDisabled(id, disabled, now);
        revoked();
      },
      async setAdmin(id, isAdmin, now) {
        await directory.setAdmin(id, isAdmin, now);
        revoked();
      },
    },
  };
}
