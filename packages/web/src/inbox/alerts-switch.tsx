/** Whether this browser tells of notifications while one looks elsewhere. */
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type PreferenceStore, usePreferences } from "../app/preferences.ts";
import { alertPermission, askPermission } from "./alerts.ts";

/** At the foot of the panel. The browser asks for its permission after a click only. */
export function AlertsSwitch({ store }: { store: PreferenceStore }): ReactNode {
  const { t } = useTranslation();
  const { alerts } = usePreferences(store);
  const [permission, setPermission] = useState(alertPermission);
  const turnOn = async (): Promise<void> => {
    const answer = await askPermission();
    setPermission(answer);
    if (answer === "granted") store.set({ alerts: "on" });
  };
  if (permission === "none") return null;
  if (permission === "denied") return <p className="inbox-alerts">{t("alertsDenied")}</p>;
  const isOn = alerts === "on" && permission === "granted";
  return (
    <div className="inbox-alerts" data-testid="alerts" data-state={isOn ? "on" : "off"}>
      <p>{t(isOn ? "alertsOnHint" : "alertsOffHint")}</p>
      {isOn ? (
        <button type="button" className="link" onClick={() => store.set({ alerts: "off" })}>
          {t("alertsTurnOff")}
        </button>
      ) : (
        <button type="button" className="button" onClick={() => void turnOn()}>
          {t("alertsTurnOn")}
        </button>
      )}
    </div>
  );
}
