/** Rooms that may be found: look for them, join, or ask to be let in. */
import type { DirectoryEntry, DirectoryPage } from "@parlance/client";
import { codeOf, Dialog, Field, Icon, useChat, useFailureText } from "@parlance/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import { roomIcon } from "../chat/rooms/room-icon.ts";
import { usePage } from "../shell/context.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { isolated } from "./use-subject.ts";

const pageSize = 30;
/** Milliseconds without a further letter before it is asked. */
const settleMs = 150;

/** Letters narrow; each room has the one act that fits. */
export function DirectoryDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const failureText = useFailureText();
  const { openDialog } = usePage();
  const [query, setQuery] = useState("");
  const { rooms, next, state, code, more, again } = useDirectory(query.trim());
  return (
    <Dialog title={t("findRooms")} onClose={onClose}>
      <div className="content">
        <Field
          label={t("directoryFilter")}
          type="search"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          data-autofocus
          autoComplete="off"
          dir="auto"
        />
        <div className="directory" aria-live="polite" aria-busy={state === "loading"}>
          {state === "loading" && rooms.length === 0 ? <div className="skeleton late" /> : null}
          {state === "failed" ? (
            <p className="quiet">
              {failureText(code)}{" "}
              <button type="button" className="link" onClick={again}>
                {t("tryAgain")}
              </button>
            </p>
          ) : null}
          {state === "ready" && rooms.length === 0 ? (
            <p className="quiet">
              {t("directoryEmpty")}{" "}
              <button type="button" className="link" onClick={() => openDialog("create")}>
                {t("createRoom")}
              </button>
            </p>
          ) : null}
          <ul>
            {rooms.map((entry) => (
              <Entry key={entry.room} entry={entry} onGone={onClose} />
            ))}
          </ul>
          {next === undefined ? null : (
            <button type="button" className="button" onClick={more}>
              {t("directoryMore")}
            </button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

interface Found {
  readonly rooms: readonly DirectoryEntry[];
  readonly next: string | undefined;
  readonly state: "loading" | "ready" | "failed";
  /** Of the error table, when failed. */
  readonly code: string | undefined;
  more(): void;
  again(): void;
}

/** What was found so far. An answer to letters that are no longer there does not count. */
function useDirectory(query: string): Found {
  const { client } = useChat();
  const [pages, setPages] = useState<readonly DirectoryPage[]>([]);
  const [state, setState] = useState<Found["state"]>("loading");
  const [code, setCode] = useState<string>();
  const turn = useRef(0);
  const ask = async (after: string | undefined): Promise<void> => {
    turn.current += 1;
    const mine = turn.current;
    setState("loading");
    try {
      const page = await client.directory({
        limit: pageSize,
        ...(query === "" ? {} : { query }),
        ...(after === undefined ? {} : { after }),
      });
      if (mine !== turn.current) return;
      setPages((before) => (after === undefined ? [page] : [...before, page]));
      setState("ready");
    } catch (error) {
      if (mine !== turn.current) return;
      setCode(codeOf(error));
      setState("failed");
    }
  };
  useEffect(() => {
    const timer = setTimeout(() => void ask(undefined), query === "" ? 0 : settleMs);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once for each query
  }, [query]);
  const next = pages.at(-1)?.next;
  return {
    rooms: pages.flatMap((page) => page.rooms),
    next,
    state,
    code,
    more: () => void ask(next),
    again: () => void ask(undefined),
  };
}

function Entry({ entry, onGone }: { entry: DirectoryEntry; onGone: () => void }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [hasAsked, setAsked] = useState(entry.asked === true);
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const room = isolated(entry.title);
  const go = (): void => {
    onGone();
    navigate(roomPath(entry.room));
  };
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    await act().catch((error: unknown) => setProblem(failureText(codeOf(error))));
    setWorking(false);
  };
  const join = (): Promise<void> =>
    attempt(async () => {
      await chat.join(entry.room);
      go();
    });
  const ask = (): Promise<void> =>
    attempt(async () => {
      const { state } = await chat.client.room(entry.room).askToJoin();
      if (state === "joined") go();
      else setAsked(true);
    });
  const isOpen = entry.kind !== "private" && entry.kind !== "document";
  return (
    <li className="directory-entry" data-testid="directory-entry" data-room={entry.room}>
      <Icon name={roomIcon(entry)} />
      <div className="directory-about">
        <bdi className="directory-title">{entry.title}</bdi>
        {entry.topic === undefined ? null : <bdi className="quiet">{entry.topic}</bdi>}
        <span className="quiet">
          {t("inviteMembers", { count: entry.members })}
          {entry.archived === true ? ` · ${t("archived")}` : ""}
        </span>
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
      </div>
      {entry.joined ? (
        <button
          type="button"
          className="button"
          aria-label={`${t("directoryOpen")}: ${room}`}
          onClick={go}
        >
          {t("directoryOpen")}
        </button>
      ) : isOpen ? (
        <button
          type="button"
          className="button"
          aria-label={`${t("join")}: ${room}`}
          disabled={isWorking}
          onClick={() => void join()}
        >
          {t("join")}
        </button>
      ) : hasAsked ? (
        <span className="quiet" role="status">
          {t("directoryAsked")}
        </span>
      ) : (
        <button
          type="button"
          className="button"
          aria-label={`${t("directoryAsk")}: ${room}`}
          disabled={isWorking}
          onClick={() => void ask()}
        >
          {t("directoryAsk")}
        </button>
      )}
    </li>
  );
}
