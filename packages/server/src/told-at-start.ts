/** What the log tells once a server listens, whoever of its processes that is. */
import type { Store } from "@parlance/storage";
import { trustedDialects } from "./config/safety.ts";
import type { Config } from "./config/schema.ts";
import type { Log } from "./log.ts";
import type { InstallSecret } from "./secret.ts";
import { version } from "./version.ts";

/** What the operator has to know of the database, now and when its check is over. */
export function tellStore(store: Store, log: Log): void {
  if (store.status().integrity === "checking") log.report("warn", "stop_was_unclean", {});
  void store.checked.then((findings) => {
    if (findings.length > 0) log.report("error", "database_damaged", { findings });
  });
  for (const weakness of store.weaknesses) {
    log.report("warn", "database_is_not_durable", { reason: weakness });
  }
  if (store.status().epochRenewed) log.report("warn", "database_was_put_back", {});
}

/** Where it listens. */
export interface Listening {
  readonly url: string;
  readonly publicUrl: string;
  readonly secret: InstallSecret;
  /** Absent for a server of one process. */
  readonly processes?: number;
}

export function tellListening(config: Config, log: Log, listening: Listening): void {
  const { url, publicUrl, secret, processes } = listening;
  if (secret.madeAt !== undefined) log.report("info", "secret_made", { path: secret.madeAt });
  log.report("info", "server_listening", {
    url,
    public_url: publicUrl,
    mode: config.mode,
    version,
    ...(processes === undefined ? {} : { processes }),
  });
  const trusted = [...trustedDialects(config)];
  if (trusted.length > 0) log.report("warn", "network_trusted", { dialects: trusted.join(" ") });
}
