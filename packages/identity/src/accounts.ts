import type {
  Accounts,
  Clock,
  GuestRequest,
  Identity,
  Ids,
  Sessions,
  UserRecord,
  Users,
} from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import type { Attempts } from "./attempts.ts";
import { checkDisplayName, foldUsername } from "./names.ts";
import { createPasswords, passwordLength } from "./passwords.ts";
import { startSession } from "./sessions.ts";

export interface AccountsOptions {
  readonly directory: Users & Sessions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly attempts: Attempts;
  readonly guestsAllowed: boolean;
  readonly revoked: () => void;
}

/** Longest login that is looked up; longer ones are unknown without asking. */
const maxLoginLength = 64;

export function createAccounts(options: AccountsOptions): Accounts {
  const { directory, clock, ids, attempts } = options;
  const passwords = createPasswords();

  async function createAccount(
    account: Parameters<Accounts["createAccount"]>[0],
  ): Promise<UserRecord> {
    attempts.countNetwork(account.address);
    const username = foldUsername(account.username);
    const name = checkDisplayName(account.name ?? username);
    checkPassword(account.password, "password");
    const user = {
      id: ids.user(),
      kind: "account" as const,
      name,
      username,
      passwordHash: await passwords.hash(account.password),
      createdAt: clock.now(),
    };
    if (account.email !== undefined) {
      const withAddress = await directory.createUser({ ...user, email: account.email });
      if (withAddress !== "taken") return withAddress;
    }
    // The address is somebody's, or the name is: only the name may be told.
    const created = await directory.createUser(user);
    if (created === "taken") throw new ProtocolError("conflict", { field: "username" });
    return created;
  }

  return {
    createAccount,
    async signIn({ username, password, device, address }) {
      attempts.countNetwork(address);
      const login = username.toLowerCase();
      // An address is not verified, so it opens nothing: a stranger may have typed it at sign-up.
      const isPossible = login.length <= maxLoginLength && !login.includes("@");
      if (isPossible) attempts.countAccount(login);
      const account = isPossible ? await directory.accountByLogin(login) : undefined;
      const isRight = await passwords.matches(password, account?.passwordHash);
      if (account === undefined || !isRight || account.disabled) {
        throw new ProtocolError("unauthenticated");
      }
      return startSession(directory, clock, account, device);
    },
    guest: (request) => admitGuest(options, request),
    async signOut(session) {
      const wasThere = await directory.revokeSession(session, clock.now());
      options.revoked();
      return wasThere;
    },
    async changePassword(identity, change) {
      attempts.countAccount(identity.user);
      checkPassword(change.next, "next");
      const user = await directory.user(identity.user);
      const account =
        user?.username === undefined ? undefined : await directory.accountByLogin(user.username);
      const isRight = await passwords.matches(change.current, account?.passwordHash);
      if (account === undefined || !isRight)
        throw new ProtocolError("forbidden", { field: "current" });
      const passwordHash = await passwords.hash(change.next);
      await directory.setPassword(account.id, passwordHash, identity.session, clock.now());
      options.revoked();
    },
  };
}

/**
 * Makes a guest and its session.
 *
 * @throws ProtocolError `rate_limited`, `forbidden` where guests are not allowed, `bad_request` for a reserved name.
 */
export async function admitGuest(
  options: AccountsOptions,
  { name, device, address }: GuestRequest,
): Promise<Identity> {
  options.attempts.countNetwork(address);
  if (!options.guestsAllowed) throw new ProtocolError("forbidden", { reason: "no guests here" });
  const { directory, clock, ids } = options;
  const user = await directory.createUser({
    id: ids.user(),
    kind: "guest",
    name: checkDisplayName(name),
    createdAt: clock.now(),
  });
  if (user === "taken") throw new Error("a guest has no user name that could be taken");
  return startSession(directory, clock, user, device);
}

function checkPassword(password: string, field: string): void {
  if (password.length < passwordLength.min || password.length > passwordLength.max) {
    const rule = `${passwordLength.min}-${passwordLength.max} characters`;
    throw new ProtocolError("bad_request", { field, rule });
  }
}
