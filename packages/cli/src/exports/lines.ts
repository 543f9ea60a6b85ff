/** The lines of an export: what `parlance import` takes to the same sequences. */

/** An event as REST tells it. */
export interface ExportedEvent {
  readonly type: string;
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly author: string;
  readonly time: string;
  readonly client_message_id?: string;
  readonly data?: { readonly [name: string]: unknown };
  readonly erased?: true;
}

/** What is known of erased events beside their envelope. */
export interface Erasures {
  /** By the id of an erased version or file event: the message or the file that it was about. */
  readonly of: ReadonlyMap<string, string>;
  /** Erased messages that grew. */
  readonly grown: ReadonlySet<string>;
  /** By the id of an erased message: the one that it was in the thread of. */
  readonly threads: ReadonlyMap<string, string>;
  /** Of a document: sequence of the last update that is only in a state; 0: none. */
  readonly erasedTo: number;
}

/** What stands for an erased update that was imported, until it is erased here too. */
const standInUpdate = "AAA=";

/** Whether what an update of a document said is only in a state. */
export function isInState({ type, erased, data }: ExportedEvent): boolean {
  return type === "document.updated" && (erased === true || data?.["update"] === standInUpdate);
}

/** An event's line: members in one order, so that the same log gives the same bytes. */
export function lineOf(event: ExportedEvent, { of, grown, threads }: Erasures): object {
  const { type, room, sequence, id, author, time, client_message_id, data } = event;
  const about = of.get(id);
  const thread = data === undefined ? threads.get(id) : undefined;
  return {
    type: "event",
    room,
    sequence,
    id,
    event: type,
    author,
    time,
    ...(client_message_id === undefined ? {} : { client_message_id }),
    ...(data === undefined ? { erased: true } : { data }),
    ...(about === undefined ? {} : { of: about }),
    ...(grown.has(id) ? { open: true } : {}),
    ...(thread === undefined ? {} : { thread }),
  };
}
