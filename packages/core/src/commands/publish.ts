import {
  type Command,
  type DurablePayloads,
  type EventId,
  type OnlyYou,
  type Principal,
  ProtocolError,
  type Publication,
  type Published,
  type UserId,
} from "@parlance/protocol";
import type { Stored } from "../append.ts";
import type { Awaitable, Pipelined } from "../outcome.ts";
import type { MessagePlace, PublishAnswer, PublishQuestion, Said } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { writeAsked } from "./asking.ts";
import { askerOf } from "./entering.ts";
import { maySpeakOf, mentionsIn } from "./mentions.ts";
import { findIn } from "./messages.ts";
import { onlyFor } from "./only-you.ts";
import { asked } from "./polls.ts";
import { authorOf } from "./publish-from.ts";
import { type Writing, write } from "./write.ts";

/**
 * A message under another name than the identity's, for dialects whose people call themselves what they like. No schema of a
 * wire lets this through: only code of the server can ask for it.
 */
export interface ShownAs {
  /** Nobody's id, so that the message can be taken for no user's. */
  readonly user: UserId;
  readonly name: string;
  readonly unverified: true;
  /** Whether an account is called so. */
  readonly nameOfAccount: boolean;
}

/** A user in whose name a back end publishes. */
export interface PublishedFrom {
  readonly user: UserId;
  readonly name: string;
  readonly number?: number;
  readonly by: Principal;
}

/**
 * `publish` as the core does it. The one who is authenticated stays the one whose key makes repeats safe. No schema of a wire
 * lets `from` through either: it comes by publications.
 */
export type PublishTask = Command<"publish"> & {
  readonly shownAs?: ShownAs;
  readonly from?: Publication["from"];
  /** The message whose text this is; whom that mentions is not mentioned again. */
  readonly forwards?: EventId;
};

/** Writes one message: at once, or when the application has said what becomes of it. */
export function publish(
  context: CommandContext,
  command: PublishTask,
): Awaitable<Pipelined<Published>> {
  const { from, thread, reply_to: quoted, text, mentions } = command;
  if (command.poll !== undefined && command.open === true) {
    throw new ProtocolError("bad_request", { field: "poll" });
  }
  const isPlain = from === undefined && thread === undefined && quoted === undefined;
  const isQuiet = command.forwards !== undefined || !maySpeakOf(text, mentions);
  if (isPlain && isQuiet) return say(context, command);
  return Promise.all([
    from === undefined ? undefined : authorOf(context, from),
    linksOf(context, command),
    mentionedIn(context, command, text),
  ]).then(([author, links, mentioned]) => say(context, command, author, links, mentioned));
}

/** Whom the event says that it mentions. */
type Mentioned = Pick<DurablePayloads["message.created"], "mentions">;

async function mentionedIn(
  context: CommandContext,
  command: PublishTask,
  text: string,
): Promise<Mentioned> {
  if (command.forwards !== undefined) return {};
  const mentions = await mentionsIn(context, command, text, command.mentions);
  return mentions === undefined ? {} : { mentions };
}

/** Which messages a new one belongs to. */
type Links = Pick<DurablePayloads["message.created"], "thread" | "reply_to">;

/* Also of deleted ones: what was stored has to be found again when it is sent again. */
async function linksOf(
  context: CommandContext,
  command: Pick<PublishTask, "room" | "thread" | "reply_to">,
): Promise<Links> {
  const { room, thread, reply_to: quoted } = command;
  const place = async (ref: string | undefined): Promise<MessagePlace | undefined> =>
    ref === undefined ? undefined : findIn(context, room, ref);
  const [under, answered] = await Promise.all([place(thread), place(quoted)]);
  return {
    ...(under === undefined ? {} : { thread: under.thread ?? under.id }),
    ...(answered === undefined ? {} : { reply_to: answered.id }),
  };
}

