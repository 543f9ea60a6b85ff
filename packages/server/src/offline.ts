import type { Accounts, ApiKeys } from "@parlance/core";
import { createIdentity } from "@parlance/identity";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import { createIds } from "./ids.ts";
import { installSecret } from "./secret.ts";
import { openStore } from "./store.ts";

/** Accounts and keys of an install whose server does not run. */
export interface Offline {
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  close(): Promise<void>;
}

/**
 * Opens the store without a server.
 *
 * @throws DirectoryInUseError if a server has it.
 */
export async function openOffline(config: Config): Promise<Offline> {
  const store = await openStore(config);
  const { accounts, keys } = createIdentity({
    log: store.log,
    directory: store.directory,
    clock: systemClock,
    ids: createIds(systemClock.now),
    secrets: [installSecret(config).secret],
    issuers: [],
    guestsAllowed: false,
  });
  return { accounts, keys, close: () => store.close() };
}
