/** Who one is, at the foot of the list of rooms: opens what one says of oneself. */
import type { Availability } from "@parlance/client";
import {
  Avatar,
  Menu,
  type MenuItem,
  PersonMark,
  statusAt,
  useChat,
  useChatState,
} from "@parlance/react";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../shell/context.ts";

export function OwnMenu(): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const page = usePage();
  const me = useChatState((state) => state.me);
  const own = useChatState((state) => state.own);
  const button = useRef<HTMLButtonElement>(null);
  const [anchor, setAnchor] = useState<HTMLElement>();
  const status = statusAt(own?.status, Date.now());
  const note =
    own?.availability === "invisible"
      ? t("stateInvisible")
      : (status?.text ?? (me.kind === "guest" ? t("guest") : undefined));
  // What is refused is shown as it was before.
  const choose = (availability: Availability | null): void => {
    chat.setProfile({ availability }).catch(() => undefined);
  };
  const items: readonly MenuItem[] = [
    { id: "status", label: t("setStatus"), icon: "smile", run: () => page.openDialog("status") },
    {
      id: "profile",
      label: t("editProfile"),
      icon: "pencil",
      run: () => page.openDialog("profile"),
    },
    ...(own?.availability === undefined
      ? []
      : [
          {
            id: "active",
            label: t("stateActive"),
            icon: "check",
            run: () => choose(null),
          } as const,
        ]),
    { id: "away", label: t("stateAway"), icon: "clock", run: () => choose("away") },
    { id: "dnd", label: t("stateDnd"), icon: "moon", run: () => choose("dnd") },
    { id: "invisible", label: t("stateInvisible"), icon: "ban", run: () => choose("invisible") },
  ];
  return (
    <>
      <button
        ref={button}
        type="button"
        className="me-button"
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        data-testid="own-menu"
        data-state={own?.availability ?? "active"}
        onClick={() => setAnchor(button.current ?? undefined)}
      >
        <Avatar id={me.id} name={me.name} small withState />
        <span className="me-name">
          <bdi>{me.name}</bdi>
          <PersonMark id={me.id} />
          {note === undefined ? null : (
            <small className="quiet">
              <bdi>{note}</bdi>
            </small>
          )}
        </span>
      </button>
      {anchor === undefined ? null : (
        <Menu
          anchor={anchor}
          label={t("ownMenu")}
          items={items}
          onClose={() => setAnchor(undefined)}
        />
      )}
    </>
  );
}
