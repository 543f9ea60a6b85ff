import { readServed } from "./files.ts";

/** Switches of the MMB dialect, as its operators know them. */
export interface PageFeatures {
  readonly chat: boolean;
  readonly collaboration: boolean;
  readonly notifications: boolean;
}

/** What `/mmb/client.js` is made with. */
export interface MmbClient {
  readonly features: PageFeatures;
  /** Whole address that pages connect to. Absent: `endpoint` at the host that the script is loaded from. */
  readonly url?: string;
  /** `/mmb`, or `:8082/` on a port of its own. */
  readonly endpoint?: string;
  readonly reconnect: boolean;
  /** Milliseconds before the first return. */
  readonly reconnectDelayMs: number;
  readonly pingIntervalMs: number;
}

/**
 * The text of `/mmb/client.js`: `wsManager` with the install's settings filled in, without the methods of
 * features that are off.
 */
export function mmbClientScript(client: MmbClient): string {
  const { url, endpoint, features } = client;
  const served = {
    ...(url === undefined ? {} : { url }),
    ...(endpoint === undefined ? {} : { endpoint }),
    reconnect: client.reconnect,
    reconnectDelay: client.reconnectDelayMs,
    pingInterval: client.pingIntervalMs,
  };
  let script = replaceOnce(
    readServed("mmb/client.js"),
    /const served = \{\};/,
    `const served = ${JSON.stringify(served)};`,
  );
  for (const [feature, isOn] of Object.entries(features)) {
    const section = new RegExp(`^ *// <${feature}>\\n(.*?)^ *// </${feature}>\\n`, "ms");
    script = replaceOnce(script, section, isOn ? undefined : "");
  }
  return script;
}

/** @param by Absent: what the pattern's first group found. */
function replaceOnce(text: string, pattern: RegExp, by: string | undefined): string {
  if (!pattern.test(text)) throw new Error(`the script has no ${pattern.source}`);
  return text.replace(pattern, (_, inner: string) => by ?? inner);
}
