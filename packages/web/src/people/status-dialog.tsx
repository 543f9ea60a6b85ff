/** What one is at, and whether one may be disturbed. */
import type { Availability, ChosenStatus, OwnProfile } from "@parlance/client";
import {
  Choice,
  codeOf,
  Dialog,
  EmojiGrid,
  Field,
  fullTime,
  Icon,
  Popover,
  statusAt,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../i18n/index.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { type End, endAt, ends } from "./ends.ts";

/** A status is one line of at most this many UTF-16 code units (protocol, `statusLength`). */
const statusLength = 64;

type Choosable = Availability | "active";
const availabilities: readonly (readonly [Choosable, TextKey, TextKey])[] = [
  ["active", "stateActive", "activeHint"],
  ["away", "stateAway", "awayHint"],
  ["dnd", "stateDnd", "dndHint"],
  ["invisible", "stateInvisible", "invisibleHint"],
];

/** What many people say, with how long it usually lasts. */
const presets: readonly (readonly [string, TextKey, Exclude<End, "keep">])[] = [
  ["📅", "presetMeeting", "60"],
  ["🚲", "presetCommuting", "30"],
  ["🤒", "presetSick", "today"],
  ["🌴", "presetHoliday", "week"],
  ["🏡", "presetHome", "today"],
];

/** Once it is known what was chosen. */
export function StatusDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const own = useChatState((state) => state.own);
  return (
    <Dialog title={t("statusTitle")} onClose={onClose}>
      {own === undefined ? (
        <div className="content late" aria-busy="true">
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      ) : (
        <StatusForm own={own} onClose={onClose} />
      )}
    </Dialog>
  );
}

function StatusForm({ own, onClose }: { own: OwnProfile; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const shares = useChatState((state) => state.preferences.everywhere.shares_last_seen !== false);
  const now = Date.now();
  const isOver = own.availability_until !== undefined && Date.parse(own.availability_until) <= now;
  const chosen = isOver ? undefined : own.availability;
  const before = statusAt(own.status, now);
  const [availability, setAvailability] = useState<Choosable>(chosen ?? "active");
  const [until, setUntil] = useState<End>(endOf(isOver ? undefined : own.availability_until));
  const [emoji, setEmoji] = useState(before?.emoji ?? "");
  const [text, setText] = useState(before?.text ?? "");
  const [clearAfter, setClearAfter] = useState<End>(endOf(before?.until));
  const [isShared, setShared] = useState(shares);
  const [problem, setProblem] = useState<string>();
  const [isWorking, setWorking] = useState(false);
  const isEmpty = emoji === "" && text.trim() === "";

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    const status: ChosenStatus | null = isEmpty
      ? null
      : {
          ...(emoji === "" ? {} : { emoji }),
          ...(text.trim() === "" ? {} : { text: text.trim() }),
          ...untilOf(clearAfter, before?.until, "until"),
        };
    try {
      await chat.setProfile({
        availability: availability === "active" ? null : availability,
        ...(availability === "active"
          ? {}
          : untilOf(until, own.availability_until, "availability_until")),
        status,
      });
      if (isShared !== shares) await chat.preferEverywhere({ shares_last_seen: isShared });
      onClose();
    } catch (error) {
      setProblem(failureText(codeOf(error)));
      setWorking(false);
    }
  };
  return (
    <form className="content" onSubmit={(event) => void save(event)}>
      <div className="status-line">
        <EmojiButton emoji={emoji} onPick={setEmoji} />
        <Field
          label={t("statusText")}
          value={text}
          onChange={(event) => setText(event.target.value)}
          maxLength={statusLength}
          placeholder={t("statusPlaceholder")}
          dir="auto"
          autoComplete="off"
          data-autofocus
        />
      </div>
      {isEmpty ? (
        <ul className="presets">
          {presets.map(([sign, key, end]) => (
            <li key={key}>
              <button
                type="button"
                className="button"
                onClick={() => {
                  setEmoji(sign);
                  setText(t(key));
                  setClearAfter(end);
                }}
              >
                <span aria-hidden="true">{sign}</span> {t(key)}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <div className="status-end">
          <EndChoice
            label={t("clearAfter")}
            value={clearAfter}
            before={before?.until}
            onChange={setClearAfter}
          />
          <button
            type="button"
            className="button"
            onClick={() => {
              setEmoji("");
              setText("");
              setClearAfter("never");
            }}
          >
            {t("clearStatus")}
          </button>
        </div>
      )}
      <Availabilities value={availability} onChange={setAvailability} />
      {availability === "active" ? null : (
        <EndChoice
          label={t("availabilityUntil")}
          value={until}
          before={isOver ? undefined : own.availability_until}
          onChange={setUntil}
        />
      )}
      <label className="check-line">
        <input
          type="checkbox"
          checked={isShared}
          onChange={(event) => setShared(event.target.checked)}
        />
        <span>
          {t("sharesLastSeen")}
          <small className="hint">{t("sharesLastSeenHint")}</small>
        </span>
      </label>
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {t("cancel")}
        </button>
        <button type="submit" className="button primary" disabled={isWorking}>
          {isWorking ? t("working") : t("save")}
        </button>
      </div>
    </form>
  );
}

function Availabilities({
  value,
  onChange,
}: {
  value: Choosable;
  onChange: (value: Choosable) => void;
}): ReactNode {
  const { t } = useTranslation();
  return (
    <fieldset className="options">
      <legend>{t("availability")}</legend>
      {availabilities.map(([name, text, hint]) => (
        <label key={name} className="option">
          <input
            type="radio"
            name="availability"
            value={name}
            checked={value === name}
            onChange={() => onChange(name)}
          />
          <span
            className="presence-dot still"
            data-state={name === "invisible" ? "offline" : name}
          />
          <span>
            {t(text)}
            <small className="hint">{t(hint)}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function EmojiButton({
  emoji,
  onPick,
}: {
  emoji: string;
  onPick: (emoji: string) => void;
}): ReactNode {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement>();
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="icon-button status-emoji"
        aria-haspopup="dialog"
        aria-label={emoji === "" ? t("chooseEmoji") : `${t("chooseEmoji")}: ${emoji}`}
        onClick={() => setAnchor(button.current ?? undefined)}
      >
        {emoji === "" ? <Icon name="smile" /> : <span aria-hidden="true">{emoji}</span>}
      </button>
      {anchor === undefined ? null : (
        <Popover anchor={anchor} label={t("chooseEmoji")} onClose={() => setAnchor(undefined)}>
          <EmojiGrid
            onPick={(sign) => {
              onPick(sign);
              setAnchor(undefined);
            }}
          />
        </Popover>
      )}
    </>
  );
}

function EndChoice({
  label,
  value,
  before,
  onChange,
}: {
  label: string;
  value: End;
  before: string | undefined;
  onChange: (end: End) => void;
}): ReactNode {
  const { t, i18n } = useTranslation();
  const options = ends.map(([name, text]) => [name as End, t(text)] as const);
  const kept =
    before === undefined ? [] : [["keep" as End, fullTime(before, i18n.language)] as const];
  return <Choice label={label} value={value} options={[...kept, ...options]} onChange={onChange} />;
}

function endOf(until: string | undefined): End {
  return until === undefined ? "never" : "keep";
}

function untilOf<K extends string>(
  end: End,
  before: string | undefined,
  name: K,
): { readonly [N in K]?: string } {
  const until = end === "keep" ? before : endAt(end, new Date());
  return (until === undefined ? {} : { [name]: until }) as { readonly [N in K]?: string };
}
