/** The people of a room, with all that the app can do about them. */
import type { JoinRequestView, Role, WireUser } from "@parlance/client";
import {
  Avatar,
  codeOf,
  Field,
  Icon,
  isStaff,
  type MenuItem,
  mayRemove,
  PeoplePanel,
  type RoomState,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../app/route.ts";
import { goFrom, navigate } from "../app/use-route.ts";
import { usePage } from "../shell/context.ts";
import type { PanelProps } from "../shell/panels.tsx";
import { Confirm } from "./confirm.tsx";
import { isolated } from "./use-subject.ts";

/** Of the protocol, in UTF-16 code units. */
const reasonLength = 250;

interface Asking {
  readonly what: "remove" | "ban";
  readonly user: WireUser;
}

/** Requests to come in above, people, and for the staff invites and bans below. */
export function RoomPeople({ room }: PanelProps): ReactNode {
  const { t } = useTranslation();
  const page = usePage();
  const me = useChatState((state) => state.me.id);
  const failureText = useFailureText();
  const chat = useChat();
  const [asking, setAsking] = useState<Asking>();
  const [problem, setProblem] = useState<string>();
  const attempt = async (act: Promise<void>): Promise<void> => {
    setProblem(undefined);
    await act.catch((error: unknown) => {
      const code = codeOf(error);
      setProblem(code === "conflict" ? t("errorLastOwner") : failureText(code));
    });
  };
  const actsOf = (user: WireUser, role: Role | undefined): readonly MenuItem[] => {
    const isMe = user.id === me;
    const give = (to: Role, label: string): MenuItem | false =>
      room.role === "owner" &&
      role !== undefined &&
      role !== to && {
        id: to,
        icon: to === "member" ? "people" : "shield",
        label,
        run: () => void attempt(chat.setRole(room.id, user.id, to)),
      };
    const isLookedAfter = isStaff(room) && room.kind !== "direct";
    const items: readonly (MenuItem | false)[] = [
      !isMe && {
        id: "message",
        icon: "pencil",
        label: t("messagePerson"),
        run: () => void attempt(chat.openDirect([user.id]).then((id) => navigate(roomPath(id)))),
      },
      isLookedAfter && give("owner", t("makeOwner")),
      isLookedAfter && give("moderator", t("makeModerator")),
      isLookedAfter && give("member", t("makeMember")),
      isLookedAfter &&
        !isMe &&
        mayRemove(room.role, role) && {
          id: "remove",
          icon: "leave",
          label: t("remove"),
          run: () => setAsking({ what: "remove", user }),
        },
      isLookedAfter &&
        !isMe &&
        (role === undefined || mayRemove(room.role, role)) && {
          id: "ban",
          icon: "ban",
          label: t("ban"),
          tone: "danger",
          run: () => setAsking({ what: "ban", user }),
        },
    ];
    return items.filter((item) => item !== false);
  };
  return (
    <>
      <PeoplePanel
        room={room}
        onLeft={() => goFrom(room.id)}
        actsOf={actsOf}
        top={
          <>
            {problem === undefined ? null : (
              <p className="people-note problem" role="alert">
                {problem}
              </p>
            )}
            <Requests room={room} />
          </>
        }
        acts={
          isStaff(room) && room.kind !== "direct" ? (
            <>
              <button
                type="button"
                className="leave"
                onClick={() => page.openDialog("invites", room.id)}
              >
                <Icon name="link" />
                {t("invite")}
              </button>
              <button
                type="button"
                className="leave"
                onClick={() => page.openDialog("bans", room.id)}
              >
                <Icon name="ban" />
                {t("bans")}
              </button>
            </>
          ) : null
        }
      />
      {asking === undefined ? null : (
        <Question room={room} asking={asking} onClose={() => setAsking(undefined)} />
      )}
    </>
  );
}

function Question({
  room,
  asking,
  onClose,
}: {
  room: RoomState;
  asking: Asking;
  onClose: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const { what, user } = asking;
  const [reason, setReason] = useState("");
  const name = isolated(user.name);
  return what === "ban" ? (
    <Confirm
      title={t("banTitle", { name })}
      hint={t("banHint")}
      label={t("ban")}
      act={() => chat.ban(room.id, user.id, reason)}
      onClose={onClose}
    >
      <Field
        label={t("banReason")}
        hint={t("banReasonHint")}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        maxLength={reasonLength}
        dir="auto"
        autoComplete="off"
      />
    </Confirm>
  ) : (
    <Confirm
      title={t("removeTitle", { name })}
      hint={t(
        room.kind === "private" || room.kind === "document" ? "removePrivate" : "removePublic",
      )}
      label={t("remove")}
      act={() => chat.removeMember(room.id, user.id)}
      onClose={onClose}
    />
  );
}

/** Who waits to be let in; the staff alone knows. */
function Requests({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const { requests = [] } = room;
  if (requests.length === 0) return null;
  return (
    <section data-testid="requests">
      <h2>
        {t("requests")} <span className="quiet">{requests.length}</span>
      </h2>
      <ul>
        {requests.map((request) => (
          <Request key={request.user.id} room={room} request={request} />
        ))}
      </ul>
    </section>
  );
}

function Request({ room, request }: { room: RoomState; request: JoinRequestView }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const { user, text } = request;
  const answer = async (accept: boolean): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      await chat.answerRequest(room.id, user.id, accept);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
      setWorking(false);
    }
  };
  const name = isolated(user.name);
  return (
    <li className="request">
      <div className="person">
        <Avatar id={user.id} name={user.name} small />
        <bdi>{user.name}</bdi>
        {user.kind === "guest" ? <span className="quiet">{t("guest")}</span> : null}
      </div>
      {text === undefined ? null : (
        <p className="people-note" dir="auto">
          {text}
        </p>
      )}
      {problem === undefined ? null : (
        <p className="people-note problem" role="alert">
          {problem}
        </p>
      )}
      <div className="request-acts">
        <button
          type="button"
          className="button"
          aria-label={`${t("letIn")}: ${name}`}
          disabled={isWorking}
          onClick={() => void answer(true)}
        >
          {t("letIn")}
        </button>
        <button
          type="button"
          className="link"
          aria-label={`${t("refuse")}: ${name}`}
          disabled={isWorking}
          onClick={() => void answer(false)}
        >
          {t("refuse")}
        </button>
      </div>
    </li>
  );
}
