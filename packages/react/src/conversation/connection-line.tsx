/** One calm line when the server is not there. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { useFailureText } from "../chat/failure-text.ts";
import type { Link } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";

/**
 * Shows nothing while connected. Lies over the history, so that nothing moves when it comes and goes.
 *
 * @param onUseHere Takes the conversation over from another window; a new attempt if absent.
 */
export function ConnectionLine({ onUseHere }: { onUseHere?: () => void }): ReactNode {
  const link = useChatState((state) => state.link);
  const wasOnline = useRef(false);
  if (link.kind === "online") wasOnline.current = true;
  const isFirst = link.kind === "connecting" && !wasOnline.current;
  return (
    <div className="connection">
      <div
        className={isFirst ? "connection-bar first" : "connection-bar"}
        data-testid="connection"
        data-state={link.kind}
        role="status"
      >
        {link.kind === "connecting" ? <Connecting isFirst={isFirst} /> : null}
        {link.kind === "waiting" ? <Waiting link={link} /> : null}
        {link.kind === "closed" ? <Closed code={link.code} onUseHere={onUseHere} /> : null}
      </div>
    </div>
  );
}

/** A first connection that is there at once needs no word; the style sheet shows this one late. */
function Connecting({ isFirst }: { isFirst: boolean }): ReactNode {
  const { t } = useTexts();
  return <p>{isFirst ? t("connecting") : t("waitingSoon")}</p>;
}

function Waiting({ link }: { link: Extract<Link, { readonly kind: "waiting" }> }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const seconds = Math.max(0, Math.ceil((link.retryAt - useNow()) / 1_000));
  return (
    <>
      <p>
        {seconds === 0 ? t("waitingSoon") : t("waitingFor", { seconds })}{" "}
        <span className="quiet">{t("offlineNote")}</span>
      </p>
      <button type="button" className="link" onClick={() => chat.tryNow()}>
        {t("tryNow")}
      </button>
    </>
  );
}

function Closed({
  code,
  onUseHere,
}: {
  code: string;
  onUseHere: (() => void) | undefined;
}): ReactNode {
  const { t } = useTexts();
  const failureText = useFailureText();
  const chat = useChat();
  if (code === "replaced") {
    return (
      <>
        <p>{t("replaced")}</p>
        <button type="button" className="link" onClick={onUseHere ?? chat.tryNow}>
          {t("useHere")}
        </button>
      </>
    );
  }
  if (code === "unsupported_version" || code === "too_many_bad_frames") {
    return (
      <>
        <p>{t("closedVersion")}</p>
        <button type="button" className="link" onClick={() => location.reload()}>
          {t("reload")}
        </button>
      </>
    );
  }
  return (
    <>
      <p>{t("closedFor", { reason: failureText(code) })}</p>
      <button type="button" className="link" onClick={() => chat.tryNow()}>
        {t("tryNow")}
      </button>
    </>
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
