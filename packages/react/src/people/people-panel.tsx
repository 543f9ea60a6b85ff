/** Who is here, who belongs here, and the way out of the room. */

import type { Role, WireUser } from "@parlance/client";
import { type ReactNode, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";
import { AddPeopleDialog } from "./add-people-dialog.tsx";
import { mayRemove, RemoveDialog } from "./remove-member.tsx";

/** Names written out at most; a room of thousands is a number, not a list. */
const shownPeople = 200;

/**
 * @param room A room that is ready.
 * @param onLeft Called once the reader has left the room.
 */
export function PeoplePanel({ room, onLeft }: { room: RoomState; onLeft?: () => void }): ReactNode {
  const { t } = useTexts();
  const me = useChatState((state) => state.me.id);
  const [removing, setRemoving] = useState<WireUser>();
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
  return (
    <div className="people">
      <section>
        <h2>
          {t("here")} <span className="quiet">{online.length}</span>
        </h2>
        <People room={room} users={online} roles={roles} me={me} onRemove={setRemoving} />
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
          <People room={room} users={away} roles={roles} me={me} onRemove={setRemoving} />
        </section>
      )}
      {room.role === undefined ? null : (
        <div className="people-acts">
          {room.role === "member" ? null : <AddPeople room={room} />}
          <LeaveRoom room={room} onLeft={onLeft} />
        </div>
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

function People({
  room,
  users,
  roles,
  me,
  onRemove,
}: {
  room: RoomState;
  users: readonly WireUser[];
  roles: ReadonlyMap<string, Role>;
  me: string;
  onRemove: (user: WireUser) => void;
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
        return (
          <li key={user.id} className="person" data-testid="person" data-user={user.id}>
            <Avatar id={user.id} name={user.name} small />
            <bdi>{user.name}</bdi>
            {notes.length === 0 ? null : <span className="quiet">{notes.join(", ")}</span>}
            {user.id !== me && mayRemove(room.role, role) ? (
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
