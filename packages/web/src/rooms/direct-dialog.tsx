/** Begins a conversation with one person or a few. */
import type { WireUser } from "@parlance/client";
import {
  Avatar,
  codeOf,
  Dialog,
  Icon,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { isolated } from "./use-subject.ts";

/** Others in one direct room at most (protocol, `directUsers`). */
const mostPeople = 8;
/** People shown at once; further letters narrow the rest. */
const shownPeople = 50;

type Listing =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly code: string }
  | { readonly kind: "ready"; readonly people: readonly WireUser[] };

/** Letters narrow, Enter adds the first one, Backspace in the empty field takes the last one back, Enter then goes there. */
export function DirectDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const me = chat.get().me.id;
  const fieldId = useId();
  const [listing, setListing] = useState<Listing>({ kind: "loading" });
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<readonly WireUser[]>([]);
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();

  const list = useCallback(async (): Promise<void> => {
    setListing({ kind: "loading" });
    try {
      setListing({ kind: "ready", people: await chat.acquaintances(undefined) });
    } catch (error) {
      setListing({ kind: "failed", code: codeOf(error) });
    }
  }, [chat]);
  // Rooms may still be on their way when somebody is quick.
  const inRooms = useChatState(
    ({ rooms }) => Object.values(rooms).filter(({ role }) => role !== undefined).length,
  );
  useEffect(() => void list(), [list, inRooms]);

  const people = listing.kind === "ready" ? listing.people.filter(({ id }) => id !== me) : [];
  const isChosen = (user: WireUser): boolean => chosen.some(({ id }) => id === user.id);
  const wanted = query.trim().toLocaleLowerCase();
  const found = people.filter(
    (user) => !isChosen(user) && user.name.toLocaleLowerCase().includes(wanted),
  );
  const isFull = chosen.length >= mostPeople;
  const choose = (user: WireUser): void => {
    if (isFull) return;
    setChosen([...chosen, user]);
    setQuery("");
    document.getElementById(fieldId)?.focus();
  };
  const open = async (): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      const room = await chat.openDirect(chosen.map(({ id }) => id));
      onClose();
      navigate(roomPath(room));
    } catch (error) {
      const code = codeOf(error);
      setProblem(code === "not_found" ? t("addGone") : failureText(code));
      setWorking(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const [first] = found;
    if (wanted !== "" && first !== undefined) choose(first);
    else if (wanted === "" && chosen.length > 0 && !isWorking) void open();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Backspace" && query === "") setChosen(chosen.slice(0, -1));
  };
  return (
    <Dialog title={t("newMessage")} onClose={onClose}>
      <form className="content" onSubmit={submit}>
        <div className="field">
          <label htmlFor={fieldId}>{t("directTo")}</label>
          <div className="input chosen-people">
            {chosen.map((user) => (
              <button
                key={user.id}
                type="button"
                className="chosen-person"
                aria-label={t("removeOne", { name: isolated(user.name) })}
                onClick={() => setChosen(chosen.filter(({ id }) => id !== user.id))}
              >
                <bdi>{user.name}</bdi>
                <Icon name="close" small />
              </button>
            ))}
            <input
              id={fieldId}
              value={query}
              onChange={(event) => setQuery(event.target.value)}
              onKeyDown={onKeyDown}
              aria-describedby={`${fieldId}-below`}
              aria-invalid={problem !== undefined}
              data-autofocus
              autoComplete="off"
              dir="auto"
            />
          </div>
          <p id={`${fieldId}-below`} className={problem === undefined ? "hint" : "problem"}>
            {problem ?? t("directMost", { count: mostPeople })}
          </p>
        </div>
        <div className="add-people" aria-live="polite" aria-busy={listing.kind === "loading"}>
          {listing.kind === "loading" ? <div className="skeleton late" /> : null}
          {listing.kind === "failed" ? (
            <p className="quiet">
              {failureText(listing.code)}{" "}
              <button type="button" className="link" onClick={() => void list()}>
                {t("tryAgain")}
              </button>
            </p>
          ) : null}
          {listing.kind === "ready" && found.length === 0 ? (
            <p className="quiet">{t(people.length === 0 ? "directEmpty" : "directNotFound")}</p>
          ) : null}
          <ul>
            {found.slice(0, shownPeople).map((user) => (
              <li key={user.id}>
                <button
                  type="button"
                  className="person person-choice"
                  disabled={isFull}
                  onClick={() => choose(user)}
                >
                  <Avatar id={user.id} name={user.name} small />
                  <bdi>{user.name}</bdi>
                  {user.kind === "guest" ? <span className="quiet">{t("guest")}</span> : null}
                </button>
              </li>
            ))}
          </ul>
        </div>
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button
            type="button"
            className="button primary"
            disabled={chosen.length === 0 || isWorking}
            onClick={() => void open()}
          >
            {isWorking ? t("working") : t("directStart")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
