import { type Clock, networkOf } from "@parlance/core";
import { createLimiter } from "./limiter.ts";

/**
 * Attempts to come in, by whatever door, counted together. Every method throws ProtocolError `rate_limited` with
 * `retry_after_ms` above the limit; where no address is given, nothing is limited.
 */
export interface Attempts {
  /** One of a network: a sign-in, a sign-up, a guest, a token that did not verify. */
  countNetwork(address: string | undefined): void;
  /** Whether one more would be too many. Counts nothing. */
  checkNetwork(address: string | undefined): void;
  /** One on an account, whatever networks they come from. */
  countAccount(name: string): void;
}

/** Attempts on one account in a minute. */
const perAccount = 10;

/** @param perMinute Attempts of one network in a minute. 0: neither networks nor accounts are limited. */
export function createAttempts(perMinute: number, clock: Clock): Attempts {
  const networks = createLimiter(perMinute, clock);
  const accounts = createLimiter(perMinute === 0 ? 0 : perAccount, clock);
  return {
    countNetwork(address) {
      if (address !== undefined) networks.count(networkOf(address));
    },
    checkNetwork(address) {
      if (address !== undefined) networks.check(networkOf(address));
    },
    countAccount: (name) => accounts.count(name),
  };
}
