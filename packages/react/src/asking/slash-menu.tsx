/** The commands that may be meant, above the field. The field keeps the focus and moves through them. */
import type { AriaAttributes, ReactNode } from "react";
import { useTexts } from "../texts/texts.tsx";
import type { Slash } from "./use-slash.ts";

/** What the field says of the list. */
export function slashField(id: string, { active }: Slash): AriaAttributes {
  return {
    "aria-autocomplete": "list",
    "aria-controls": id,
    "aria-activedescendant": slashRowId(id, active),
  };
}

function slashRowId(listId: string, place: number): string {
  return `${listId}-${place}`;
}

export function SlashMenu({
  id,
  slash,
  onPick,
}: {
  id: string;
  slash: Slash;
  onPick: (name: string) => void;
}): ReactNode {
  const { t } = useTexts();
  return (
    <div
      className="slash-menu"
      id={id}
      role="listbox"
      aria-label={t("slashMenu")}
      data-testid="slash-menu"
    >
      {slash.offered.map(({ name, usage, description }, place) => (
        <div
          key={name}
          id={slashRowId(id, place)}
          role="option"
          tabIndex={-1}
          aria-selected={place === slash.active}
          className="slash-row"
          // The field must not lose the focus before the click is there.
          onMouseDown={(event) => event.preventDefault()}
          onMouseEnter={() => slash.setActive(place)}
          onClick={() => onPick(name)}
          onKeyDown={() => {}}
        >
          <b>
            <bdi dir="ltr">/{name}</bdi> <span dir="auto">{usage}</span>
          </b>
          <span className="slash-what">{description}</span>
        </div>
      ))}
    </div>
  );
}
