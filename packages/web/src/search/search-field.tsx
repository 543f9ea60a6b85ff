/** Where one types what to search for; operators and their values are completed by keyboard (ARIA combobox pattern). */
import { Icon } from "@parlance/react";
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { complete, type Names, writingAt } from "./query.ts";
import { type Suggestion, suggestionsFor } from "./suggestions.ts";

/** Id of the field, for the key that leads to it. */
export const searchFieldId = "search-field";

/** Arrow keys choose, Enter and Tab take it; without a choice Enter searches and the arrow down goes into the results. */
export function SearchField({
  text,
  names,
  takesFocus,
  onText,
  onRun,
  onDown,
}: {
  text: string;
  names: Names;
  /** One may write at once when it is shown. */
  takesFocus: boolean;
  onText: (text: string) => void;
  onRun: () => void;
  /** Into the results. */
  onDown: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const listId = useId();
  const field = useRef<HTMLInputElement>(null);
  const [caret, setCaret] = useState(text.length);
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const writing = writingAt(text, Math.min(caret, text.length));
  // A word becomes an operator only if it begins like one; an empty field offers all of them.
  const mayOffer = writing.operator !== undefined || writing.begun !== "" || text === "";
  const offered = isOpen && mayOffer ? suggestionsFor(writing, names, new Date(), t) : [];
  const at = writing.operator !== undefined && chosen < 0 ? 0 : chosen;

  useEffect(() => {
    if (takesFocus) field.current?.focus();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when it is shown
  }, []);
  /** Where the caret goes with the next text. Before anything else is typed, so that nothing is written elsewhere. */
  const place = useRef<number>(undefined);
  useLayoutEffect(() => {
    if (place.current === undefined) return;
    field.current?.setSelectionRange(place.current, place.current);
    place.current = undefined;
  }, [text]);
  const write = (next: string, end: number): void => {
    onText(next);
    setCaret(end);
    setChosen(-1);
    setOpen(true);
  };
  const take = (one: Suggestion): void => {
    const done = complete(text, writing, caret, one.piece);
    place.current = done.caret;
    write(done.text, done.caret);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const one = offered[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (offered.length === 0) {
        if (event.key === "ArrowDown") onDown();
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen((at + step + offered.length) % offered.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && one !== undefined) {
      if (event.shiftKey) return;
      event.preventDefault();
      take(one);
    } else if (event.key === "Enter") {
      event.preventDefault();
      setOpen(false);
      onRun();
    } else if (event.key === "Escape" && offered.length > 0) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <div className="search-field">
      <input
        ref={field}
        id={searchFieldId}
        className="input"
        type="text"
        inputMode="search"
        enterKeyHint="search"
        role="combobox"
        aria-label={t("searchMessages")}
        aria-expanded={offered.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={offered[at] === undefined ? undefined : `${listId}-${at}`}
        placeholder={t("searchMessages")}
        value={text}
        onChange={({ target }) => write(target.value, target.selectionStart ?? target.value.length)}
        onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart ?? text.length)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
        {...(takesFocus ? { "data-autofocus": true } : {})}
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        dir="auto"
      />
      <div
        id={listId}
        role="listbox"
        aria-label={t("searchNarrow")}
        className="search-offers"
        hidden={offered.length === 0}
      >
        {offered.map((one, index) => (
          // Keys are dealt with in the field above.
          <div
            key={one.key}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className="room-item"
            data-offer={one.key}
            // The field keeps the focus.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(one)}
          >
            <Icon name={one.icon} />
            <bdi className="room-title">{one.text}</bdi>
            {one.note === undefined ? null : <span className="count">{one.note}</span>}
          </div>
        ))}
      </div>
    </div>
  );
}
