import type { DeviceId, UserId } from "@parlance/protocol";
import type { Connection } from "./connection.ts";

/** The live connections of this node, by who they belong to. */
export class Registry {
  readonly #all = new Set<Connection>();
  #count = 0;
  readonly #byUser = new Map<UserId, Set<Connection>>();

  /** Counts connections since the start, those that are gone too. */
  nextNumber(): number {
    this.#count += 1;
    return this.#count;
  }

  get size(): number {
    return this.#all.size;
  }

  *[Symbol.iterator](): Generator<Connection> {
    yield* this.#all;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
  }

  /** Called once the connection knows whose it is. */
  bind(connection: Connection, user: UserId): void {
    const connections = this.#byUser.get(user);
    if (connections === undefined) this.#byUser.set(user, new Set([connection]));
    else connections.add(connection);
  }

  remove(connection: Connection): void {
    this.#all.delete(connection);
    this.unbind(connection);
  }

  /** It is about to belong to somebody else, or to nobody. */
  unbind(connection: Connection): void {
    const connections = this.#byUser.get(connection.userId);
    if (connections === undefined) return;
    connections.delete(connection);
    if (connections.size === 0) this.#byUser.delete(connection.userId);
  }

  ofUser(user: UserId): readonly Connection[] {
    return [...(this.#byUser.get(user) ?? [])];
  }

  /** The connection that a new one of the same user and device replaces. */
  ofDevice(user: UserId, device: DeviceId): Connection | undefined {
    for (const connection of this.#byUser.get(user) ?? []) {
      if (connection.device === device) return connection;
    }
    return undefined;
  }
}
