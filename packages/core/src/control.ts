/**
 * Follows the install-wide control log, so that ended memberships, revoked sessions and keys take effect on this
 * node within two seconds, with the broker up, dead or lossy.
 */
import type { Sequence } from "@parlance/protocol";
import type { ControlFact } from "./ports/index.ts";
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
    switch (fact.type) {
      case "member_ended": {
        const room = rooms.get(fact.room);
        if (room === undefined || room.last >= fact.sequence) return;
        room.forgetRoles();
        room.repair();
        return;
      }
      case "session_revoked":
        for (const connection of registry) {
          if (connection.identity?.session === fact.session) connection.revoke("unauthenticated");
        }
        return;
      case "user_signed_out":
        for (const connection of registry.ofUser(fact.user)) {
          const { session } = connection.identity ?? {};
          if (session === undefined || session !== fact.exceptSession) {
            connection.revoke("unauthenticated");
          }
        }
        return;
      case "user_disabled":
        for (const connection of registry.ofUser(fact.user)) connection.revoke("unauthenticated");
        return;
      case "key_revoked":
        for (const connection of registry) {
          if (connection.identity?.principal === fact.principal)
            connection.revoke("unauthenticated");
        }
        return;
    }
  }
}
