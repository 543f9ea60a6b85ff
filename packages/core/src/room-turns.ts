/** Work that keeps the order of each room: what names a room waits for what named it before; other rooms do not wait. */
export class RoomTurns {
  /** The last work of each room. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Does the work when everything that was given before for one of these rooms is over, however that ended. */
  async take<T>(rooms: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = rooms.map((room) => this.#tails.get(room) ?? Promise.resolve());
    const turn = Promise.all(before).then(work);
    const tail = turn.then(
      () => {},
      () => {},
    );
    for (const room of rooms) this.#tails.set(room, tail);
    try {
      return await turn;
    } finally {
      for (const room of rooms) if (this.#tails.get(room) === tail) this.#tails.delete(room);
    }
  }

  /** Resolves when all that was given is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
