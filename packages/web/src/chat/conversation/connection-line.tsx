/** One calm line when the server is not there. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChat, useChatState } from "../context.ts";
import { useFailureText } from "../failure-text.ts";
import type { Link } from "../model.ts";

/**
 * Shows nothing while connected. Lies over the history, so that nothing moves when it comes and goes.
 *
 * @param onUseHere Takes the conversation over from another window.
 */
export function ConnectionLine({ onUseHere }: { onUseHere: () => void }): ReactNode {
  const link = useChatState((state) => state.link);
  const wasOnline = useRef(false);
  if (link.kind === "online") wasOnline.current = true;
  return (
    <div
      className={`connection ${link.kind}`}
      data-testid="connection"
      data-state={link.kind}
      role="status"
    >
      {link.kind === "connecting" ? <Connecting again={wasOnline.current} /> : null}
      {link.kind === "waiting" ? <Waiting link={link} /> : null}
      {link.kind === "closed" ? <Closed code={link.code} onUseHere={onUseHere} /> : null}
    </div>
  );
}

function Connecting({ again }: { again: boolean }): ReactNode {
  const { t } = useTranslation();
  // A first connection that is there at once needs no word.
  return (
    <div className={again ? "connection-bar" : "connection-bar first"}>
      <p>{again ? t("waitingSoon") : t("connecting")}</p>
    </div>
  );
}

function Waiting({ link }: { link: Extract<Link, { readonly kind: "waiting" }> }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const seconds = Math.max(0, Math.ceil((link.retryAt - useNow()) / 1_000));
  return (
    <div className="connection-bar">
      <p>
        {seconds === 0 ? t("waitingSoon") : t("waitingFor", { seconds })}{" "}
        <span className="quiet">{t("offlineNote")}</span>
      </p>
      <button type="button" className="link" onClick={() => chat.tryNow()}>
        {t("tryNow")}
      </button>
    </div>
  );
}

function Closed({ code, onUseHere }: { code: string; onUseHere: () => void }): ReactNode {
  const { t } = useTranslation();
  const failureText = useFailureText();
  const chat = useChat();
  if (code === "replaced") {
    return (
      <div className="connection-bar">
        <p>{t("replaced")}</p>
        <button type="button" className="link" onClick={onUseHere}>
          {t("useHere")}
        </button>
      </div>
    );
  }
  if (code === "unsupported_version" || code === "too_many_bad_frames") {
    return (
      <div className="connection-bar">
        <p>{t("closedVersion")}</p>
        <button type="button" className="link" onClick={() => location.reload()}>
          {t("reload")}
        </button>
      </div>
    );
  }
  return (
    <div className="connection-bar">
      <p>{t("closedFor", { reason: failureText(code) })}</p>
      <button type="button" className="link" onClick={() => chat.tryNow()}>
        {t("tryNow")}
      </button>
    </div>
  );
}

/** The time, four times a second, for a countdown. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return now;
}
