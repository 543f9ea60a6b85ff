/** What a transport saw of a connection's beginning, for whoever decides whose it is. */
export interface HandshakeFacts {
  /** A bearer token, or the token of a session cookie that came together with a listed Origin. */
  readonly token?: string;
  /** Fields by lower-case name; cookies are left out where the page's Origin is not listed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Path and query. */
  readonly url: string;
  readonly address: string;
  readonly dialect: string;
}

/**
 * Questions to the application. Each has a deadline and an answer of its own for silence; what the application says
 * can only narrow what the server would allow, but for `connect`, where it vouches for its own users.
 */
export interface Hooks {
  /**
   * Whose connection this is, by the application's own login.
   *
   * @returns undefined where the application has no answer and another way may be tried.
   * @throws ProtocolError `unauthenticated` where it refuses, `unavailable` where it is silent and silence refuses.
   */
  connect(handshake: HandshakeFacts): Promise<VouchedUser | undefined>;
}

/** Somebody whom the application, or a network that is trusted, says to be there. */
export interface VouchedUser {
  /** A number stays one on wires that know numbers. */
  readonly user: string | number;
  readonly name?: string;
}
