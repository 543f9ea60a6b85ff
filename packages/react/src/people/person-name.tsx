/** Somebody's name with what they are at, and the way to their card. */
import { type ReactNode, useContext } from "react";
import { statusAt } from "../state/people.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { PersonContext, usePerson } from "./person-context.ts";

/**
 * @param name As it stands where it is shown; a newer one that is known goes before.
 * @param isOwnName Somebody chose it for themselves and nobody checked: it is nobody's here, and has no card.
 * @param isReachable Tab reaches it.
 */
export function PersonName({
  id,
  name,
  className,
  isOwnName = false,
  isReachable = true,
}: {
  id: string;
  name: string;
  className?: string;
  isOwnName?: boolean;
  isReachable?: boolean;
}): ReactNode {
  const person = usePerson(id);
  const open = useContext(PersonContext);
  if (isOwnName) return <bdi className={className}>{name}</bdi>;
  const shown = <bdi className={className}>{person?.name ?? name}</bdi>;
  return (
    <>
      {open === undefined ? (
        shown
      ) : (
        <button
          type="button"
          className="person-name"
          tabIndex={isReachable ? 0 : -1}
          onClick={() => open(id)}
        >
          {shown}
        </button>
      )}
      <PersonMark id={id} />
    </>
  );
}

/** What somebody is at: their sign, and that they are not to be disturbed. Nothing where there is nothing to say. */
export function PersonMark({ id }: { id: string }): ReactNode {
  const { t } = useTexts();
  const person = usePerson(id);
  const status = statusAt(person?.status, Date.now());
  const isDnd = person?.state === "dnd";
  if (status === undefined && !isDnd) return null;
  const sign = status === undefined ? undefined : (status.emoji ?? "💬");
  return (
    <span className="person-mark">
      {isDnd ? (
        <span role="img" aria-label={t("stateDnd")} title={t("stateDnd")} className="dnd">
          <Icon name="moon" small />
        </span>
      ) : null}
      {sign === undefined ? null : (
        <span role="img" aria-label={status?.text ?? t("statusOf")} title={status?.text}>
          {sign}
        </span>
      )}
    </span>
  );
}

/** Whether somebody who is here is active, for those who do not see the dot. */
export function StateWord({ id }: { id: string }): ReactNode {
  const { t } = useTexts();
  const state = usePerson(id)?.state;
  return state === "away" ? <span className="hidden-visually">{t("stateAway")}</span> : null;
}
