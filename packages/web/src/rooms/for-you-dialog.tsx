/** How the reader wants to see one room: what they are told of, for how long it is mute, and where it is listed. */
import {
  Choice,
  codeOf,
  Dialog,
  Field,
  isMuted,
  Segments,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { newSection, sectionNameLength } from "./sections.ts";
import { spanText } from "./spans.ts";
import { isolated, useSubject } from "./use-subject.ts";

const hour = 3_600;
/** Seconds that a room can be muted for. */
const spans = [hour, 8 * hour, 24 * hour, 7 * 24 * hour] as const;
/** No section has an id like it. */
const none = "none ";
const other = "new ";

/** Every choice takes effect at once, on all devices. `subject` is the room. */
export function ForYouDialog(props: DialogProps): ReactNode {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const room = useSubject(props);
  const wish = useChatState((state) => state.preferences.rooms[props.subject ?? ""]) ?? {};
  const sections = useChatState((state) => state.preferences.everywhere.sections) ?? [];
  const [isNaming, setNaming] = useState(false);
  const [problem, setProblem] = useState<string>();
  if (room === undefined) return null;
  const prefer = async (changes: Parameters<typeof chat.prefer>[1]): Promise<void> => {
    setProblem(undefined);
    await chat.prefer(room.id, changes).catch((error: unknown) => {
      setProblem(failureText(codeOf(error)));
    });
  };
  const mute = (choice: string): void => {
    if (choice === "kept") return;
    const seconds = Number(choice);
    const until =
      choice === "not"
        ? null
        : choice === "forever"
          ? "forever"
          : new Date(Date.now() + seconds * 1_000).toISOString();
    void prefer({ muted_until: until });
  };
  // What the app tells of where nobody has said otherwise.
  const usual = room.kind === "direct" ? "all" : "mentions";
  const until = wish.muted_until;
  const isMute = isMuted(wish, Date.now());
  const time =
    until === undefined || until === "forever"
      ? ""
      : new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" }).format(
          new Date(until),
        );
  const muteValue = !isMute ? "not" : until === "forever" ? "forever" : "kept";
  const place = sections.some(({ id }) => id === wish.section) ? (wish.section ?? none) : none;
  return (
    <Dialog title={t("forYouTitle", { room: isolated(room.title) })} onClose={props.onClose}>
      <div className="content">
        <Segments
          legend={t("level")}
          value={wish.level ?? usual}
          onChange={(level) => void prefer({ level: level === usual ? null : level })}
          options={[
            ["all", t("levelAll")],
            ["mentions", t("levelMentions")],
            ["nothing", t("levelNothing")],
          ]}
        />
        <Choice
          label={t("muteFor")}
          value={muteValue}
          onChange={mute}
          options={[
            ["not", t("muteNot")],
            ...(muteValue === "kept" ? [["kept", t("muteUntil", { time })] as const] : []),
            ...spans.map(
              (span) =>
                [String(span), t("muteSpan", { span: spanText(i18n.language, span) })] as const,
            ),
            ["forever", t("muteForever")],
          ]}
        />
        <Choice
          label={t("section")}
          value={isNaming ? other : place}
          onChange={(choice) => {
            setNaming(choice === other);
            if (choice !== other) void prefer({ section: choice === none ? null : choice });
          }}
          options={[
            [none, t("sectionNone")],
            ...sections.map(({ id, name }) => [id, name] as const),
            [other, `${t("sectionNew")} …`],
          ]}
        />
        {isNaming ? (
          <NewSection
            onMade={(section) => {
              setNaming(false);
              void prefer({ section });
            }}
            onFailed={setProblem}
          />
        ) : null}
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
      </div>
    </Dialog>
  );
}

function NewSection({
  onMade,
  onFailed,
}: {
  onMade: (id: string) => void;
  onFailed: (problem: string) => void;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [name, setName] = useState("");
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const section = newSection(name);
    const before = chat.get().preferences.everywhere.sections ?? [];
    try {
      await chat.preferEverywhere({ sections: [...before, section] });
      onMade(section.id);
    } catch (error) {
      onFailed(failureText(codeOf(error)));
    }
  };
  return (
    <form className="with-button" onSubmit={(event) => void make(event)}>
      <Field
        label={t("sectionName")}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={sectionNameLength}
        required
        autoFocus
        dir="auto"
        autoComplete="off"
      />
      <button type="submit" className="button" disabled={name.trim() === ""}>
        {t("sectionAdd")}
      </button>
    </form>
  );
}
