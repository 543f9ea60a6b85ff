/** What a room is called and how it behaves: to set for its staff, to read for everybody else. */
import type { RoomChanges } from "@parlance/client";
import {
  Choice,
  codeOf,
  Dialog,
  Field,
  isStaff,
  type RoomState,
  Segments,
  useChat,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { AboutRoom } from "./about-room.tsx";
import { PictureFields } from "./picture-fields.tsx";
import { spanText } from "./spans.ts";
import { isolated, useSubject } from "./use-subject.ts";
import { WhoMay } from "./who-may.tsx";

/** Of the protocol: `titleLength`, `topicLength`, `descriptionLength`, in UTF-16 code units. */
const lengths = { title: 120, topic: 250, description: 2_000 } as const;
/** Seconds between two messages of one person. */
const slow = [5, 10, 30, 60, 300, 900, 3_600, 21_600] as const;

/** `subject` is the room. */
export function SettingsDialog(props: DialogProps): ReactNode {
  const { t } = useTranslation();
  const room = useSubject(props);
  if (room === undefined) return null;
  const mayChange = isStaff(room);
  const name = isolated(room.title);
  return (
    <Dialog
      title={t(mayChange ? "settingsTitle" : "aboutTitle", { room: name })}
      onClose={props.onClose}
    >
      {mayChange ? <Form room={room} /> : <AboutRoom room={room} />}
    </Dialog>
  );
}

/** What is not touched follows what others set meanwhile. */
function Form({ room }: { room: RoomState }): ReactNode {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const areaId = useId();
  const [changes, setChanges] = useState<RoomChanges>({});
  const [isWorking, setWorking] = useState(false);
  const [isSaved, setSaved] = useState(false);
  const [problem, setProblem] = useState<string>();
  const { settings } = room;
  const change = (more: RoomChanges): void => {
    setChanges((before) => ({ ...before, ...more }));
    setSaved(false);
  };
  const textOf = (name: "topic" | "description"): string =>
    (changes[name] === undefined ? settings[name] : changes[name]) ?? "";
  const setText = (name: "topic" | "description", text: string): void =>
    change({ [name]: text.trim() === "" ? null : text });
  const slowed =
    (changes.slow_mode_s === undefined ? settings.slow_mode_s : changes.slow_mode_s) ?? 0;
  const lines = (changes.system_lines ?? settings.system_lines) !== false;
  const receipts = changes.receipts === undefined ? settings.receipts : changes.receipts;
  const history = changes.history ?? settings.history;
  const listed = (changes.listed ?? settings.listed) === true;
  const title = changes.title ?? room.title;
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (Object.keys(changes).length === 0) return;
    setWorking(true);
    setProblem(undefined);
    try {
      await chat.updateRoom(room.id, changes);
      setChanges({});
      setSaved(true);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
    setWorking(false);
  };
  return (
    <form className="content room-settings" onSubmit={(event) => void save(event)}>
      <Field
        label={t("roomTitle")}
        value={title}
        onChange={(event) => change({ title: event.target.value })}
        maxLength={lengths.title}
        required
        data-autofocus
        dir="auto"
        autoComplete="off"
      />
      <Field
        label={t("topic")}
        hint={t("topicHint")}
        value={textOf("topic")}
        onChange={(event) => setText("topic", event.target.value)}
        maxLength={lengths.topic}
        dir="auto"
        autoComplete="off"
      />
      <div className="field">
        <label htmlFor={areaId}>{t("description")}</label>
        <textarea
          id={areaId}
          className="input"
          rows={3}
          value={textOf("description")}
          onChange={(event) => setText("description", event.target.value)}
          maxLength={lengths.description}
          dir="auto"
        />
      </div>
      <PictureFields
        room={room}
        value={(changes.avatar === undefined ? settings.avatar : changes.avatar) ?? undefined}
        onChange={(avatar) => change({ avatar: avatar ?? null })}
      />
      <Choice
        label={t("slowMode")}
        value={String(slowed)}
        onChange={(choice) => change({ slow_mode_s: choice === "0" ? null : Number(choice) })}
        options={[
          ["0", t("slowOff")],
          ...[...new Set([...slow, ...(slowed === 0 ? [] : [slowed])])]
            .toSorted((a, b) => a - b)
            .map(
              (span) =>
                [String(span), t("slowEvery", { span: spanText(i18n.language, span) })] as const,
            ),
        ]}
      />
      <Segments
        legend={t("systemLines")}
        value={lines ? "shown" : "hidden"}
        onChange={(choice) => change({ system_lines: choice === "shown" })}
        options={[
          ["shown", t("shown")],
          ["hidden", t("hidden")],
        ]}
      />
      <Choice
        label={t("receipts")}
        value={
          receipts === undefined || receipts === null ? "usual" : receipts ? "shown" : "hidden"
        }
        onChange={(choice) => change({ receipts: choice === "usual" ? null : choice === "shown" })}
        options={[
          ["usual", t("receiptsDefault")],
          ["shown", t("shown")],
          ["hidden", t("hidden")],
        ]}
      />
      {room.kind === "private" ? (
        <Choice
          label={t("historyRead")}
          value={history === "since_joined" ? "since_joined" : "all"}
          onChange={(choice) => change({ history: choice })}
          options={[
            ["all", t("historyAll")],
            ["since_joined", t("historySince")],
          ]}
        />
      ) : null}
      {room.kind === "private" || room.kind === "document" ? (
        <Choice
          label={t("listed")}
          value={listed ? "on" : "off"}
          onChange={(choice) => change({ listed: choice === "on" })}
          options={[
            ["off", t("listedOff")],
            ["on", t("listedOn")],
          ]}
        />
      ) : null}
      <WhoMay room={room} />
      <div className="actions">
        <p className={problem === undefined ? "hint" : "problem"} role="status">
          {problem ?? (isSaved ? t("settingsSaved") : "")}
        </p>
        <button
          type="submit"
          className="button primary"
          disabled={isWorking || title.trim() === "" || Object.keys(changes).length === 0}
        >
          {isWorking ? t("working") : t("save")}
        </button>
      </div>
    </form>
  );
}
