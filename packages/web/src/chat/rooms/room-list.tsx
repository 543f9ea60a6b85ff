/** The side with the rooms, and who one is. */

import { Icon } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { onePane } from "../../app/widths.ts";
import { InboxButton } from "../../inbox/inbox-button.tsx";
import { OwnMenu } from "../../people/own-menu.tsx";
import { usePage } from "../../shell/context.ts";
import { RoomGroups } from "./room-groups.tsx";
import { Views } from "./views.tsx";

/** @param current Id of the room that is open. */
export function RoomList({ current }: { current: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { openDialog } = usePage();
  // Where there is nothing beside it, it is what the page is about.
  const isAll = current === undefined && onePane().matches;
  return (
    <div className="rooms" role={isAll ? "main" : "navigation"} aria-label={t("rooms")}>
      <div className="bar">
        <h1>{t("appName")}</h1>
        <InboxButton where="rooms" onOpen={() => openDialog("inbox")} />
        <button
          type="button"
          className="icon-button"
          aria-label={t("switcher")}
          title={`${t("switcher")} (Ctrl K)`}
          onClick={() => openDialog("palette")}
        >
          <Icon name="search" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t("newMessage")}
          title={t("newMessage")}
          onClick={() => openDialog("direct")}
        >
          <Icon name="pencil" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t("createRoom")}
          title={t("createRoom")}
          onClick={() => openDialog("create")}
        >
          <Icon name="plus" />
        </button>
      </div>
      <div className="rooms-scroll">
        <Views />
        <RoomGroups current={current} />
        <button type="button" className="rooms-more" onClick={() => openDialog("directory")}>
          <Icon name="search" small />
          {t("findRooms")}
        </button>
      </div>
      <div className="me">
        <OwnMenu />
        <button
          type="button"
          className="icon-button keys"
          aria-label={t("keys")}
          title={`${t("keys")} (?)`}
          onClick={() => openDialog("keys")}
        >
          <Icon name="keyboard" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t("preferences")}
          title={t("preferences")}
          onClick={() => openDialog("preferences")}
        >
          <Icon name="sliders" />
        </button>
      </div>
    </div>
  );
}
