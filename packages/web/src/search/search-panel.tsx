/** The panel that finds messages. It stays while one goes from room to room, and a message leads back to it by Esc. */
import type { SearchHit, WireUser } from "@parlance/client";
import {
  type RoomState,
  Segments,
  sortRooms,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import {
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useTranslation } from "react-i18next";
import { useLeavePanel } from "../keeping/use-leave-panel.ts";
import { useGoToMessage } from "../keeping/use-place.ts";
import { usePage } from "../shell/context.ts";
import type { PanelProps } from "../shell/panels.tsx";
import { DateJump } from "./date-jump.tsx";
import { Hits } from "./hits.tsx";
import type { Names } from "./query.ts";
import { createSearch, type Scope, type Search } from "./search.ts";
import { SearchField, searchFieldId } from "./search-field.tsx";
import { offerWayBack } from "./way-back.ts";

/** A search that takes so long says so. Milliseconds. */
const slowMs = 1_500;

/** `subject`: where to search, `here` or `everywhere`. */
export function SearchPanel({ room, subject }: PanelProps): ReactNode {
  const { t } = useTranslation();
  const page = usePage();
  const names = useNames(room);
  const search = useSearch(room.id, names);
  const state = useSyncExternalStore(search.subscribe, search.get);
  const rooms = useChatState((all) => all.rooms);
  // Of a room that was closed to the reader nothing stays on the screen.
  const hits = state.hits.filter((hit) => rooms[hit.message.room]?.status !== "gone");
  const goTo = useGoToMessage();
  const leave = useLeavePanel();
  const panel = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (subject === "here" || subject === "everywhere") search.setScope(subject);
  }, [search, subject]);
  useEffect(() => search.setRoom(room.id), [search, room.id]);
  /** Back from a message, it begins where one was; a key that says where to search begins in the field. */
  const back = useRef(subject === undefined ? search.get().opened : undefined).current;
  useEffect(() => {
    if (back !== undefined) focusHit(back);
  }, [back]);

  const open = (hit: SearchHit): void => {
    search.open(hit.message.id);
    leave(() => goTo(hit.message));
    offerWayBack(() => {
      if (focusHit(hit.message.id)) return;
      page.openPanel("search");
    });
  };
  const toField = (): void => document.getElementById(searchFieldId)?.focus();
  const isDone = state.status === "ready" || state.status === "failed";
  return (
    <div ref={panel} className="search" role="search" aria-label={t("searchMessages")}>
      <SearchField
        text={state.text}
        names={names}
        takesFocus={back === undefined}
        onText={search.type}
        onRun={search.run}
        onDown={() => panel.current?.querySelector<HTMLElement>(".hit")?.focus()}
      />
      <Segments
        legend={t("searchScope")}
        value={state.scope}
        onChange={(scope: Scope) => search.setScope(scope)}
        options={[
          ["here", t("searchHere")],
          ["everywhere", t("searchEverywhere")],
        ]}
      />
      {state.status === "idle" ? <DateJump room={room} /> : null}
      <div className="search-status" role="status">
        {state.status === "searching" ? <Searching /> : null}
        {state.status === "ready" && hits.length > 0 ? (
          <p className="search-note">{t("searchFound")}</p>
        ) : null}
        {state.status === "ready" && hits.length === 0 ? (
          <div className="empty search-note">
            <h3>{t("searchNothing")}</h3>
            <p>{t("searchNothingHint")}</p>
          </div>
        ) : null}
        {state.status === "failed" ? <Failed code={state.code} onRetry={search.run} /> : null}
      </div>
      {hits.length > 0 && state.status !== "failed" ? (
        <Hits
          hits={hits}
          words={state.words}
          showsRoom={state.scope === "everywhere"}
          opened={state.opened}
          autofocus={back}
          onOpen={open}
          onLeave={toField}
        />
      ) : null}
      {isDone && state.next !== undefined ? (
        <button
          type="button"
          className="link kept-more"
          disabled={state.isLoadingMore}
          onClick={search.more}
        >
          {t("showMore")}
        </button>
      ) : null}
    </div>
  );
}

/** @returns whether it is there. */
function focusHit(message: string | undefined): boolean {
  const hit = [...document.querySelectorAll<HTMLElement>(".hit")].find(
    (one) => one.dataset["message"] === message,
  );
  hit?.focus();
  return hit !== undefined;
}

function Searching(): ReactNode {
  const { t } = useTranslation();
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowMs);
    return () => clearTimeout(timer);
  }, []);
  return <p className="search-note late">{t(isSlow ? "searchSlow" : "searching")}</p>;
}

function Failed({ code, onRetry }: { code: string | undefined; onRetry: () => void }): ReactNode {
  const { t } = useTranslation();
  const failureText = useFailureText();
  if (code === "bad_request") return <p className="search-note">{t("searchBad")}</p>;
  return (
    <p className="search-note">
      {t("searchFailed", { reason: failureText(code) })}{" "}
      <button type="button" className="link" onClick={onRetry}>
        {t("tryAgain")}
      </button>
    </p>
  );
}

/** The search of this visit; made when the panel is first opened. */
function useSearch(room: string, names: Names): Search {
  const chat = useChat();
  const { searched } = usePage();
  const known = useRef(names);
  known.current = names;
  const namesNow = useCallback(() => known.current, []);
  searched.current ??= createSearch(chat.client, room, namesNow);
  const search = searched.current;
  useEffect(() => search.setNames(namesNow), [search, namesNow]);
  return search;
}

/** Whom one can know, and the rooms that one may read. */
function useNames(room: RoomState): Names {
  const chat = useChat();
  const rooms = useChatState((state) => state.rooms);
  const [people, setPeople] = useState<readonly WireUser[]>([]);
  useEffect(() => {
    let isOver = false;
    // Without them, user names still work.
    chat.acquaintances(undefined).then(
      (all) => isOver || setPeople(all),
      () => undefined,
    );
    return () => {
      isOver = true;
    };
  }, [chat]);
  return useMemo(() => {
    const { joined, discoverable } = sortRooms(rooms);
    const here = room.members?.map(({ user }) => user) ?? [];
    const all = new Map([...people, ...here].map((user) => [user.id, user.name]));
    return {
      people: [...all].map(([id, name]) => ({ id, name })),
      rooms: [...joined, ...discoverable].map(({ id, title }) => ({ id, name: title })),
    };
  }, [rooms, people, room.members]);
}
