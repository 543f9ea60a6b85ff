/** In place of the conversation: why there is none, and the one next step. */

import type { RoomState } from "@parlance/react";
import { codeOf, Failure, useChat, useFailureText } from "@parlance/react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { landingRoom, roomPath } from "../../app/route.ts";
import { navigate } from "../../app/use-route.ts";

/** @param room A room that is absent, gone or could not be opened. */
export function Refused({ room }: { room: RoomState }): ReactNode {
  return (
    <div className="none">
      <div className="empty">
        {room.status === "absent" ? (
          <Absent room={room} />
        ) : room.status === "gone" ? (
          <Gone room={room} />
        ) : (
          <Failed room={room} />
        )}
        <Unsent room={room} />
      </div>
    </div>
  );
}

function Absent({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  // Ids of private rooms are given by the server; none can be made by hand.
  if (room.id.startsWith("r_")) return <Gone room={room} />;
  const make = async (): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      await chat.makeRoom(room.id);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
      setWorking(false);
    }
  };
  return (
    <>
      <h2>{t("absentTitle")}</h2>
      <p role="status">{t("absentHint", { room: `\u2068${room.id}\u2069` })}</p>
      {problem === undefined ? null : <p className="problem">{problem}</p>}
      <div className="empty-acts">
        <button
          type="button"
          className="button primary"
          disabled={isWorking}
          onClick={() => void make()}
        >
          {isWorking ? t("working") : t("makeIt")}
        </button>
        <ToGeneral />
      </div>
    </>
  );
}

/** A reader who had the room is told that they were put out; to others it never was. */
function Gone({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const wasIn = room.epoch !== "";
  const isBanned = room.ended === "banned";
  const name = { room: `\u2068${room.title}\u2069` };
  return (
    <>
      <h2>{wasIn ? t(isBanned ? "bannedTitle" : "removedTitle", name) : t("goneTitle")}</h2>
      <p role="status">{t(wasIn ? (isBanned ? "bannedHint" : "removedHint") : "goneHint")}</p>
      {room.endedFor === undefined ? null : <p dir="auto">{room.endedFor}</p>}
      <ToGeneral />
    </>
  );
}

function Failed({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  return (
    <>
      <h2 role="status">{t("roomFailedTitle")}</h2>
      <button type="button" className="button" onClick={() => void chat.reload(room.id)}>
        {t("tryAgain")}
      </button>
    </>
  );
}

function ToGeneral(): ReactNode {
  const { t } = useTranslation();
  return (
    <button type="button" className="button" onClick={() => navigate(roomPath(landingRoom))}>
      {t("goGeneral")}
    </button>
  );
}

/** What one wrote and the room did not take is not lost with the room. */
function Unsent({ room }: { room: RoomState }): ReactNode {
  const chat = useChat();
  return room.outgoing
    .filter((entry) => entry.state === "failed")
    .map((entry) => (
      <div
        key={entry.clientMessageId}
        className="unsent"
        data-testid="message"
        data-state={entry.state}
      >
        <p className="text" dir="auto">
          {entry.text}
        </p>
        <Failure
          reason={entry.reason}
          onRetry={() => chat.retry(entry.clientMessageId)}
          onDiscard={() => chat.discard(room.id, entry.clientMessageId)}
        />
      </div>
    ));
}
