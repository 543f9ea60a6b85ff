/** One row of the conversation. */
import { memo, type ReactNode, useMemo } from "react";
import { PollBox } from "../asking/poll-box.tsx";
import { peopleOf } from "../composer/mentions.ts";
import { FileCard } from "../files/file-card.tsx";
import { marksOf } from "../markdown/mention-marks.tsx";
import { MessageText } from "../markdown/message-text.tsx";
import { PersonName } from "../people/person-name.tsx";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { clockTime, fullTime } from "../texts/times.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Icon } from "../ui/icons.tsx";
import { ActionBar } from "./action-bar.tsx";
import type { MessageAction } from "./actions.ts";
import { ChangeLine } from "./change-line.tsx";
import { EditedMark } from "./edited-mark.tsx";
import { Failure } from "./failure.tsx";
import { ForwardedLine } from "./forwarded-line.tsx";
import { Growth } from "./growth.tsx";
import { KeptMarks } from "./kept-marks.tsx";
import { LinesAbove } from "./lines-above.tsx";
import { MessageEditor } from "./message-editor.tsx";
import { QuoteLine } from "./quote-line.tsx";
import { Reactions } from "./reactions.tsx";
import type { RowActs } from "./row-acts.ts";
import type { MessageRow, Row, SystemRow } from "./rows.ts";
import { SeenLine } from "./seen-line.tsx";
import { ThreadLine } from "./thread-line.tsx";

/** What a row is drawn from. */
export interface RowProps {
  readonly row: Row;
  /** The row that Tab reaches; arrows move it. */
  readonly isActive: boolean;
  /** The pointer or the focus is on it: what can be done with it shows. */
  readonly isHot: boolean;
  readonly isEditing: boolean;
  /** Somebody wanted to see this one. */
  readonly isTarget: boolean;
  /** The reader's newest message: it shows that it is on the server. */
  readonly isLastOwn: boolean;
  /** Its room; a row draws itself anew when the room's role or kind changes. */
  readonly room: RoomState;
  readonly me: string;
  /** The root of the thread that is shown; undefined in the main line. */
  readonly thread: string | undefined;
  /** What an open message says so far, where that is known. */
  readonly grown: string | undefined;
  /** The reader may end it while it grows. */
  readonly mayCancel: boolean;
  readonly acts: RowActs;
  readonly actions: readonly MessageAction[];
  /** Goes to a place of any room; absent: there is no way to. */
  readonly onPlace?: ((room: string, sequence: number) => void) | undefined;
}

/** A message or a system line, with what stands above it. */
export const ConversationRow = memo(
  function ConversationRow(props: RowProps): ReactNode {
    const { row } = props;
    return (
      <>
        <LinesAbove
          above={row}
          room={props.room.title}
          isSinceJoined={props.room.settings.history === "since_joined" && props.room.floor > 0}
          time={row.time}
        />
        {row.kind === "message" ? (
          <Message {...props} row={row} />
        ) : (
          <System {...props} row={row} />
        )}
      </>
    );
  },
  (before, after) => {
    const { room: roomBefore, ...restBefore } = before;
    const { room: roomAfter, ...restAfter } = after;
    return (
      roomBefore.role === roomAfter.role &&
      roomBefore.kind === roomAfter.kind &&
      roomBefore.title === roomAfter.title &&
      roomBefore.settings === roomAfter.settings &&
      isShallowEqual(restBefore, restAfter)
    );
  },
);

function isShallowEqual<T extends object>(before: T, after: T): boolean {
  return (Object.keys(after) as (keyof T)[]).every((key) => Object.is(before[key], after[key]));
}

