import type { Accounts, ApiKeys, UserAdmin } from "@parlance/core";
import { createIdentity } from "@parlance/identity";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import { createIds } from "./ids.ts";
import { installSecret } from "./secret.ts";
import { openStore } from "./store.ts";

/** Accounts, keys and users of an install whose server does not run. */
export interface Offline {
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly users: UserAdmin;
  close(): Promise<void>;
}

/**
 * Opens the store without a server.
 *
 * @throws DirectoryInUseError if a server has it, and else as `openStore`.
 */
export async function openOffline(config: Config): Promise<Offline> {
  const { secret } = await installSecret(config);
  const store = await openStore(config);
  const { accounts, keys, users } = createIdentity({
    log: store.log,
    directory: store.directory,
    clock: systemClock,
    report: () => {},
    ids: createIds(systemClock.now),
    secrets: [secret],
    issuers: [],
    guestsAllowed: false,
    attemptsPerMinute: 0,
  });
  return { accounts, keys, users, close: () => store.close() };
}
