/** Asks the application what becomes of a message: it passes, is rewritten or is rejected. */
import type { Hook, PublishAnswer, PublishQuestion, Said } from "@parlance/core";
import { answerIn, refusalOf, userFacts } from "../answers.ts";
import { matchesRoom } from "../room-patterns.ts";
import { refusedBySilence } from "../silence.ts";
import { Application, type HttpHookOptions, jsonOf, mustBe, wordsOf } from "./application.ts";

export interface PublishHookOptions extends HttpHookOptions {
  /** What silence means for the message: it is refused for now, or stored as it was sent. */
  readonly fallback: "refuse" | "pass";
  /** Patterns of the rooms that are asked about. */
  readonly rooms: readonly string[];
  /** Whether what back ends publish is asked about, too. */
  readonly backEnds: boolean;
}

/** Bytes of an answer that are read: a full text and full data, even if every character is escaped. */
const maxAnswerBytes = 131_072;

/** `publish` over HTTP. */
export function createPublishHook(
  options: PublishHookOptions,
): Hook<PublishQuestion, PublishAnswer> {
  const { fallback, backEnds } = options;
  const isAbout = matchesRoom(options.rooms);
  const mayPause = fallback === "pass";
  const application = new Application(options, {
    hook: "publish",
    fallback,
    mayPause,
    maxAnswerBytes,
  });
  return {
    concerns: ({ identity, room }) => (backEnds || identity.scopes === undefined) && isAbout(room),
    ask(question) {
      const { dialect, room, text, data, clientMessageId, edits, thread, reply_to } = question;
      const said: Said = { text, ...(data === undefined ? {} : { data }) };
      return application.ask<PublishAnswer>({
        question: {
          type: "publish",
          user: userFacts(question),
          dialect,
          room,
          ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
          ...(edits === undefined ? {} : { edits }),
          ...(thread === undefined ? {} : { thread }),
          ...(reply_to === undefined ? {} : { reply_to }),
          ...said,
        },
        read: (answer) => {
          if (answer.status === 403) throw refusalOf("rejected", wordsOf(answer));
          if (answer.status === 204) return said;
          mustBe(answer, 200);
          return answerIn(jsonOf(answer), said);
        },
        silent: () => {
          if (mayPause) return said;
          throw refusedBySilence();
        },
      });
    },
  };
}
