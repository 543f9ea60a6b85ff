/** One row of the conversation. */
import { memo, type ReactNode } from "react";
import { useTexts } from "../texts/texts.tsx";
import { clockTime, daysAgo, fullTime, longDay } from "../texts/times.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Icon } from "../ui/icons.tsx";
import { Failure } from "./failure.tsx";
import { Growth } from "./growth.tsx";
import { findLinks } from "./links.ts";
import type { Above, MessageRow, Row, SystemRow } from "./rows.ts";

interface Props {
  readonly row: Row;
  /** The row that Tab reaches; arrows move it. */
  readonly isActive: boolean;
  /** The reader's newest message: it shows that it is on the server. */
  readonly isLastOwn: boolean;
  readonly room: string;
  /** What an open message says so far, where that is known. */
  readonly grown: string | undefined;
  /** Ends an open message; absent where the reader may not. */
  readonly onCancel: ((messageId: string) => Promise<void>) | undefined;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

/** A message or a system line, with what stands above it. */
export const ConversationRow = memo(function ConversationRow(props: Props): ReactNode {
  const { row } = props;
  return (
    <>
      <Lines above={row} room={props.room} time={row.time} />
      {row.kind === "message" ? <Message {...props} row={row} /> : <System {...props} row={row} />}
    </>
  );
});

function Lines({ above, room, time }: { above: Above; room: string; time: string }): ReactNode {
  const { t, language } = useTexts();
  const now = new Date();
  const ago = above.day === undefined ? undefined : daysAgo(above.day, now);
  return (
    <>
      {above.start ? <p className="room-start">{t("roomStart", { room })}</p> : null}
      {above.day === undefined ? null : (
        <div className="line day">
          <time dateTime={above.day.slice(0, 10)}>
            {ago === 0
              ? t("today")
              : ago === 1
                ? t("yesterday")
                : longDay(above.day, language, now)}
          </time>
        </div>
      )}
      {above.newSince ? (
        <div className="line new" data-testid="new-since">
          <span>{t("newSince", { time: clockTime(time, language) })}</span>
        </div>
      ) : null}
    </>
  );
}

function Message({
  row,
  isActive,
  isLastOwn,
  grown,
  onCancel,
  onRetry,
  onDiscard,
}: Props & { readonly row: MessageRow }): ReactNode {
  const { t, language } = useTexts();
  const clock = clockTime(row.time, language);
  const time = (
    <time dateTime={row.time} title={fullTime(row.time, language)}>
      {clock}
    </time>
  );
  return (
    <article
      className={`message${row.first ? " first" : ""} ${row.state}`}
      data-testid="message"
      data-sequence={row.sequence}
      data-state={row.state}
      data-row={row.key}
      tabIndex={isActive ? 0 : -1}
      aria-label={t("said", { name: row.name, time: clock })}
    >
      {row.first ? (
        <Avatar id={row.author} name={row.name} />
      ) : (
        <span className="gutter">{time}</span>
      )}
      <div className="body">
        {row.first ? (
          <header>
            <bdi className="author">{row.name}</bdi>
            {row.isUnverified ? <span className="unverified">{t("unverified")}</span> : null}
            {time}
          </header>
        ) : null}
        <div className="text" dir="auto">
          {row.text === undefined ? (
            <em className="erased">{t("erased")}</em>
          ) : (
            <MessageText text={grown ?? row.text} />
          )}
          {row.own ? <SendState row={row} isLastOwn={isLastOwn} /> : null}
        </div>
        {row.growth === undefined ? null : <Growth row={row} onCancel={onCancel} />}
        {row.state === "failed" ? (
          <Failure
            reason={row.reason}
            onRetry={() => row.clientMessageId !== undefined && onRetry(row.clientMessageId)}
            onDiscard={() => row.clientMessageId !== undefined && onDiscard(row.clientMessageId)}
          />
        ) : null}
      </div>
    </article>
  );
}

function MessageText({ text }: { text: string }): ReactNode {
  return findLinks(text).map((piece, index) =>
    piece.kind === "text" ? (
      piece.text
    ) : (
      // The pieces of one text never change their order.
      <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
        {piece.text}
      </a>
    ),
  );
}

/** Where an own message is. Stored is the normal case, so it is told on the newest only. */
function SendState({ row, isLastOwn }: { row: MessageRow; isLastOwn: boolean }): ReactNode {
  const { t } = useTexts();
  if (row.state === "failed") return null;
  if (row.state === "waiting") {
    return (
      <span className="send-state late" title={t("stateWaitingTitle")}>
        <Icon name="clock" small />
        {t("stateWaiting")}
      </span>
    );
  }
  return isLastOwn ? (
    <span className="send-state" title={t("stateSentTitle")} role="img" aria-label={t("stateSent")}>
      <Icon name="check" small />
    </span>
  ) : null;
}

/** Names that a system line spells out; the rest is counted. */
const namedChanges = 3;

function System({ row, isActive }: Props & { readonly row: SystemRow }): ReactNode {
  const { t, language } = useTexts();
  const parts = row.changes
    .slice(0, namedChanges)
    .map((change) => t(change.what, { name: `\u2068${change.name}\u2069` }));
  const text = new Intl.ListFormat(language, { type: "unit" }).format(parts);
  const rest = row.changes.length - parts.length;
  return (
    <p
      className="system"
      data-testid="system"
      data-sequence={row.sequence}
      data-row={row.key}
      tabIndex={isActive ? 0 : -1}
    >
      <span>{rest === 0 ? text : t("andOthers", { text, count: rest })}</span>
      <time dateTime={row.time}>{clockTime(row.time, language)}</time>
    </p>
  );
}
