/** Who one is, as others may see it. */
import type { OwnProfile, ProfileChanges } from "@parlance/client";
import {
  Avatar,
  Choice,
  codeOf,
  Dialog,
  Field,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { smallPicture } from "./picture.ts";

/** Of single lines, and of what one says about oneself (protocol, `statusLength`, `topicLength`). */
const lineLength = 64;
const aboutLength = 250;

/** Once it is known what was said. */
export function ProfileDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const own = useChatState((state) => state.own);
  return (
    <Dialog title={t("profileTitle")} onClose={onClose}>
      {own === undefined ? (
        <div className="content late" aria-busy="true">
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      ) : (
        <div className="content">
          <Picture own={own} />
          <ProfileForm own={own} onClose={onClose} />
        </div>
      )}
    </Dialog>
  );
}

function Picture({ own }: { own: OwnProfile }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const me = useChatState((state) => state.me);
  const failureText = useFailureText();
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string>();
  const [isWorking, setWorking] = useState(false);
  const set = async (file: File | null): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      const picture = file === null ? null : await smallPicture(file);
      if (picture === undefined) setProblem(t("pictureUnreadable"));
      else await chat.setPicture(picture);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
    setWorking(false);
  };
  return (
    <div className="picture">
      <Avatar id={me.id} name={own.name} large />
      <div>
        <input
          ref={input}
          type="file"
          accept="image/*"
          className="hidden-visually"
          tabIndex={-1}
          aria-hidden="true"
          data-testid="picture-file"
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = "";
            if (file !== undefined) void set(file);
          }}
        />
        <button
          type="button"
          className="button"
          disabled={isWorking}
          onClick={() => input.current?.click()}
        >
          {isWorking ? t("working") : t("choosePicture")}
        </button>
        {own.picture === undefined ? null : (
          <button type="button" className="button" onClick={() => void set(null)}>
            {t("removePicture")}
          </button>
        )}
        <p className={problem === undefined ? "hint" : "problem"} role="status">
          {problem ?? t("pictureHint")}
        </p>
      </div>
    </div>
  );
}

function ProfileForm({ own, onClose }: { own: OwnProfile; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const isNamedElsewhere = useChatState((state) => state.me.kind === "external");
  const [name, setName] = useState(own.name);
  const [title, setTitle] = useState(own.title ?? "");
  const [pronouns, setPronouns] = useState(own.pronouns ?? "");
  const [about, setAbout] = useState(own.about ?? "");
  const [zone, setZone] = useState(own.time_zone ?? "");
  const [problem, setProblem] = useState<string>();
  const [isWorking, setWorking] = useState(false);

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    const line = (text: string): string | null => text.trim() || null;
    const changes: ProfileChanges = {
      ...(isNamedElsewhere || name.trim() === own.name ? {} : { name: name.trim() }),
      title: line(title),
      pronouns: line(pronouns),
      about: line(about),
      time_zone: line(zone),
    };
    try {
      await chat.setProfile(changes);
      onClose();
    } catch (error) {
      const code = codeOf(error);
      setProblem(code === "bad_request" ? t("profileRefused") : failureText(code));
      setWorking(false);
    }
  };
  return (
    <form className="fields" onSubmit={(event) => void save(event)}>
      <Field
        label={t("displayName")}
        hint={isNamedElsewhere ? t("namedElsewhere") : undefined}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={lineLength}
        disabled={isNamedElsewhere}
        required
        dir="auto"
        autoComplete="nickname"
      />
      <Field
        label={t("profileRole")}
        value={title}
        onChange={(event) => setTitle(event.target.value)}
        maxLength={lineLength}
        placeholder={t("profileRolePlaceholder")}
        dir="auto"
        autoComplete="organization-title"
      />
      <Field
        label={t("pronouns")}
        value={pronouns}
        onChange={(event) => setPronouns(event.target.value)}
        maxLength={lineLength}
        dir="auto"
        autoComplete="off"
      />
      <Field
        label={t("about")}
        value={about}
        onChange={(event) => setAbout(event.target.value)}
        maxLength={aboutLength}
        dir="auto"
        autoComplete="off"
      />
      <Choice
        label={t("timeZone")}
        value={zone}
        options={zonesWith(zone, t("timeZoneNone"))}
        onChange={setZone}
      />
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {t("cancel")}
        </button>
        <button type="submit" className="button primary" disabled={isWorking || name.trim() === ""}>
          {isWorking ? t("working") : t("save")}
        </button>
      </div>
    </form>
  );
}

/** The one of this browser first, as it is nearly always the one. */
function zonesWith(current: string, none: string): readonly (readonly [string, string])[] {
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const names = new Set([
    here,
    ...(current === "" ? [] : [current]),
    ...Intl.supportedValuesOf("timeZone"),
  ]);
  return [["", none], ...[...names].map((name) => [name, name.replaceAll("_", " ")] as const)];
}
