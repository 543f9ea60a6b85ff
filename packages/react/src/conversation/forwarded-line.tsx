/** Where a forwarded message is from: asked for once, since an event cannot say what each reader may know. */
import type { ForwardedFrom, MessageView } from "@parlance/client";
import { type ReactNode, useEffect, useState } from "react";
import type { Chat } from "../chat/chat.ts";
import { useChat, useRoom } from "../chat/context.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";

/** By chat and message: what was answered, or is being asked. */
const origins = new WeakMap<Chat, Map<string, Promise<ForwardedFrom | undefined>>>();

/** @param onJump Goes to the original; absent: there is no way to. */
export function ForwardedLine({
  room,
  message,
  onJump,
}: {
  room: string;
  /** Id of the message that says what another one said. */
  message: string;
  onJump?: ((room: string, sequence: number) => void) | undefined;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const [from, setFrom] = useState<ForwardedFrom>();
  useEffect(() => {
    let isOver = false;
    void originOf(chat, room, message).then((origin) => isOver || setFrom(origin));
    return () => {
      isOver = true;
    };
  }, [chat, room, message]);
  const title = useRoom(from?.room ?? "")?.title ?? from?.room;
  const { author_name: name, room: where, sequence } = from ?? {};
  const mayJump = where !== undefined && sequence !== undefined && onJump !== undefined;
  const text =
    name === undefined || title === undefined
      ? t("forwarded")
      : t("forwardedFrom", { name: `\u2068${name}\u2069`, room: `\u2068${title}\u2069` });
  return (
    <p className="forwarded-line">
      <Icon name="forward" small />
      {mayJump ? (
        <button type="button" className="link" onClick={() => onJump(where, sequence)}>
          {text}
        </button>
      ) : (
        <span>{text}</span>
      )}
    </p>
  );
}

function originOf(chat: Chat, room: string, message: string): Promise<ForwardedFrom | undefined> {
  const known = origins.get(chat) ?? new Map<string, Promise<ForwardedFrom | undefined>>();
  origins.set(chat, known);
  const asked =
    known.get(message) ??
    chat.client
      .request<"get_message">({
        type: "get_message",
        room: room as MessageView["room"],
        message_id: message,
      })
      .then(
        (view: MessageView) => view.forwarded,
        () => {
          // Asked again when it is shown again.
          known.delete(message);
          return undefined;
        },
      );
  known.set(message, asked);
  return asked;
}
