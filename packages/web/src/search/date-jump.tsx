/** To what was written on a day. */
import { codeOf, Dialog, type RoomState, useChat, useFailureText, useRoom } from "@parlance/react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLeavePanel } from "../keeping/use-leave-panel.ts";
import { usePage } from "../shell/context.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { dayOf, spanOf } from "./query.ts";

/** A day, typed or from the calendar of the browser. */
export function DateJump({
  room,
  onDone,
}: {
  room: RoomState;
  /** Called before the conversation goes there. */
  onDone?: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const id = useId();
  const leave = useLeavePanel();
  const failureText = useFailureText();
  const [day, setDay] = useState("");
  const [problem, setProblem] = useState<string>();
  const go = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const [begin] = spanOf(day) ?? [];
    if (begin === undefined) return;
    setProblem(undefined);
    try {
      const place = await chat.placeAt(room.id, new Date(begin));
      if (place === undefined) return setProblem(t("dateNothing"));
      onDone?.();
      leave(() => void chat.jump(room.id, place));
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
  };
  return (
    <form className="date-jump" onSubmit={(event) => void go(event)}>
      <label htmlFor={id}>{t("dateJump")}</label>
      <div className="date-jump-line">
        <input
          id={id}
          className="input"
          type="date"
          max={dayOf(new Date())}
          value={day}
          onChange={(event) => setDay(event.target.value)}
          data-testid="date"
          {...(onDone === undefined ? {} : { "data-autofocus": true })}
        />
        <button type="submit" className="button" disabled={day === ""}>
          {t("dateGo")}
        </button>
      </div>
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** The same as a dialog, for the room on the screen. */
export function DateDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const page = usePage();
  const room = useRoom(page.room ?? "");
  if (room === undefined) return null;
  return (
    <Dialog title={t("dateJump")} onClose={onClose}>
      <div className="content">
        <DateJump room={room} onDone={onClose} />
      </div>
    </Dialog>
  );
}
