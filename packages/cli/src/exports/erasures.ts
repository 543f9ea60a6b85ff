import { type Erasures, type ExportedEvent, isInState } from "./lines.ts";

/** An erased message: where it and its deletion are. */
interface Erased {
  readonly id: string;
  readonly author: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Finds what erased versions may have been of. The log does not tell any more, and it does not matter: any message by
 * the same author that was there then and is deleted later leads to the same log. So it is always the one that was deleted last.
 */
export async function erasures(events: AsyncIterable<ExportedEvent>): Promise<Erasures> {
  const made: ExportedEvent[] = [];
  const versions: ExportedEvent[] = [];
  const files: ExportedEvent[] = [];
  const deletions = new Map<string, number>();
  const threads = new Map<string, string>();
  const goneFiles: { readonly id: string; readonly at: number }[] = [];
  let erasedTo = 0;
  for await (const event of events) {
    const { type, sequence, data } = event;
    if (type === "message.deleted") {
      const id = String(data?.["message_id"]);
      deletions.set(id, sequence);
      if (typeof data?.["thread"] === "string") threads.set(id, data["thread"]);
    } else if (type === "file.deleted")
      goneFiles.push({ id: String(data?.["file_id"]), at: sequence });
    else if (isInState(event)) erasedTo = sequence;
    else if (event.erased !== true) continue;
    else if (type === "message.created") made.push(event);
    else if (type === "file.shared") files.push(event);
    else versions.push(event);
  }
  const erased = made.map(
    ({ id, author, sequence }): Erased => ({
      id,
      author,
      from: sequence,
      to: deletions.get(id) ?? 0,
    }),
  );
  const of = new Map<string, string>();
  const grown = new Set<string>();
  for (const { id, type, author, sequence } of versions) {
    const candidates = erased.filter(
      (one) =>
        one.author === author &&
        one.from < sequence &&
        one.to > sequence &&
        !(type === "message.closed" && grown.has(one.id)),
    );
    const last = candidates.reduce<Erased | undefined>(
      (best, one) => (best === undefined || one.to > best.to ? one : best),
      undefined,
    );
    if (last === undefined) continue;
    of.set(id, last.id);
    if (type === "message.closed") grown.add(last.id);
  }
  // Each file is deleted once: the first that was shared before takes the first deletion behind it.
  for (const { id, sequence } of files) {
    const place = goneFiles.findIndex(({ at }) => at > sequence);
    const [gone] = place < 0 ? [] : goneFiles.splice(place, 1);
    if (gone !== undefined) of.set(id, gone.id);
  }
  return { of, grown, threads, erasedTo };
}
