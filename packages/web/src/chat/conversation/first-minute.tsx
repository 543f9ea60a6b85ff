/** Three things to try, on a server that somebody runs on their own machine and has just started. */

import type { RoomState } from "@parlance/react";
import { Icon, local, readStored, writeStored } from "@parlance/react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { onePane } from "../../app/widths.ts";

const dismissedKey = "parlance.first-minute";
/** A room with more than this is in use; who comes there needs no introduction. */
const fewEvents = 12;

/** Shown on a loopback address while the room is nearly empty, until it is dismissed. */
export function FirstMinute({ room, token }: { room: RoomState; token: string }): ReactNode {
  const { t } = useTranslation();
  // Decided once: the card must not go away under the pointer because somebody wrote.
  const [isShown, setShown] = useState(
    () =>
      isLoopback(location.hostname) &&
      room.head - room.floor <= fewEvents &&
      readStored(local, dismissedKey) === undefined,
  );
  // On a phone the conversation needs the height: one line that opens.
  const [isOpen, setOpen] = useState(() => !onePane().matches);
  if (!isShown) return null;
  const dismiss = (): void => {
    writeStored(local, dismissedKey, "done");
    setShown(false);
  };
  return (
    <section className="first-minute" aria-label={t("firstMinute")}>
      <header>
        <h2>
          <button
            type="button"
            className="fold"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="fold" small />
            {t("firstMinute")}
          </button>
        </h2>
        <button
          type="button"
          className="icon-button"
          aria-label={t("dismiss")}
          title={t("dismiss")}
          onClick={dismiss}
        >
          <Icon name="close" small />
        </button>
      </header>
      <ol hidden={!isOpen}>
        <li>
          <h3>{t("firstWindow")}</h3>
          <p>
            {t("firstWindowText")}{" "}
            <a href={location.pathname} target="_blank" rel="noopener">
              {t("firstOpen")}
            </a>
          </p>
        </li>
        <li>
          <h3>{t("firstCurl")}</h3>
          <p>{t("firstCurlText")}</p>
          <CopyLine text={curlLine(location.origin, room.id, token)} />
        </li>
        <li>
          <h3>{t("firstKill")}</h3>
          <p>{t("firstKillText", { command: "kill -9" })}</p>
        </li>
      </ol>
    </section>
  );
}

function CopyLine({ text }: { text: string }): ReactNode {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <div className="copy-line">
      <code dir="ltr">{text}</code>
      <button type="button" className="button" onClick={() => void copy().catch(() => undefined)}>
        <Icon name={isCopied ? "check" : "copy"} small />
        <span aria-live="polite">{t(isCopied ? "copied" : "copy")}</span>
      </button>
    </div>
  );
}

/** The command that writes into a room. Room ids and tokens have no character that a shell acts on. */
export function curlLine(origin: string, room: string, token: string): string {
  const url = `${origin}/api/v1/rooms/${room}/messages`;
  return `curl ${url} -H 'authorization: Bearer ${token}' -H 'content-type: application/json' -d '{"text":"Hello from a terminal"}'`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
