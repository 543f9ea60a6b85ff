/** Messages that wait for their time, and those that could not be sent. */
import type { ScheduledMessage } from "@parlance/client";
import {
  codeOf,
  Dialog,
  Field,
  fieldTime,
  fullTime,
  Icon,
  problemOf,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { PollFields } from "../polls/poll-fields.tsx";
import { type PollWish, usePoll, wishOf } from "../polls/use-poll.ts";
import type { DialogProps } from "../shell/dialogs.tsx";

/** Live: what is sent meanwhile goes, what is refused says why. */
export function ScheduledDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const scheduled = useChatState((state) => state.kept.scheduled);
  return (
    <Dialog title={t("scheduled")} onClose={onClose} className="kept">
      <div className="kept-list">
        {scheduled === undefined ? <p className="kept-note late">{t("listLoading")}</p> : null}
        {scheduled?.length === 0 ? (
          <div className="empty kept-note">
            <h3>{t("scheduledEmpty")}</h3>
            <p>{t("scheduledEmptyHint")}</p>
          </div>
        ) : null}
        <ul>
          {scheduled?.map((message) => (
            <ScheduledItem key={message.client_message_id} message={message} />
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

function ScheduledItem({ message }: { message: ScheduledMessage }): ReactNode {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const title = useChatState((state) => state.rooms[message.room]?.title) ?? message.room;
  const [isChanging, setChanging] = useState(false);
  const [problem, setProblem] = useState<string>();
  /** Nothing is undone here: what the server refuses stays as it is, and says so. */
  const act = async (doing: Promise<void>): Promise<void> => {
    setProblem(undefined);
    try {
      await doing;
      setChanging(false);
    } catch (error) {
      setProblem(t("scheduledProblem", { reason: failureText(codeOf(error)) }));
    }
  };
  const isRefused = message.state === "refused";
  return (
    <li className="scheduled" data-testid="scheduled" data-state={message.state}>
      <p className="excerpt-head">
        <bdi className="excerpt-who">{title}</bdi>
        <time dateTime={message.at}>{fullTime(message.at, i18n.language)}</time>
      </p>
      {isChanging ? (
        <ChangeForm
          message={message}
          onSave={(text, at, poll) => void act(chat.changeScheduled(message, text, at, poll))}
          onCancel={() => setChanging(false)}
        />
      ) : (
        <>
          <p className="excerpt-text" dir="auto">
            {message.text}
          </p>
          {message.poll === undefined ? null : <ScheduledPoll poll={message.poll} />}
        </>
      )}
      {isRefused ? (
        <p className="failure" role="status">
          <Icon name="warning" small />
          <span>{t("stateFailed", { reason: failureText(message.reason) })}</span>
        </p>
      ) : null}
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {message.state === "sending" ? (
        <p className="excerpt-note">{t("scheduledSending")}</p>
      ) : isChanging ? null : (
        <p className="scheduled-acts">
          <button type="button" className="link" onClick={() => setChanging(true)}>
            {t("scheduledChange")}
          </button>
          <button
            type="button"
            className="link"
            onClick={() => void act(chat.changeScheduled(message, message.text, new Date(0)))}
          >
            {t("scheduledNow")}
          </button>
          <button
            type="button"
            className="link"
            onClick={() => void act(chat.cancelScheduled(message.client_message_id))}
          >
            {t(isRefused ? "discard" : "scheduledCancel")}
          </button>
        </p>
      )}
    </li>
  );
}

/** What there is to choose from, and how. */
function ScheduledPoll({ poll }: { poll: PollWish }): ReactNode {
  const { t, i18n } = useTranslation();
  const facts = [
    t("poll"),
    ...(poll.several === true ? [t("pollIsSeveral")] : []),
    ...(poll.anonymous === true ? [t("pollIsAnonymous")] : []),
    ...(poll.closes_at === undefined
      ? []
      : [t("pollEndsAt", { time: fullTime(poll.closes_at, i18n.language) })]),
  ];
  return (
    <>
      <ol className="scheduled-choices">
        {poll.options.map((option) => (
          <li key={option}>
            <bdi>{option}</bdi>
          </li>
        ))}
      </ol>
      <p className="excerpt-note">{facts.join(" · ")}</p>
    </>
  );
}

function ChangeForm({
  message,
  onSave,
  onCancel,
}: {
  message: ScheduledMessage;
  onSave: (text: string, at: Date, poll?: PollWish) => void;
  onCancel: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const [text, setText] = useState(message.text);
  const [time, setTime] = useState(() => fieldTime(new Date(message.at)));
  const [problem, setProblem] = useState<string>();
  const [pollProblem, setPollProblem] = useState<string>();
  const isPoll = message.poll !== undefined;
  const { draft, change } = usePoll(message.text, message.poll);
  const written = isPoll ? draft.question : text;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (written.trim() === "") return;
    const at = new Date(time);
    const wrong = problemOf(at, new Date());
    setProblem(wrong === undefined ? undefined : t(wrong));
    if (wrong !== undefined) return;
    if (!isPoll) {
      onSave(written.trimEnd(), at);
      return;
    }
    const poll = wishOf(draft, at);
    if (typeof poll === "string") setPollProblem(t(poll));
    else onSave(written.trim(), at, poll);
  };
  return (
    <form className="scheduled-form" onSubmit={submit}>
      {isPoll ? (
        <PollFields
          draft={draft}
          onChange={(changed) => {
            setPollProblem(undefined);
            change(changed);
          }}
        />
      ) : (
        <textarea
          className="input"
          aria-label={t("scheduledText")}
          rows={3}
          dir="auto"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {pollProblem === undefined ? null : (
        <p className="problem" role="alert">
          {pollProblem}
        </p>
      )}
      <Field
        label={t("laterTime")}
        type="datetime-local"
        value={time}
        problem={problem}
        onChange={(event) => {
          setPollProblem(undefined);
          setTime(event.target.value);
        }}
      />
      <div className="actions">
        <button type="button" className="button" onClick={onCancel}>
          {t("cancel")}
        </button>
        <button type="submit" className="button primary" disabled={written.trim() === ""}>
          {t("save")}
        </button>
      </div>
    </form>
  );
}
