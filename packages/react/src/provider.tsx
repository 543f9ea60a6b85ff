/** Gives the components below it a chat, and their texts. */
import type { Client, WireUser } from "@parlance/client";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { type Chat, type ChatOptions, startChat } from "./chat/chat.ts";
import { ChatContext } from "./chat/context.ts";
import { codeOf, useFailureText } from "./chat/failure-text.ts";
import { TextsContext } from "./texts/texts.tsx";
import { englishTexts, type Texts } from "./texts/translate.ts";

/**
 * One chat over one client, for as long as it is there; afterwards the client is closed.
 *
 * @param client Not yet connected, or connected: another one makes another chat.
 * @param user Who the client signs in as, where that is known: the components show at once then, and say
 *   themselves how the connection does. Otherwise `fallback` shows until the first sign-in.
 * @param texts English if absent. For other languages see `createTexts`.
 */
export function ParlanceProvider({
  client,
  user,
  texts = englishTexts,
  fallback,
  options,
  children,
}: {
  client: Client;
  user?: WireUser;
  texts?: Texts;
  /** While nobody is signed in yet; a quiet line if absent. */
  fallback?: ReactNode;
  /** Only the first value counts. */
  options?: ChatOptions;
  children: ReactNode;
}): ReactNode {
  const [chat, setChat] = useState<Chat>();
  const [failure, setFailure] = useState<string>();
  const first = useRef({ user, options });
  useEffect(() => {
    let started: Chat | undefined;
    let isOver = false;
    const start = (me: WireUser): void => {
      if (isOver) return;
      started = startChat(client, me, first.current.options);
      setFailure(undefined);
      setChat(started);
    };
    const known = first.current.user ?? client.user;
    if (known !== undefined) start(known);
    else client.connect().then(start, (error: unknown) => isOver || setFailure(codeOf(error)));
    return () => {
      isOver = true;
      if (started === undefined) client.close();
      else started.close();
      setChat(undefined);
    };
  }, [client]);
  return (
    <TextsContext value={texts}>
      {chat === undefined ? (
        (fallback ?? <NotYet failure={failure} />)
      ) : (
        <ChatContext value={chat}>{children}</ChatContext>
      )}
    </TextsContext>
  );
}

function NotYet({ failure }: { failure: string | undefined }): ReactNode {
  const failureText = useFailureText();
  return (
    <p className="parlance quiet late" role="status">
      {failure === undefined ? null : failureText(failure)}
    </p>
  );
}
