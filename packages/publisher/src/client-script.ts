/** The element by which a back end gives its page a connection: `wsManager`, ready with a token. */

/** Parts of the client that a page may do without. Absent means on. */
export interface Features {
  /** `sendMessage`. */
  readonly chat?: boolean;
  /** `sendEdit` and `sendCursor`. */
  readonly collaboration?: boolean;
  /** `showNotification`. */
  readonly notifications?: boolean;
}

export interface ClientScriptOptions {
  /** From `generateToken`, for the user whose page this is. */
  readonly token: string;
  /** Whether the page returns by itself after a lost connection. Preset: true. */
  readonly reconnect?: boolean;
  /** Milliseconds before the first return; later ones wait longer, each with a random part. Preset: 3000. */
  readonly reconnectDelay?: number;
  /** Where the script is loaded from. Preset: `/mmb/client.js` at the host of `url`. */
  readonly scriptUrl?: string;
  readonly features?: Features;
}

/**
 * A `<script>` element for a page. It loads the client without `async`, so that `wsManager` is there for the next
 * element. Address, token and options are in its `data-options`: the element has no code of its own, so a page with
 * a strict Content-Security-Policy needs nothing but our host in its `script-src`. The page holds a token: send
 * it with `Cache-Control: no-store`.
 *
 * @param url Where the WebSocket is, `ws:` or `wss:`.
 * @throws TypeError for an address of another kind, or one that carries a password.
 */
export function getClientScript(url: string, options: ClientScriptOptions): string {
  const { token, reconnect = true, reconnectDelay = 3_000, features } = options;
  const address = parse(url, ["ws:", "wss:"]);
  if (!Number.isFinite(reconnectDelay) || reconnectDelay < 0) {
    throw new TypeError("reconnectDelay is a number of milliseconds");
  }
  const source = options.scriptUrl ?? scriptBeside(address);
  // A browser drops control characters: what is left of `/\t/host` leads to another host.
  const isPath = /^\/(?![/\\])/.test(source) && !source.split("").some((unit) => unit < " ");
  if (!isPath) parse(source, ["http:", "https:"]);
  const data = {
    url,
    token,
    reconnect,
    reconnectDelay,
    ...(features === undefined ? {} : { features }),
  };
  return `<script src="${escapeAttribute(source)}" data-options='${escapeJson(data)}'></script>`;
}

function scriptBeside(address: URL): string {
  const scheme = address.protocol === "wss:" ? "https:" : "http:";
  return `${scheme}//${address.host}/mmb/client.js`;
}

function parse(text: string, schemes: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !schemes.includes(url.protocol) || url.username || url.password) {
    throw new TypeError(`not an address of ${schemes.join(" or ")}`);
  }
  return url;
}

/**
 * JSON without any character that means something to HTML. A name like `</script><script>…` or one with a quote
 * would otherwise end the attribute or the element and run in the page of whoever looks at it. The rest of the
 * list: `&` begins an entity; U+2028 and U+2029 end a line in old JavaScript, should the text be put there.
 */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&'\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function escapeAttribute(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
