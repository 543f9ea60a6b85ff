/** Beside the button that sends: times at which a message may be sent instead. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import { useTexts } from "../texts/texts.tsx";
import { clockTime, fullTime } from "../texts/times.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { Icon } from "../ui/icons.tsx";
import { Menu } from "../ui/menu.tsx";
import { fieldTime, laterTimes, problemOf } from "./later-times.ts";

/** How long it is told that a message will be sent. Milliseconds. */
const toldMs = 8_000;

/**
 * @param onLater Has what is written sent at that time. Rejects with `ClientError` where the server refuses.
 * @param onTold What became of it, to be shown; undefined: nothing any more.
 */
export function LaterButton({
  canSend,
  onLater,
  onTold,
}: {
  canSend: boolean;
  onLater: (at: Date) => Promise<void>;
  onTold: (text: string | undefined) => void;
}): ReactNode {
  const { t, language } = useTexts();
  const failureText = useFailureText();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const later = async (at: Date): Promise<void> => {
    clearTimeout(timer.current);
    onTold(undefined);
    try {
      await onLater(at);
      onTold(t("laterDone", { time: fullTime(at.toISOString(), language) }));
      timer.current = setTimeout(() => onTold(undefined), toldMs);
    } catch (error) {
      onTold(t("laterFailed", { reason: failureText(codeOf(error)) }));
    }
  };
  return <LaterChoice canSend={canSend} onChoose={(at) => void later(at)} />;
}

/** The button alone: what is offered, or any other time. @param onChoose Gets a time that the server takes. */
export function LaterChoice({
  canSend,
  onChoose,
}: {
  canSend: boolean;
  onChoose: (at: Date) => void;
}): ReactNode {
  const { t, language } = useTexts();
  const [anchor, setAnchor] = useState<HTMLElement>();
  const [isChoosing, setChoosing] = useState(false);
  return (
    <>
      <button
        type="button"
        className="icon-button composer-tool later"
        aria-label={t("sendLater")}
        title={t("sendLater")}
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        disabled={!canSend}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="clock" />
      </button>
      {anchor === undefined ? null : (
        <Menu
          anchor={anchor}
          label={t("sendLater")}
          onClose={() => setAnchor(undefined)}
          items={[
            ...laterTimes(new Date()).map(({ text, at }) => ({
              id: text,
              label: t(text, { time: clockTime(at.toISOString(), language) }),
              icon: "clock" as const,
              run: () => onChoose(at),
            })),
            {
              id: "choose",
              label: t("laterChoose"),
              icon: "calendar" as const,
              run: () => setChoosing(true),
            },
          ]}
        />
      )}
      {isChoosing ? (
        <LaterDialog
          onChoose={(at) => {
            setChoosing(false);
            onChoose(at);
          }}
          onClose={() => setChoosing(false)}
        />
      ) : null}
    </>
  );
}

function LaterDialog({
  onChoose,
  onClose,
}: {
  onChoose: (at: Date) => void;
  onClose: () => void;
}): ReactNode {
  const { t } = useTexts();
  const [value, setValue] = useState(() => fieldTime(laterTimes(new Date())[1]?.at ?? new Date()));
  const [problem, setProblem] = useState<string>();
  const choose = (): void => {
    const at = new Date(value);
    const wrong = problemOf(at, new Date());
    if (wrong === undefined) onChoose(at);
    else setProblem(t(wrong));
  };
  return (
    // No form of its own: it lies in another one, and browsers keep what a form in a form submits from the page.
    <Dialog title={t("sendLater")} onClose={onClose}>
      <div className="content">
        <Field
          label={t("laterTime")}
          type="datetime-local"
          value={value}
          problem={problem}
          onChange={(event) => setValue(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            choose();
          }}
          data-autofocus
          data-testid="later-time"
        />
        <div className="actions">
          <button type="button" className="button primary" onClick={choose}>
            {t("laterSchedule")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
