import type { DeviceId, Principal, RoomId, SessionId, UserId, UserKind } from "@parlance/protocol";
import type { VouchedUser } from "./hooks.ts";

/** Turns a credential into an identity, or refuses it. Nothing from an unverified token is used for I/O. */
export interface Authenticator {
  /**
   * @throws ProtocolError `unauthenticated` for anything that does not verify (one answer for all causes),
   *   `token_expired` for a token that verified but is over, `banned` for a disabled user.
   */
  authenticate(credential: Credential): Promise<Identity>;
  /**
   * Whether somebody may go by a name that they choose for themselves.
   *
   * @throws ProtocolError `bad_request` for one that reads like an authority here.
   */
  checkName(name: string): void;
}

/** Checks what an application signed for its pages. */
export interface Signatures {
  /** In constant time. False too for a signature that is none. */
  verify(proof: Proof): boolean;
}

/** A text, and what is claimed to be the application's signature over it. */
export interface Proof {
  readonly text: string;
  /** As the dialect's application writes it, with the name of its key. */
  readonly signature: string;
}

export type Credential = (
  | {
      readonly token: string;
      /** Makes nobody: a user whom the directory does not know is refused. */
      readonly mustBeKnown?: true;
      /** It came as the address of an incoming webhook: only the key of one is good there, and nowhere else. */
      readonly ofIncoming?: true;
    }
  | { readonly guest: { readonly name: string } }
  /** A connection ticket (`Tickets`), and all rooms that are asked for with it. */
  | { readonly ticket: string; readonly rooms: readonly RoomId[] }
  /** Vouched for by the application or by a trusted network; only core asks with this. */
  | {
      readonly vouched: VouchedUser & { readonly by: "application" | "network" };
      readonly of: "accounts" | "application";
    }
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
  /** Only of API keys: the key's id. */
  readonly key?: string;
  /** Milliseconds since 1970. Absent: not limited. */
  readonly expiresAt?: number;
  /** Only of API keys: what they may do. Absent: everything that a user may. */
  readonly scopes?: readonly string[];
  /** Only of a session: its account may do what operators do over HTTP, but for moving the install. */
  readonly isAdmin?: true;
  /** Only of keys for some rooms: patterns of their names. Nothing else is there for it, to be read either. */
  readonly rooms?: readonly string[];
  /** Only after a guest came in: the token to come back with. */
  readonly issuedToken?: string;
  /** Names the token that was shown, where it has an id of its own. */
  readonly tokenId?: string;
  /** Nobody in particular: reads and writes as a guest, may become somebody, and is in no directory. */
  readonly isAnonymous?: true;
  /** Nobody, of whom nothing is known where guests may not come in: there for it is what the application signed for. */
  readonly isOnlyGranted?: true;
  /** How a request that came by no connection came here, for limits. Absent: by HTTP, from nobody's network. */
  readonly cameBy?: { readonly dialect: string; readonly address?: string };
  /** Its connection came over a network that the operator trusts, where anybody may be anybody. */
  readonly onTrustedNetwork?: true;
}
