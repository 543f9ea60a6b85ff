/** People of a room, each with what can be done about them. */
import type { Role, WireUser } from "@parlance/client";
import type { ReactNode } from "react";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Icon } from "../ui/icons.tsx";
import type { MenuItem } from "../ui/menu.tsx";
import { PersonName, StateWord } from "./person-name.tsx";
import { mayRemove } from "./remove-member.tsx";

/** The menu of somebody, and the button that opened it. */
export interface OpenMenu {
  readonly user: WireUser;
  readonly anchor: HTMLElement;
}

/** Names written out at most; a room of thousands is a number, not a list. */
const shownPeople = 200;

/**
 * @param isHere They are in the room now: it shows whether they are active.
 * @param actsOf Of each, as a menu; absent: a cross for whom the reader may put out.
 * @param opened Id of the person whose menu is open.
 */
export function PersonList({
  room,
  users,
  roles,
  me,
  onRemove,
  actsOf,
  opened,
  onOpen,
  isHere = false,
}: {
  room: RoomState;
  users: readonly WireUser[];
  roles: ReadonlyMap<string, Role>;
  me: string;
  onRemove: (user: WireUser) => void;
  isHere?: boolean;
  actsOf?: (user: WireUser, role: Role | undefined) => readonly MenuItem[];
  opened: string | undefined;
  onOpen: (open: OpenMenu) => void;
}): ReactNode {
  const { t } = useTexts();
  return (
    <ul>
      {users.slice(0, shownPeople).map((user) => {
        const role = roles.get(user.id);
        const notes = [
          user.id === me ? t("you") : undefined,
          role === "owner" ? t("roleOwner") : undefined,
          role === "moderator" ? t("roleModerator") : undefined,
          user.kind === "guest" ? t("guest") : undefined,
        ]
          .filter((note) => note !== undefined)
          .slice(0, 2);
        const items = actsOf?.(user, role) ?? [];
        return (
          <li key={user.id} className="person" data-testid="person" data-user={user.id}>
            <Avatar id={user.id} name={user.name} small withState={isHere} />
            <PersonName id={user.id} name={user.name} />
            {isHere ? <StateWord id={user.id} /> : null}
            {notes.length === 0 ? null : <span className="quiet">{notes.join(", ")}</span>}
            {items.length > 0 ? (
              <PersonMenuButton user={user} isOpen={opened === user.id} onOpen={onOpen} />
            ) : null}
            {actsOf === undefined && user.id !== me && mayRemove(room.role, role) ? (
              <button
                type="button"
                className="icon-button person-act"
                aria-label={t("removeOne", { name: user.name })}
                title={t("removeOne", { name: user.name })}
                onClick={() => onRemove(user)}
              >
                <Icon name="close" small />
              </button>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}

/** The menu is the panel's: people come and go while one reads it. */
function PersonMenuButton({
  user,
  isOpen,
  onOpen,
}: {
  user: WireUser;
  isOpen: boolean;
  onOpen: (open: OpenMenu) => void;
}): ReactNode {
  const { t } = useTexts();
  const label = t("personActs", { name: `\u2068${user.name}\u2069` });
  return (
    <button
      type="button"
      className="icon-button person-act"
      aria-label={label}
      title={label}
      aria-haspopup="menu"
      aria-expanded={isOpen}
      onClick={(event) => onOpen({ user, anchor: event.currentTarget })}
    >
      <Icon name="more" small />
    </button>
  );
}
