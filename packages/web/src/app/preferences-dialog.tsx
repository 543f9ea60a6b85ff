/** How the app looks, and the way out. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useChatState } from "../chat/context.ts";
import { changeLanguage } from "../i18n/index.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Segments } from "../ui/field.tsx";
import { type PreferenceStore, usePreferences } from "./preferences.ts";

/** Every choice takes effect at once. */
export function PreferencesDialog({
  store,
  onClose,
  onSignOut,
}: {
  store: PreferenceStore;
  onClose: () => void;
  onSignOut: () => void;
}): ReactNode {
  const { t } = useTranslation();
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
        <Segments
          legend={t("language")}
          value={preferences.language}
          onChange={(language) => {
            store.set({ language });
            changeLanguage(language);
          }}
          options={[
            ["system", t("languageSystem")],
            ["en", "English"],
            ["de", "Deutsch"],
          ]}
        />
        <div className="sign-out">
          {isGuest ? <p className="hint">{t("signOutGuestHint")}</p> : null}
          <button type="button" className="button" onClick={onSignOut}>
            {t(isGuest ? "signOutGuest" : "signOut")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
