/**
 * Where a command asks the application: after `authorize`, which it can only narrow. What waits for an answer holds back
 * what the same connection writes behind it, and nothing else.
 */
import { ProtocolError, type Reply } from "@parlance/protocol";
import {
  authorizeIn,
  findRepeat,
  openFor,
  type Stored,
  storedBefore,
  type Wanted,
} from "../append.ts";
import type { Connection } from "../connection.ts";
import { type Awaitable, Pipelined } from "../outcome.ts";
import type { PublishAnswer, Said } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { mustBeOpen, type Writing, writeLater } from "./write.ts";

/** How what is said becomes an event, and what of the message the application is asked about. */
export interface Asking {
  readonly said: Said;
  eventOf(said: PublishAnswer): Awaitable<Wanted["event"]>;
  /** Absent where nobody has to be asked: it only keeps its place behind what is. */
  ask?(said: Said): Promise<PublishAnswer>;
}

/** As `write`, once the application has said what is to be stored. Its `Stored` tells what that is. */
export function writeAsked<R extends Reply>(
  context: CommandContext,
  writing: Writing<R>,
  asking: Asking,
): Pipelined<R> {
  return inTurn(context.connection, async () => {
    const room = await openFor(context, "write", writing.room);
    try {
      await authorizeIn(context, "write", room);
      await mayEnter(context, room);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const stored = await findRepeat(context, room, writing.wanted, error);
      return new Pipelined(Promise.resolve(writing.replyTo(stored)));
    }
    const answer = await answerOf(context, room, writing.wanted, asking);
    if (!("event" in answer)) return new Pipelined(Promise.resolve(writing.replyTo(answer)));
    mustBeOpen(context);
    return writeLater(context, { ...writing, wanted: answer });
  });
}

/**
 * What is to be stored, or what is stored already: a repeat is found by what was sent, and nobody is asked about it again.
 *
 * @throws ProtocolError where the application refuses, `conflict` where the same client message id was stored with another body.
 */
export async function answerOf(
  context: CommandContext,
  room: Room,
  wanted: Wanted,
  { said, eventOf, ask }: Asking,
): Promise<Stored | Wanted> {
  if (ask === undefined) return wanted;
  const repeat = await storedBefore(context, room, wanted);
  if (repeat !== undefined) return repeat;
  const askEnds = context.trace?.step("ask");
  const answer = await ask(said);
  askEnds?.();
  const { text, data, ...more } = answer;
  const isAsSent = text === said.text && data === said.data && Object.keys(more).length === 0;
  return isAsSent ? wanted : { ...wanted, event: await eventOf(answer), sent: wanted.event };
}

/** Begins once everything that the connection asked about before has been begun. */
export function inTurn<R extends Reply>(
  connection: Connection | undefined,
  begin: () => Promise<Pipelined<R>>,
): Pipelined<R> {
  const begun = connection?.asking === undefined ? begin() : connection.asking.then(begin);
  if (connection !== undefined) {
    const settled: Promise<void> = begun.then(
      () => {},
      () => {},
    );
    connection.asking = settled;
    void settled.then(() => {
      if (connection.asking === settled) connection.asking = undefined;
    });
  }
  return new Pipelined(begun.then(({ done }) => done));
}