function say(
  context: CommandContext,
  command: PublishTask,
  from?: PublishedFrom,
  links: Links = {},
  mentioned: Mentioned = {},
): Awaitable<Pipelined<Published>> {
  const { room, client_message_id: clientMessageId, text, data, open, shownAs } = command;
  const said: Said = { text, ...(data === undefined ? {} : { data }) };
  const growing = open === undefined ? {} : { open };
  const { forwards } = command;
  const forwarded = forwards === undefined ? {} : { forwarded: forwards };
  const eventOf = (what: Said, whom: Mentioned, linked = links) => {
    const payload = payloadOf(context, what, shownAs, from);
    const question = command.poll === undefined ? {} : asked(what.text, command.poll);
    const data = { ...payload, ...question, ...growing, ...linked, ...forwarded, ...whom };
    return { type: "message.created", data } as const;
  };
  const author = from?.user ?? shownAs?.user;
  let rewritten: Said | undefined;
  let words: Pick<OnlyYou, "text"> | undefined;
  const writing: Writing<Published> = {
    room,
    isPaced: true,
    wanted: {
      clientMessageId,
      event: eventOf(said, mentioned),
      ...(author === undefined ? {} : { author }),
    },
    replyTo: (stored) => {
      const published = replyTo(command, stored, rewritten);
      if (!stored.repeated) {
        tell(context, rewritten ?? said, published);
        if (words !== undefined) onlyFor(context, context.identity.user, room, words, application);
      }
      return published;
    },
  };
  const hook = context.services.hooks?.publish;
  const isBehind = context.connection?.asking !== undefined;
  if (hook === undefined && !isBehind) return write(context, writing);
  const { thread, reply_to } = command;
  const question: PublishQuestion = {
    ...askerOf(context),
    ...said,
    room,
    clientMessageId,
    ...(thread === undefined ? {} : { thread }),
    ...(reply_to === undefined ? {} : { reply_to }),
  };
  const isAsked = hook?.concerns(question) === true;
  if (!isAsked && !isBehind) return write(context, writing);
  // What is appended later could not be asked about: it is shown at once, and its place is counted by its writer.
  if (isAsked && open === true) throw new ProtocolError("unsupported", { field: "open" });
  return writeAsked(context, writing, {
    said,
    eventOf: async (answer) => {
      const { text, data } = answer;
      rewritten = { text, ...(data === undefined ? {} : { data }) };
      const { mentions = command.mentions } = answer;
      const named = { ...command, ...(mentions === undefined ? {} : { mentions }) };
      const [whom, linked] = await Promise.all([
        mentionedIn(context, named, text),
        linksOf(context, relinked(command, answer)),
      ]);
      return eventOf(rewritten, whom, linked);
    },
    ...(isAsked
      ? {
          ask: async () => {
            const { only_you: text, ...answer } = await hook.ask(question);
            words = text === undefined ? undefined : { text };
            return answer;
          },
        }
      : {}),
  });
}

/** Who tells a writer something by itself. */
const application = { user: "service:application" as UserId, name: "" } as const;

/** The command with the links that the application gave it. */
function relinked(
  { room, thread: sentThread, reply_to: sentQuoted }: PublishTask,
  { thread = sentThread, reply_to: quoted = sentQuoted }: PublishAnswer,
): Pick<PublishTask, "room" | "thread" | "reply_to"> {
  return {
    room,
    ...(thread === undefined || thread === null ? {} : { thread }),
    ...(quoted === undefined || quoted === null ? {} : { reply_to: quoted }),
  };
}

function tell(context: CommandContext, said: Said, published: Published): void {
  const { connection, services } = context;
  services.moments?.message({
    ...askerOf(context),
    said,
    published,
    ...(connection === undefined ? {} : { connectionId: connection.connectionId }),
  });
}

function payloadOf(
  { identity }: CommandContext,
  said: Said,
  shownAs: ShownAs | undefined,
  from: PublishedFrom | undefined,
): DurablePayloads["message.created"] {
  if (shownAs !== undefined) {
    const { name, unverified, nameOfAccount } = shownAs;
    const marks = { unverified, ...(nameOfAccount ? { name_of_account: true as const } : {}) };
    return { ...said, author_name: name, ...marks };
  }
  const { name, number } = from ?? identity;
  return {
    ...said,
    author_name: name,
    ...(number === undefined ? {} : { author_number: number }),
    ...(from === undefined ? {} : { published_by: from.by }),
  };
}

function replyTo(
  command: Command<"publish">,
  stored: Stored,
  rewritten: Said | undefined,
): Published {
  return {
    room: command.room,
    epoch: stored.epoch,
    sequence: stored.sequence,
    message_id: stored.id,
    time: new Date(stored.time).toISOString(),
    ...(stored.repeated ? { repeated: true } : rewritten === undefined ? {} : { rewritten }),
  };
}
