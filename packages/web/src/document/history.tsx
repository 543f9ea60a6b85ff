/** What a document said: a slider over the versions that are kept, names for them, and going back. */
import { codeOf, Field, useChat, useFailureText } from "@parlance/react";
import { type FormEvent, Fragment, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { textOfUpdate } from "./open-document.ts";

type Chat = ReturnType<typeof useChat>;
type Room = Parameters<Chat["client"]["request"]>[0] extends { room: infer R } ? R : never;
type Version = Awaited<ReturnType<typeof listVersions>>[number];

/** A version's name is one line of at most this many UTF-16 code units (protocol). */
const nameLength = 120;

/** @param onShow What an earlier version says, on the screen in place of the document; undefined: the document again. */
export function DocumentHistory({
  room,
  mayWrite,
  onShow,
}: {
  room: string;
  mayWrite: boolean;
  onShow: (text: string | undefined) => void;
}): ReactNode {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const id = useId();
  const [versions, setVersions] = useState<readonly Version[]>();
  const [place, setPlace] = useState(0);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string>();
  const attempt = async (run: () => Promise<void>): Promise<void> => {
    setProblem(undefined);
    try {
      await run();
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
  };
  const load = async (): Promise<void> => {
    const listed = await listVersions(chat, room);
    setVersions(listed);
    setPlace(listed.length);
    onShow(undefined);
  };
  const close = (): void => {
    setVersions(undefined);
    onShow(undefined);
  };
  const show = (next: number): Promise<void> =>
    attempt(async () => {
      setPlace(next);
      const version = versions?.[next];
      onShow(version === undefined ? undefined : await textOf(chat, room, version));
    });
  const restore = (version: Version): Promise<void> =>
    attempt(async () => {
      await chat.client.request<"restore_document">({
        type: "restore_document",
        room: room as Room,
        version: version.version,
      });
      await load();
    });
  const keep = (event: FormEvent): Promise<void> => {
    event.preventDefault();
    return attempt(async () => {
      await chat.client.request<"name_document_version">({
        type: "name_document_version",
        room: room as Room,
        name: name.trim(),
      });
      setName("");
      await load();
    });
  };
  const chosen = versions?.[place];
  const label = chosen === undefined ? [t("documentNow")] : labelOf(chosen, i18n.language);
  return (
    <div className="document-history">
      <button
        type="button"
        className="link"
        aria-expanded={versions !== undefined}
        onClick={() => (versions === undefined ? void attempt(load) : close())}
      >
        {t("documentHistory")}
      </button>
      {versions === undefined ? null : (
        <div className="document-versions">
          {versions.length === 0 ? (
            <p className="hint">{t("documentNoVersions")}</p>
          ) : (
            <div className="document-slider">
              <label htmlFor={id}>{t("documentVersion")}</label>
              <input
                id={id}
                type="range"
                min={0}
                max={versions.length}
                value={place}
                aria-valuetext={label.join(" · ")}
                onChange={(event) => void show(Number(event.target.value))}
              />
              <span data-testid="version-label">
                {label.map((part, index) => (
                  // oxlint-disable-next-line react/no-array-index-key -- parts have their places
                  <Fragment key={index}>
                    {index === 0 ? null : " · "}
                    <bdi>{part}</bdi>
                  </Fragment>
                ))}
              </span>
              {chosen === undefined || !mayWrite ? null : (
                <button type="button" className="button" onClick={() => void restore(chosen)}>
                  {t("documentRestore")}
                </button>
              )}
            </div>
          )}
          {mayWrite ? (
            <form className="document-name" onSubmit={(event) => void keep(event)}>
              <Field
                label={t("documentVersionName")}
                value={name}
                onChange={(event) => setName(event.target.value)}
                maxLength={nameLength}
                required
                dir="auto"
                autoComplete="off"
              />
              <button type="submit" className="button" disabled={name.trim() === ""}>
                {t("documentNameVersion")}
              </button>
            </form>
          ) : null}
        </div>
      )}
      <p role="alert" className="problem">
        {problem}
      </p>
    </div>
  );
}

/** The newest of them, the oldest first. */
async function listVersions(chat: Chat, room: string) {
  const { versions } = await chat.client.request<"list_document_versions">({
    type: "list_document_versions",
    room: room as Room,
    limit: 100,
  });
  return versions.toReversed();
}

async function textOf(chat: Chat, room: string, { version }: Version): Promise<string> {
  const { update } = await chat.client.request<"get_document_version">({
    type: "get_document_version",
    room: room as Room,
    version,
  });
  return textOfUpdate(update);
}

/** Its name, who named it, and when it was kept: each in its own direction. */
function labelOf({ name, author_name: by, time }: Version, language: string): readonly string[] {
  const when = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  return [name, by, when.format(new Date(time))].filter((part) => part !== undefined);
}
