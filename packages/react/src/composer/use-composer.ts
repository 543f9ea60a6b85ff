/** What a composer does, without how it looks. */
import type { EventId, MentionWish, PublishOptions } from "@parlance/client";
import { useEffect, useMemo, useState } from "react";
import { textOf } from "../asking/slash.ts";
import { useChat, useChatState } from "../chat/context.ts";
import { draftKey } from "./drafts.ts";
import { createTypingSignal } from "./typing-signal.ts";
import { useWish } from "./use-mentions.tsx";

/** Length of a text where the server has not told its own limit (protocol, `textLength`), in UTF-16 code units. */
const defaultLimit = 16_384;

/** The text that one writes in a room. It is kept as the room's draft, and others see that one is writing. */
export interface ComposerState {
  readonly text: string;
  setText(text: string): void;
  /** Characters that may still be written; negative: too many. */
  readonly left: number;
  readonly canSend: boolean;
  /** Sends the text and empties the field. False, where there is nothing to send or too much. */
  send(): boolean;
  /** Has the text sent at a time, and empties the field once the server has it. @throws ClientError when the server refuses. */
  sendLater(at: Date): Promise<void>;
  /** One writes no longer: others are told. */
  pause(): void;
}

/**
 * @param roomId The room to write in; one composer for each.
 * @param thread Id of the root, to write in a thread.
 */
export function useComposer(roomId: string, thread?: string): ComposerState {
  const chat = useChat();
  const { drafts } = chat;
  const key = draftKey(roomId, thread);
  const replyTo = useChatState((state) => state.answers[key]);
  const [text, setText] = useState(() => drafts.get(key));
  const limit = chat.client.session?.limits.text_length ?? defaultLimit;
  const left = limit - text.trimEnd().length;
  const canSend = text.trim() !== "" && left >= 0;
  const signal = useMemo(
    () =>
      createTypingSignal(
        (active) => chat.typing(roomId, active, thread),
        Date.now,
        (run, ms) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      ),
    [chat, roomId, thread],
  );
  useEffect(() => () => signal.stop(), [signal]);
  // Another device went on with it.
  useEffect(() => drafts.follow(key, setText), [drafts, key]);
  const wishFor = useWish(roomId);
  return {
    text,
    left,
    canSend,
    setText: (next) => {
      setText(next);
      drafts.set(key, next);
      signal.stroke(next);
    },
    send: () => {
      if (!canSend) return false;
      chat.send(roomId, textOf(text.trimEnd()), placeOf(thread, replyTo, wishFor(text)));
      setText("");
      drafts.set(key, "");
      if (replyTo !== undefined) chat.answer(key, undefined);
      signal.stop();
      return true;
    },
    sendLater: async (at) => {
      if (!canSend) return;
      await chat.schedule(roomId, text.trimEnd(), at, placeOf(thread, replyTo, wishFor(text)));
      // Somebody went on writing meanwhile.
      if (drafts.get(key) !== text) return;
      setText("");
      drafts.set(key, "");
      if (replyTo !== undefined) chat.answer(key, undefined);
      signal.stop();
    },
    pause: signal.stop,
  };
}

function placeOf(
  thread: string | undefined,
  replyTo: string | undefined,
  mentions: MentionWish | undefined,
): PublishOptions {
  return {
    ...(mentions === undefined ? {} : { mentions }),
    ...(thread === undefined ? {} : { thread: thread as EventId }),
    ...(replyTo === undefined ? {} : { replyTo: replyTo as EventId }),
  };
}
