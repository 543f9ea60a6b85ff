/** Who writes. The line keeps its place when it is empty, so that nothing moves. */
import type { ReactNode } from "react";
import type { RoomState } from "../state/model.ts";
import { typingIn } from "../state/signals.ts";
import { useTexts } from "../texts/texts.tsx";

/**
 * Not announced by screen readers: it would speak over the messages.
 *
 * @param thread Id of the root, of those who write in a thread.
 */
export function TypingLine({ room, thread }: { room: RoomState; thread?: string }): ReactNode {
  const { t } = useTexts();
  const names = typingIn(room.typing, thread).map((one) => `\u2068${one.name}\u2069`);
  const [a = "", b = ""] = names;
  const text =
    names.length === 0
      ? ""
      : names.length === 1
        ? t("typingOne", { a })
        : names.length === 2
          ? t("typingTwo", { a, b })
          : t("typingMany");
  return (
    <div className="typing-line" data-testid="typing">
      {text}
    </div>
  );
}
