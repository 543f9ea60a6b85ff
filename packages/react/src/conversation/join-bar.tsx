/** In place of the composer, for who reads without being a member. */
import { type ReactNode, useState } from "react";
import { useChat } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";

/** One sentence and one button. */
export function JoinBar({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const failureText = useFailureText();
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const join = async (): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      await chat.join(room.id);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
      setWorking(false);
    }
  };
  return (
    <div className="join-bar">
      <p className={problem === undefined ? "" : "problem"} role="status">
        {problem ?? t("joinToWrite", { room: `\u2068${room.title}\u2069` })}
      </p>
      <button
        type="button"
        className="button primary"
        disabled={isWorking}
        onClick={() => void join()}
      >
        {isWorking ? t("joining") : t("join")}
      </button>
    </div>
  );
}
