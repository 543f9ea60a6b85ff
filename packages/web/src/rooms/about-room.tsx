/** What a room is, for who may not change it. */
import type { RoomState } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { WhoMay } from "./who-may.tsx";

/** Topic, purpose, and who may do what. */
export function AboutRoom({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const { topic, description } = room.settings;
  return (
    <div className="content">
      <dl className="about-room">
        <dt>{t("topic")}</dt>
        <dd dir="auto">{topic ?? <span className="quiet">{t("nothingSet")}</span>}</dd>
        <dt>{t("description")}</dt>
        <dd dir="auto">{description ?? <span className="quiet">{t("nothingSet")}</span>}</dd>
      </dl>
      <WhoMay room={room} />
    </div>
  );
}
