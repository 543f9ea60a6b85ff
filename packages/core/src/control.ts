/**
 * Follows the install-wide control log, so that ended memberships, revoked sessions and keys, and erased texts take effect on this
 * node within two seconds, with the broker up, dead or lossy.
 */
import type { Sequence } from "@parlance/protocol";
import type { ControlFact, Identity } from "./ports/index.ts";
import type { Services } from "./services.ts";

export class ControlFollower {
  readonly #services: Services;
  #place: Sequence = 0;
  #check: Promise<void> | undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  async start(): Promise<void> {
    this.#place = await this.#services.log.controlHead();
  }

  /** Reads on and applies. Calls while one is under way share it. @throws StorageError */
  check(): Promise<void> {
    this.#check ??= this.#readOn().finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  /** As `check`, and surely reads after the call: one under way may have its answer from before. */
  async checkAnew(): Promise<void> {
    await this.#check?.catch(() => {});
    await this.check();
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const entries = await this.#services.log.control(this.#place);
      if (entries.length === 0) return;
      for (const { sequence, fact } of entries) {
        this.#apply(fact);
        this.#place = sequence;
      }
    }
  }

  #apply(fact: ControlFact): void {
    const { rooms, registry } = this.#services;
    if (fact.type === "profile_changed") {
      this.#services.people.hear(fact.user);
      return;
    }
    if (fact.type === "message_erased") {
      rooms.get(fact.room)?.erased(fact.sequences);
      return;
    }
    if (fact.type === "member_ended") {
      const room = rooms.get(fact.room);
      if (room === undefined || room.last >= fact.sequence) return;
      room.roles.forget();
      room.repair();
      return;
    }
    for (const connection of registry) connection.hear(fact);
  }
}

/** Whether a fact ends an identity. */
export function endsIdentity(fact: ControlFact, identity: Identity): boolean {
  switch (fact.type) {
    case "member_ended":
    case "message_erased":
    case "admin_changed":
    case "profile_changed":
      return false;
    case "session_revoked":
      return identity.session === fact.session;
    case "user_signed_out":
      return (
        identity.user === fact.user &&
        (identity.session === undefined || identity.session !== fact.exceptSession)
      );
    case "user_disabled":
      return identity.user === fact.user;
    case "key_revoked":
      return identity.principal === fact.principal;
  }
}
