import type { DeviceId, Principal, SessionId, UserId, UserKind } from "@parlance/protocol";

/** Turns a credential into an identity, or refuses it. Nothing from an unverified token is used for I/O. */
export interface Authenticator {
  /**
   * @throws ProtocolError `unauthenticated` for anything that does not verify (one answer for all causes),
   *   `token_expired` for a token that verified but is over, `banned` for a disabled user.
   */
  authenticate(credential: Credential): Promise<Identity>;
}

export type Credential = (
  | { readonly token: string }
  | { readonly guest: { readonly name: string } }
) & {
  readonly device?: DeviceId;
  /** Where it comes from, for limits on guessing and on making guests. Never decides who somebody is. */
  readonly address?: string;
};

/** Who acts. Set once from a verified credential; no field of a frame changes it. */
export interface Identity {
  readonly user: UserId;
  readonly name: string;
  readonly kind: UserKind;
  /** For systems whose users are numbers: of accounts and guests the directory's, of others the one in their token. */
  readonly number?: number;
  readonly principal: Principal;
  readonly session?: SessionId;
  /** Milliseconds since 1970. Absent: not limited. */
  readonly expiresAt?: number;
  /** Only of API keys: what they may do. Absent: everything that a user may. */
  readonly scopes?: readonly string[];
  /** Only after a guest came in: the token to come back with. */
  readonly issuedToken?: string;
  /** It came over a network whose operator trusts what clients say of themselves. Never set elsewhere. */
  readonly onTrustedNetwork?: true;
}
