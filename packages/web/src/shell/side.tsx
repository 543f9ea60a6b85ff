/** The panel beside the conversation, or over it where the screen is narrow. */
import { Dialog, Icon, useRoom } from "@parlance/react";
import { type ReactNode, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { threePanes } from "../app/widths.ts";
import { usePage } from "./context.ts";
import type { OpenPanel } from "./page.tsx";
import { defaultPanel, panels } from "./panels.tsx";

/** @param panel What somebody opened; the default one if undefined, on screens wide enough. */
export function Side({
  roomId,
  panel,
}: {
  roomId: string;
  panel: OpenPanel | undefined;
}): ReactNode {
  const { t } = useTranslation();
  const page = usePage();
  const room = useRoom(roomId);
  const isWide = useSyncExternalStore(
    (listen) => {
      const query = threePanes();
      query.addEventListener("change", listen);
      return () => query.removeEventListener("change", listen);
    },
    () => threePanes().matches,
  );
  const name = panel?.name ?? defaultPanel;
  const { title, Component, isWhole = false } = panels[name];
  const isReady = room?.status === "ready";
  if (isWide) {
    return (
      <aside className={isWhole ? "side whole" : "side"} aria-label={t(title)}>
        {name === defaultPanel ? null : (
          <header className="bar">
            <h2>{t(title)}</h2>
            <button
              type="button"
              className="icon-button"
              aria-label={t("close")}
              onClick={page.closePanel}
            >
              <Icon name="close" />
            </button>
          </header>
        )}
        {isReady ? (
          <Component key={`${name}/${panel?.subject ?? ""}`} room={room} subject={panel?.subject} />
        ) : null}
      </aside>
    );
  }
  if (panel === undefined || !isReady) return null;
  return (
    <Dialog
      title={t(title)}
      onClose={page.closePanel}
      className={isWhole ? "sheet whole" : "sheet"}
    >
      <div className={isWhole ? "whole" : "content"}>
        <Component key={`${name}/${panel.subject ?? ""}`} room={room} subject={panel.subject} />
      </div>
    </Dialog>
  );
}
