/** A credential that is being verified, beside a control log that may end what it says. */
import { ProtocolError } from "@parlance/protocol";
import { endsIdentity } from "./control.ts";
import type { ControlFact, Identity } from "./ports/index.ts";

/**
 * Remembers which identities ended since it was begun.
 *
 * Security: the verifier may have looked just before the identity was revoked, and the control log's entry may
 * have passed before the connection had an identity. Without this it would live until it disconnects.
 */
export class Verification {
  readonly #ended: ControlFact[] = [];

  hear(fact: ControlFact): void {
    this.#ended.push(fact);
  }

  /** @throws ProtocolError `unauthenticated` if the identity ended meanwhile. */
  check(identity: Identity): void {
    if (this.#ended.some((fact) => endsIdentity(fact, identity))) {
      throw new ProtocolError("unauthenticated");
    }
  }
}
