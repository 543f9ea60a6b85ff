/**
 * Asks the application whether somebody may come into a room. What it said is remembered for a while, so that ten thousand
 * clients that come back at once do not ask it ten thousand times.
 */
import type { Hook, JoinQuestion } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import { membersOf, refusalOf, userFacts } from "../answers.ts";
import { Remembered } from "../remembered.ts";
import { matchesRoom } from "../room-patterns.ts";
import { refusedBySilence } from "../silence.ts";
import { Application, type HttpHookOptions, jsonOf, mustBe, wordsOf } from "./application.ts";

export interface JoinHookOptions extends HttpHookOptions {
  /** What silence means: nobody comes in for now, or everybody whom the rules let in. */
  readonly fallback: "refuse" | "allow";
  /** Patterns of the rooms that are asked about. */
  readonly rooms: readonly string[];
  /** Milliseconds that an answer counts for the same user and room. 0: each time anew. */
  readonly rememberMs: number;
}

const maxAnswerBytes = 16_384;

/** `join` over HTTP. */
export function createJoinHook(options: JoinHookOptions): Hook<JoinQuestion, void> {
  const { fallback, rememberMs, clock } = options;
  const isAbout = matchesRoom(options.rooms);
  const mayPause = fallback === "allow";
  const application = new Application(options, {
    hook: "join",
    fallback,
    mayPause,
    maxAnswerBytes,
  });
  const verdicts = new Remembered<Verdict>(rememberMs, clock);

  async function ask(question: JoinQuestion): Promise<Verdict> {
    const { dialect, room, kind } = question;
    const asked = application.ask<Verdict>({
      question: { type: "join", user: userFacts(question), dialect, room, kind },
      read: (answer) => {
        if (answer.status === 403) throw refusalOf("forbidden", wordsOf(answer));
        if (answer.status !== 204) {
          mustBe(answer, 200);
          // Only its shape counts: what a fault of the application prints lets nobody in.
          membersOf(jsonOf(answer));
        }
        return { isLasting: true };
      },
      silent: () =>
        mayPause ? { isLasting: false } : { refusal: refusedBySilence(), isLasting: false },
    });
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { refusal: error, isLasting: true };
    }
  }

  return {
    concerns: ({ identity, room }) => {
      if (!isAbout(room)) return false;
      const known = verdicts.of(keyOf(identity.user, room));
      return known === undefined || known.refusal !== undefined;
    },
    async ask(question) {
      const key = keyOf(question.identity.user, question.room);
      const { refusal } = await verdicts.find(key, () => ask(question));
      if (refusal !== undefined) throw refusal;
    },
  };
}

interface Verdict {
  readonly refusal?: ProtocolError;
  /** What silence decided is decided anew. */
  readonly isLasting: boolean;
}

/** No id contains a blank. */
function keyOf(user: string, room: string): string {
  return `${user} ${room}`;
}
