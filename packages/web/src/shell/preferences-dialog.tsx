/** How the app looks, and the way out. */

import { Choice, Dialog, Segments, useChatState } from "@parlance/react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type PreferenceStore, usePreferences } from "../app/preferences.ts";
import { changeLanguage, languages } from "../i18n/index.ts";
import { alertPermission, askPermission } from "../inbox/alerts.ts";
import { usePage } from "./context.ts";
import type { DialogProps } from "./dialogs.tsx";

/** As in the panel of notifications; the browser asks when it is turned on. */
function AlertsChoice({ store }: { store: PreferenceStore }): ReactNode {
  const { t } = useTranslation();
  const { alerts } = usePreferences(store);
  const [permission, setPermission] = useState(alertPermission);
  const choose = async (choice: "on" | "off"): Promise<void> => {
    const answer = choice === "on" ? await askPermission() : alertPermission();
    setPermission(answer);
    store.set({ alerts: choice === "on" && answer === "granted" ? "on" : "off" });
  };
  if (permission === "none") return null;
  if (permission === "denied") return <p className="hint">{t("alertsDenied")}</p>;
  return (
    <Segments
      legend={t("alerts")}
      value={permission === "granted" ? alerts : "off"}
      onChange={(choice) => void choose(choice)}
      options={[
        ["on", t("alertsOn")],
        ["off", t("alertsOff")],
      ]}
    />
  );
}

/** Every choice takes effect at once. */
export function PreferencesDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const { preferences: store, signOut } = usePage();
  const preferences = usePreferences(store);
  const me = useChatState((state) => state.me);
  const isGuest = me.kind === "guest";
  return (
    <Dialog title={t("preferences")} onClose={onClose}>
      <div className="content">
        <Segments
          legend={t("theme")}
          value={preferences.theme}
          onChange={(theme) => store.set({ theme })}
          options={[
            ["system", t("themeSystem")],
            ["light", t("themeLight")],
            ["dark", t("themeDark")],
          ]}
        />
        <Segments
          legend={t("contrast")}
          value={preferences.contrast}
          onChange={(contrast) => store.set({ contrast })}
          options={[
            ["system", t("contrastSystem")],
            ["more", t("contrastMore")],
          ]}
        />
        <Segments
          legend={t("density")}
          value={preferences.density}
          onChange={(density) => store.set({ density })}
          options={[
            ["comfortable", t("densityComfortable")],
            ["compact", t("densityCompact")],
          ]}
        />
        <Choice
          label={t("language")}
          value={preferences.language}
          onChange={(language) => {
            store.set({ language });
            void changeLanguage(language);
          }}
          options={[["system", t("languageSystem")], ...languages]}
        />
        <AlertsChoice store={store} />
        <div className="sign-out">
          {isGuest ? <p className="hint">{t("signOutGuestHint")}</p> : null}
          <button type="button" className="button" onClick={signOut}>
            {t(isGuest ? "signOutGuest" : "signOut")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