function Message(props: RowProps & { readonly row: MessageRow }): ReactNode {
  const { row, isActive, isHot, isEditing, isTarget, room, me, thread, acts } = props;
  const { t, language } = useTexts();
  const clock = clockTime(row.time, language);
  const time = (
    <time dateTime={row.time} title={fullTime(row.time, language)}>
      {clock}
    </time>
  );
  const host = { row, room, me, thread };
  // Of one that was erased the name is gone too.
  const hasHead = row.first && row.name !== "";
  return (
    <article
      className={`message${row.first ? " first" : ""}${isHot ? " hot" : ""}${isTarget ? " target" : ""}${row.isForMe ? " for-me" : ""} ${row.state}`}
      data-testid="message"
      data-sequence={row.sequence}
      data-state={row.state}
      data-row={row.key}
      tabIndex={isActive ? 0 : -1}
      aria-label={t("said", { name: row.name, time: clock })}
    >
      {hasHead ? (
        <Avatar id={row.author} name={row.name} />
      ) : (
        <span className="gutter">{time}</span>
      )}
      <div className="body">
        {hasHead ? (
          <header>
            <PersonName
              id={row.author}
              name={row.name}
              className="author"
              isOwnName={row.isUnverified}
              isReachable={isActive}
            />
            {row.isUnverified ? <span className="unverified">{t("unverified")}</span> : null}
            {time}
          </header>
        ) : null}
        {row.quote === undefined ? null : (
          <QuoteLine quote={row.quote} onClick={() => acts.toQuoted(row)} />
        )}
        {isEditing ? (
          <MessageEditor
            text={row.text ?? ""}
            onSave={(text) => acts.saveEdit(row, text)}
            onCancel={() => acts.stopEdit(row)}
          />
        ) : (
          <Content {...props} />
        )}
        {row.growth === undefined ? null : (
          <Growth row={row} onCancel={props.mayCancel ? acts.cancel : undefined} />
        )}
        <Reactions
          reactions={row.reactions}
          canReact={room.role !== undefined}
          onReact={(emoji, on) => acts.react(row, emoji, on)}
        />
        {row.replies === undefined || thread !== undefined ? null : (
          <ThreadLine row={row} replies={row.replies} onOpen={acts.openThread} />
        )}
        {props.isLastOwn && row.messageId !== undefined && row.sequence !== undefined ? (
          <SeenLine room={room} message={row.messageId} sequence={row.sequence} />
        ) : null}
        {row.state === "failed" ? (
          <Failure
            reason={row.reason}
            onRetry={() => acts.retry(row)}
            onDiscard={() => acts.discard(row)}
          />
        ) : null}
        {row.change === undefined ? null : (
          <ChangeLine
            change={row.change}
            onUndo={() => acts.undo(row)}
            onRetry={() => acts.retryChange(row)}
            onDrop={() => acts.dropChange(row)}
          />
        )}
      </div>
      {isHot && !isEditing ? (
        <ActionBar host={host} actions={props.actions.filter((action) => action.isFor(host))} />
      ) : null}
    </article>
  );
}

/** What was said, or that it was removed. */
function Content(props: RowProps & { readonly row: MessageRow }): ReactNode {
  const { row, room, me, isLastOwn, grown, onPlace } = props;
  const { t } = useTexts();
  const { mentions, text = "" } = row;
  const marks = useMemo(
    () => (mentions === undefined ? undefined : marksOf(text, mentions, peopleOf(room), me)),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- names are looked up once for each text
    [mentions, text, me],
  );
  const isLeaving = row.change?.kind === "delete" || row.change?.kind === "delete_file";
  if (row.text === undefined) {
    return <em className="text erased">{t(row.isFile ? "fileGone" : "erased")}</em>;
  }
  return (
    <div className={isLeaving ? "text leaving" : "text"}>
      {row.forwarded === undefined || row.messageId === undefined ? null : (
        <ForwardedLine room={room.id} message={row.messageId} onJump={onPlace} />
      )}
      {row.poll !== undefined ? (
        <PollBox poll={row.poll} room={room} message={row.messageId} isOwn={row.own} />
      ) : row.file === undefined ? (
        <MessageText text={grown ?? row.text} marks={marks} />
      ) : (
        <FileCard file={row.file} />
      )}
      {row.isEdited ? <EditedMark room={room.id} message={row.messageId} /> : null}
      <KeptMarks row={row} />
      {row.own ? <SendState row={row} isLastOwn={isLastOwn} /> : null}
    </div>
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

function System({ row, isActive }: RowProps & { readonly row: SystemRow }): ReactNode {
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
