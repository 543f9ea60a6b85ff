/** A poll in its message: what was asked, how it stands, and the reader's vote. */
import { type ReactNode, useEffect, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import type { RoomState } from "../state/model.ts";
import { isStaff } from "../state/staff.ts";
import { useTexts } from "../texts/texts.tsx";
import { fullTime } from "../texts/times.ts";
import { Icon } from "../ui/icons.tsx";
import { chosenAfter, isOver, type PollShown } from "./poll.ts";

/** A poll that closes by itself is looked at again so often, milliseconds. */
const lookMs = 1_000;

/**
 * @param message Id of the message; undefined while it is not stored.
 * @param isOwn The reader asked.
 */
export function PollBox({
  poll,
  room,
  message,
  isOwn,
}: {
  poll: PollShown;
  room: RoomState;
  message: string | undefined;
  isOwn: boolean;
}): ReactNode {
  const { t, language } = useTexts();
  const chat = useChat();
  const failureText = useFailureText();
  const told = useChatState((state) => state.asking.votes[message ?? ""]);
  const [wanted, setWanted] = useState<readonly number[]>();
  const [problem, setProblem] = useState<string>();
  const isEnded = useOver(poll);
  const known = told ?? poll.mine;
  const mine = wanted ?? known ?? [];
  const mayVote = !isEnded && message !== undefined && room.role !== undefined;
  const isUnknown = known === undefined && poll.isAnonymous && poll.voters > 0;
  useEffect(() => {
    if (isUnknown && message !== undefined) void chat.learnVote(room.id, message);
  }, [chat, room.id, message, isUnknown]);

  const act = async (doing: Promise<void>): Promise<void> => {
    setProblem(undefined);
    try {
      await doing;
    } catch (error) {
      const code = codeOf(error);
      const reason = code === "conflict" ? t("pollOver") : failureText(code);
      setProblem(t("pollFailed", { reason }));
    }
    setWanted(undefined);
  };
  const press = (place: number): void => {
    if (!mayVote || message === undefined) return;
    const choices = chosenAfter(poll, mine, place);
    setWanted(choices);
    void act(chat.vote(room.id, message, choices));
  };
  const facts = [
    t("pollVoters", { count: poll.voters }),
    ...(poll.isSeveral ? [t("pollIsSeveral")] : []),
    ...(poll.isAnonymous ? [t("pollIsAnonymous")] : []),
    ...(isEnded
      ? [t("pollIsClosed")]
      : poll.closesAt === undefined
        ? []
        : [t("pollEndsAt", { time: fullTime(poll.closesAt, language) })]),
  ];
  return (
    <div
      className="poll"
      data-testid="poll"
      data-state={isEnded ? "closed" : "open"}
      role="group"
      aria-label={`${t("poll")}: ${poll.question}`}
    >
      <p className="poll-question" dir="auto">
        {poll.question}
      </p>
      <ul>
        {poll.options.map((option, place) => {
          const isMine = mine.includes(place);
          const percent =
            poll.voters === 0 ? 0 : Math.min(100, Math.round((option.votes * 100) / poll.voters));
          const count = t("pollVotes", { count: option.votes });
          return (
            <li key={option.text}>
              <button
                type="button"
                className={isMine ? "poll-option mine" : "poll-option"}
                aria-pressed={isMine}
                aria-disabled={!mayVote}
                title={option.names.join(", ")}
                onClick={() => press(place)}
              >
                <span className="poll-fill" style={{ inlineSize: `${percent}%` }} />
                <span className="poll-mark">{isMine ? <Icon name="check" small /> : null}</span>
                <span className="poll-text" dir="auto">
                  {option.text}
                </span>{" "}
                <span className="poll-count">{count}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <p className="poll-facts">
        <span>{facts.join(" · ")}</span>
        {isEnded || message === undefined || !(isOwn || isStaff(room)) ? null : (
          <button
            type="button"
            className="link"
            onClick={() => void act(chat.closePoll(room.id, message))}
          >
            {t("pollEnd")}
          </button>
        )}
      </p>
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function useOver(poll: PollShown): boolean {
  const [now, setNow] = useState(Date.now);
  const isWaiting = poll.closesAt !== undefined && !isOver(poll, now);
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => setNow(Date.now()), lookMs);
    return () => clearInterval(timer);
  }, [isWaiting]);
  return isOver(poll, now);
}
