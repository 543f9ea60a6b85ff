import { signToken } from "@parlance/identity";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import { installSecret } from "./secret.ts";

/** What a token is to say. */
export interface LocalToken {
  readonly user: string;
  readonly name?: string;
  readonly ttlSeconds: number;
  readonly singleUse?: boolean;
  /** Only for users `service:…`. */
  readonly scopes?: readonly string[];
}

/** A JWT signed with the install's secret. Whoever may read the secret may be anybody, so this asks for nothing. */
export async function signLocalToken(config: Config, token: LocalToken): Promise<string> {
  const { secret } = await installSecret(config);
  return signToken(secret, { ...token, now: systemClock.now() });
}
