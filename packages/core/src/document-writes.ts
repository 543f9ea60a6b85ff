/**
 * Updates of one document on this node, one commit after the other: what comes while a commit is under way waits for the next, and
 * what one connection wrote meanwhile becomes one event.
 */
import { type ClientMessageId, limits, ProtocolError, type Sequence } from "@parlance/protocol";
import { appendIn, authorizeIn, type Stored, type Wanted } from "./append.ts";
import { mustBeOpen } from "./commands/write.ts";
import type { Append, DocumentFit } from "./ports/index.ts";
import type { Room } from "./room.ts";
import type { CommandContext } from "./services.ts";

/** An update that waits for its commit. */
interface Waiting {
  readonly context: CommandContext;
  readonly update: Uint8Array;
  readonly about: WriteAbout;
  done(place: WrittenPlace): void;
  failed(error: unknown): void;
}

/** With one of these an update is an event of its own. */
export interface WriteAbout {
  readonly clientMessageId?: ClientMessageId | undefined;
  /** The version that it goes back to. */
  readonly restored?: Sequence;
}

/** Where an update is, or up to where the document has it already. */
export type WrittenPlace = Pick<Stored, "epoch" | "sequence" | "repeated">;

export class DocumentWrites {
  readonly #room: Room;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(room: Room) {
    this.#room = room;
  }

  get isIdle(): boolean {
    return !this.#isWriting;
  }

  /** @param update Is one. @throws ProtocolError `conflict`, `too_large` where the update is refused; what `appendIn` throws. */
  write(
    context: CommandContext,
    update: Uint8Array,
    about: WriteAbout = {},
  ): Promise<WrittenPlace> {
    return new Promise((done, failed) => {
      this.#waiting.push({ context, update, about, done, failed });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      await Promise.all(groups(waiting).map((group) => this.#writeGroup(group)));
    }
    this.#isWriting = false;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const [first] = group;
      if (first === undefined) return;
      const { documents } = first.context.services;
      if (documents === undefined) throw new ProtocolError("not_found");
      const updates = group.map(({ update }) => update);
      const isOne = updates.length === 1;
      const update = isOne ? first.update : documents.merge(updates);
      const place = await this.#store(first, update);
      for (const { done } of group) done(place);
    } catch (error) {
      // One of them is no good: each by itself, in their order.
      if (group.length > 1 && error instanceof Refused) {
        for (const one of group) await this.#writeGroup([one]);
        return;
      }
      const told = error instanceof Refused ? error.cause : error;
      for (const { failed } of group) failed(told);
    }
  }

  async #store(first: Waiting, update: Uint8Array): Promise<WrittenPlace> {
    const { context } = first;
    const { clientMessageId, restored } = first.about;
    const room = this.#room;
    const { documents, settings } = context.services;
    let { fit, news } = await this.#look(update);
    if (fit === "missing") {
      // Another node may have told the writer what this one has not heard yet.
      await room.caughtUp();
      ({ fit, news } = await this.#look(update));
    }
    if (fit === "known" && clientMessageId === undefined) {
      return { epoch: room.epoch, sequence: room.last, repeated: true };
    }
    if (fit === "missing") throw new Refused(new ProtocolError("conflict", { field: "update" }));
    if (news.length > limits.documentUpdateBytes) {
      const details = { field: "update", limit: limits.documentUpdateBytes };
      throw new Refused(new ProtocolError("too_large", details));
    }
    const size = (room.document?.byteLength ?? 0) + news.length;
    if (fit === "new" && size > settings.documentBytes) {
      const details = { field: "update", limit: settings.documentBytes };
      throw new Refused(new ProtocolError("too_large", details));
    }
    const eventOf = (bytes: Uint8Array): Append["event"] => {
      const back = restored === undefined ? {} : { restored };
      const said = documents?.toText(bytes) ?? "";
      const data = { update: said, author_name: context.identity.name, ...back };
      return { type: "document.updated", data };
    };
    const wanted: Wanted = {
      event: eventOf(news),
      // It comes again as it was sent, when all of it is there.
      ...(clientMessageId === undefined ? {} : { clientMessageId, sent: eventOf(update) }),
    };
    return appendIn(context, room, wanted, async (present) => {
      await authorizeIn(context, "write", present);
      mustBeOpen(context);
    });
  }

  async #look(
    update: Uint8Array,
  ): Promise<{ readonly fit: DocumentFit; readonly news: Uint8Array }> {
    const { document } = this.#room;
    if (document === undefined) throw new ProtocolError("not_found");
    return document.read((content) => {
      const news = content.beyond(update);
      return { fit: content.fit(news), news };
    });
  }
}

/** The document does not take it. Known not done. */
class Refused extends Error {
  override readonly name = "Refused";
  override readonly cause: ProtocolError;

  constructor(cause: ProtocolError) {
    super(cause.message);
    this.cause = cause;
  }
}

/** What becomes one event each: neighbours of one connection without a client message id, as long as they are small together. */
function groups(waiting: readonly Waiting[]): Waiting[][] {
  const found: { readonly of: Waiting[]; bytes: number }[] = [];
  /** The group that may still grow, of each connection. */
  const growing = new Map<unknown, (typeof found)[number]>();
  for (const one of waiting) {
    const { connection, identity } = one.context;
    const writer = connection ?? identity.principal;
    const group = growing.get(writer);
    const bytes = one.update.length;
    const { clientMessageId, restored } = one.about;
    const isAlone = clientMessageId !== undefined || restored !== undefined;
    if (!isAlone && group !== undefined && group.bytes + bytes <= limits.documentUpdateBytes) {
      group.of.push(one);
      group.bytes += bytes;
      continue;
    }
    const begun = { of: [one], bytes };
    found.push(begun);
    if (isAlone) growing.delete(writer);
    else growing.set(writer, begun);
  }
  return found.map(({ of }) => of);
}
