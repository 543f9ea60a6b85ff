/** Who is here, who belongs here, and the way out of the room. */

import type { Role, WireUser } from "@parlance/client";
import { type ReactNode, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import type { RoomState } from "../state/model.ts";
import { isStaff } from "../state/staff.ts";
import { useTexts } from "../texts/texts.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";
import { Menu, type MenuItem } from "../ui/menu.tsx";
import { AddPeopleDialog } from "./add-people-dialog.tsx";
import { type OpenMenu, PersonList } from "./person-list.tsx";
import { RemoveDialog } from "./remove-member.tsx";

/** What a page may add to the panel. */
export interface PeoplePanelProps {
  /** A room that is ready. */
  room: RoomState;
  /** Called once the reader has left the room. */
  onLeft?: () => void;
  /** What can be done with somebody, as a menu in place of the cross; `role` is undefined of who is no member. */
  actsOf?: (user: WireUser, role: Role | undefined) => readonly MenuItem[];
  /** Above the people. */
  top?: ReactNode;
  /** Further things to do, below them. */
  acts?: ReactNode;
}

/** Who is here, who belongs here, and what can be done about them. */
export function PeoplePanel({ room, onLeft, actsOf, top, acts }: PeoplePanelProps): ReactNode {
  const { t } = useTexts();
  const me = useChatState((state) => state.me.id);
  const [removing, setRemoving] = useState<WireUser>();
  const [open, setOpen] = useState<OpenMenu>();
  const online = room.online;
  if (room.arePeopleUnknown) return <PeopleFailed room={room} />;
  if (online === undefined) {
    return (
      <div className="people late" aria-busy="true">
        <div className="skeleton" />
        <div className="skeleton" />
      </div>
    );
  }
  const here = new Set<string>(online.map((user) => user.id));
  const roles = new Map<string, Role>(room.members?.map((one) => [one.user.id, one.role]));
  const away = (room.members ?? [])
    .map((one) => one.user)
    .filter((user) => !here.has(user.id))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const shared = {
    room,
    roles,
    me,
    onRemove: setRemoving,
    opened: open?.user.id,
    onOpen: setOpen,
    ...(actsOf === undefined ? {} : { actsOf }),
  };
  return (
    <div className="people">
      {top}
      <section>
        <h2>
          {t("here")} <span className="quiet">{online.length}</span>
        </h2>
        <PersonList {...shared} users={online} isHere />
        {online.some((user) => user.id !== me) ? null : (
          <p className="people-note">
            {t(room.kind === "public" ? "peopleEmpty" : "peopleEmptyPrivate")}
          </p>
        )}
      </section>
      {away.length === 0 ? null : (
        <section className="away">
          <h2>
            {t("notHere")} <span className="quiet">{away.length}</span>
          </h2>
          <PersonList {...shared} users={away} />
        </section>
      )}
      {room.role === undefined ? null : (
        <div className="people-acts">
          {isStaff(room) && room.kind !== "direct" ? <AddPeople room={room} /> : null}
          {acts}
          {room.kind === "direct" ? null : <LeaveRoom room={room} onLeft={onLeft} />}
        </div>
      )}
      {open === undefined ? null : (
        <Menu
          anchor={open.anchor}
          label={t("personActs", { name: `\u2068${open.user.name}\u2069` })}
          items={actsOf?.(open.user, roles.get(open.user.id)) ?? []}
          onClose={() => setOpen(undefined)}
        />
      )}
      {removing === undefined ? null : (
        <RemoveDialog room={room} user={removing} onClose={() => setRemoving(undefined)} />
      )}
    </div>
  );
}

function PeopleFailed({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  return (
    <div className="people">
      <p className="people-note">
        {t("peopleFailed")}{" "}
        <button type="button" className="link" onClick={() => void chat.listPeople(room.id)}>
          {t("tryAgain")}
        </button>
      </p>
    </div>
  );
}

function AddPeople({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="leave" onClick={() => setOpen(true)}>
        <Icon name="plus" />
        {t("addPeople")}
      </button>
      {isOpen ? <AddPeopleDialog room={room} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function LeaveRoom({
  room,
  onLeft,
}: {
  room: RoomState;
  onLeft: (() => void) | undefined;
}): ReactNode {
  const { t } = useTexts();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className="leave" onClick={() => setAsking(true)}>
        <Icon name="leave" />
        {t("leave")}
      </button>
      {isAsking ? (
        <LeaveDialog room={room} onClose={() => setAsking(false)} onLeft={onLeft} />
      ) : null}
    </>
  );
}

function LeaveDialog({
  room,
  onClose,
  onLeft,
}: {
  room: RoomState;
  onClose: () => void;
  onLeft: (() => void) | undefined;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const failureText = useFailureText();
  const [problem, setProblem] = useState<string>();
  const leave = async (): Promise<void> => {
    try {
      await chat.leave(room.id);
      onClose();
      onLeft?.();
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
  };
  return (
    <Dialog title={t("leaveTitle", { room: `\u2068${room.title}\u2069` })} onClose={onClose}>
      <div className="content">
        <p>{t(room.kind === "public" ? "leavePublic" : "leavePrivate")}</p>
        {problem === undefined ? null : <p className="problem">{problem}</p>}
        <div className="actions">
          <button type="button" className="button" onClick={onClose} data-autofocus>
            {t("cancel")}
          </button>
          <button type="button" className="button primary" onClick={() => void leave()}>
            {t("leave")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
