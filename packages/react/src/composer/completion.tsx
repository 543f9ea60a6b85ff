/** A list that opens above the field while one writes, and is chosen from by keyboard: the field keeps the focus. */
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { useTexts } from "../texts/texts.tsx";

/** One thing to choose. */
export interface CompletionItem {
  readonly id: string;
  /** What is written into the text, without what follows it. */
  readonly text: string;
  readonly label: string;
  /** Behind the label. */
  readonly hint?: string;
  /** Before it. */
  readonly mark: ReactNode;
}

/** A list that is open. */
export interface Completion {
  readonly items: readonly CompletionItem[];
  readonly active: number;
  /** Attributes of the field. */
  readonly field: {
    readonly "aria-autocomplete": "list";
    readonly "aria-controls": string | undefined;
    readonly "aria-activedescendant": string | undefined;
  };
  readonly listId: string;
  pick(index: number): void;
  /** @returns whether the key was for the list. */
  onKeyDown(event: KeyboardEvent): boolean;
}

/**
 * @param start Of what is completed, in the text; another place is another list. Undefined: there is none.
 * @param onPick Writes the text of an item in place of what is completed.
 */
export function useCompletion(
  start: number | undefined,
  items: readonly CompletionItem[],
  onPick: (item: CompletionItem) => void,
): Completion {
  const listId = useId();
  const [chosen, setChosen] = useState({ start, index: 0 });
  /** Closed by Esc, until another one begins. */
  const [closed, setClosed] = useState<number>();
  const isOpen = start !== undefined && closed !== start && items.length > 0;
  const active = chosen.start === start ? Math.min(chosen.index, items.length - 1) : 0;
  const choose = (index: number): void =>
    setChosen({ start, index: (index + items.length) % items.length });
  const pick = (index: number): void => {
    const item = items[index];
    if (item !== undefined) onPick(item);
  };
  return {
    items: isOpen ? items : [],
    active,
    listId,
    field: {
      "aria-autocomplete": "list",
      "aria-controls": isOpen ? listId : undefined,
      "aria-activedescendant": isOpen ? optionId(listId, active) : undefined,
    },
    pick,
    onKeyDown: (event) => {
      if (start === undefined && closed !== undefined) setClosed(undefined);
      if (!isOpen || event.altKey || event.ctrlKey || event.metaKey) return false;
      switch (event.key) {
        case "ArrowDown":
          choose(active + 1);
          break;
        case "ArrowUp":
          choose(active - 1);
          break;
        case "Enter":
        case "Tab":
          if (event.shiftKey) return false;
          pick(active);
          break;
        case "Escape":
          setClosed(start);
          break;
        default:
          return false;
      }
      event.preventDefault();
      return true;
    },
  };
}

function optionId(listId: string, index: number): string {
  return `${listId}-${index}`;
}

/** The list itself; nothing while there is none. */
export function CompletionList({
  completion,
  label,
}: {
  completion: Completion;
  label: string;
}): ReactNode {
  const { t } = useTexts();
  const { items, active, listId, pick } = completion;
  return (
    <>
      <p className="hidden-visually" role="status">
        {items.length === 0 ? "" : t("completionHint", { count: items.length })}
      </p>
      {items.length === 0 ? null : (
        <div id={listId} className="completion" role="listbox" aria-label={label}>
          {items.map((item, index) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the keys are the field's, which keeps the focus
            <div
              key={item.id}
              id={optionId(listId, index)}
              role="option"
              aria-selected={index === active}
              className="completion-item"
              data-testid="completion"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(index)}
            >
              {item.mark}
              <bdi>{item.label}</bdi>
              {item.hint === undefined ? null : <span className="quiet">{item.hint}</span>}
            </div>
          ))}
        </div>
      )}
    </>
  );
}
