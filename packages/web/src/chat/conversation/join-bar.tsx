/** In place of the composer, for who reads without being a member. */
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChat } from "../context.ts";
import { codeOf, useFailureText } from "../failure-text.ts";
import type { RoomState } from "../model.ts";

/** One sentence and one button. */
export function JoinBar({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
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
