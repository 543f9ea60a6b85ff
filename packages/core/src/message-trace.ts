/**
 * What became of one message: where the log has it, what happened to it since, who has read it, and what each living node still
 * remembers of it. Never its text. What is not known any more is said to be unknown, not left out.
 */
import type { Json, RoomId, Sequence, UserId } from "@parlance/protocol";
import type { Node } from "./gate.ts";
import type { AppendSeen, DeliverySeen, Happenings } from "./happenings.ts";
import type { Directory, MessagePlace, RoomLog, WebhookAdmin, WebhookFate } from "./ports/index.ts";

/** Members that are looked at for their read marks. */
const maxMembers = 1_000;
/** Events behind the message that are looked through for what was done to it. */
const maxLater = 2_000;
const pageEvents = 200;
/** So long nodes have to answer. */
const askMs = 3_000;

export const happeningsQuestion = "happenings";

/** What one node still remembers. */
export interface SeenAt {
  readonly node: string;
  /** Nothing older is remembered there; milliseconds since 1970. */
  readonly since: number;
  readonly appends: readonly AppendSeen[];
  readonly deliveries: readonly DeliverySeen[];
}

/** Times in milliseconds since 1970. */
export interface MessageTrace {
  readonly place: MessagePlace;
  readonly epoch: string;
  /** The room's last sequence. */
  readonly head: Sequence;
  readonly writtenAt: number | undefined;
  readonly clientMessageId: string | undefined;
  /** Later events about it, in their order. */
  readonly later: readonly {
    readonly type: string;
    readonly sequence: Sequence;
    readonly author: UserId;
    readonly at: number;
  }[];
  /** Up to here later events were looked through; the head if to the end. */
  readonly lookedUpTo: Sequence;
  /** Members whose mark is at it or behind it, and members in all as far as they were looked at. */
  readonly readBy: readonly UserId[];
  readonly members: number;
  /** What became of it at the webhooks that want it; undefined where it is not in the log any more. */
  readonly webhooks: readonly WebhookFate[] | undefined;
  readonly nodes: readonly SeenAt[];
  /** Nodes that live and did not answer. */
  readonly silent: readonly string[];
}

/** What it is found out with. */
export interface TraceParts {
  readonly log: RoomLog;
  readonly directory: Pick<Directory, "members">;
  readonly node: Pick<Node, "askAll">;
  readonly webhooks: Pick<WebhookAdmin, "fates">;
}

/**
 * Looks for everything that is known of a message.
 *
 * @param ref Its id or number, or `room:sequence`.
 * @returns undefined if there is no such message. @throws StorageError
 */
export async function traceMessage(
  parts: TraceParts,
  ref: string,
): Promise<MessageTrace | undefined> {
  const { log, directory, node, webhooks } = parts;
  const place = await find(log, ref);
  if (place === undefined) return undefined;
  const { room, sequence } = place;
  const page = await log.read({ room, after: sequence - 1, upTo: sequence, limit: 1 });
  if (page === undefined) return undefined;
  const frame = page.events[0]?.frame;
  const [{ later, lookedUpTo }, members, fates, asked] = await Promise.all([
    laterEvents(log, place, page.head),
    directory.members(room, maxMembers),
    frame === undefined ? undefined : webhooks.fates(frame, page.epoch),
    node.askAll(happeningsQuestion, { room, epoch: page.epoch, sequence }, { timeoutMs: askMs }),
  ]);
  return {
    place,
    epoch: page.epoch,
    head: page.head,
    writtenAt: frame === undefined ? undefined : Date.parse(frame.time),
    clientMessageId: frame?.client_message_id,
    later,
    lookedUpTo,
    readBy: members.filter(({ readMark }) => readMark >= sequence).map(({ user }) => user),
    members: members.length,
    webhooks: fates,
    nodes: asked.answers.flatMap(({ node: id, answer }) => {
      const seen = readHappenings(answer);
      return seen === undefined ? [] : [{ node: id, ...seen }];
    }),
    silent: asked.silent,
  };
}

async function find(log: RoomLog, ref: string): Promise<MessagePlace | undefined> {
  const [, room, digits] = /^(.+):(\d{1,15})$/.exec(ref) ?? [];
  if (room === undefined) return log.findMessage(ref);
  const sequence = Number(digits);
  const page = await log.read({ room: room as RoomId, after: sequence - 1, limit: 1 });
  const frame = page?.events[0]?.frame;
  if (frame?.type !== "message.created" || frame.sequence !== sequence) return undefined;
  return log.findMessage(frame.id);
}

async function laterEvents(
  log: RoomLog,
  { room, sequence, id }: MessagePlace,
  head: Sequence,
): Promise<Pick<MessageTrace, "later" | "lookedUpTo">> {
  const later: MessageTrace["later"][number][] = [];
  const upTo = Math.min(head, sequence + maxLater);
  for (let after = sequence; after < upTo; ) {
    const page = await log.read({ room, after, upTo, limit: pageEvents });
    const last = page?.events.at(-1)?.frame.sequence;
    if (page === undefined || last === undefined) break;
    for (const { frame } of page.events) {
      const isAbout = "data" in frame && "message_id" in frame.data && frame.data.message_id === id;
      if (!isAbout) continue;
      const { type, sequence: at, author, time } = frame;
      later.push({ type, sequence: at, author, at: Date.parse(time) });
    }
    after = last;
  }
  return { later, lookedUpTo: upTo };
}

/** For the node that is asked. Total: a question that makes no sense has no answer. */
export function answerHappenings(happenings: Happenings, detail: Json | undefined): Json {
  const { room, epoch, sequence } = (detail ?? {}) as Partial<AppendSeen>;
  if (typeof room !== "string" || typeof epoch !== "string" || typeof sequence !== "number") {
    return null;
  }
  return happenings.of(room, epoch, sequence) as unknown as Json;
}

/** Total: what another node answered, which may be of another version. */
function readHappenings(answer: Json): Omit<SeenAt, "node"> | undefined {
  const seen = answer as unknown as Partial<SeenAt> | null;
  if (seen === null || typeof seen.since !== "number") return undefined;
  if (!Array.isArray(seen.appends) || !Array.isArray(seen.deliveries)) return undefined;
  return { since: seen.since, appends: seen.appends, deliveries: seen.deliveries };
}
