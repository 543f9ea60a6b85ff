/** A room's picture: one that was shared in the room, or a sign on a colour. */
import type { FileView, RoomAvatar } from "@parlance/client";
import { Choice, Field, type RoomState, useChat } from "@parlance/react";
import { type CSSProperties, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { RoomMark } from "../chat/rooms/room-mark.tsx";

/** Legible under white letters and on both themes. */
const colours = [
  "#8a4b2b",
  "#7a5a00",
  "#3f6b2a",
  "#1f6f6b",
  "#2b5fa5",
  "#5b4aa8",
  "#93397a",
  "#59605f",
];
/** Pictures of the room that are offered at most; the newest come first. */
const mostPictures = 30;
/** Kinds that every browser shows as a picture, and that are no documents. */
const pictureTypes = /^image\/(?:png|jpeg|gif|webp|avif)$/;

/** @param value Undefined: none. */
export function PictureFields({
  room,
  value,
  onChange,
}: {
  room: RoomState;
  value: RoomAvatar | undefined;
  onChange: (value: RoomAvatar | undefined) => void;
}): ReactNode {
  const { t } = useTranslation();
  const pictures = usePictures(room.id);
  const file = value !== undefined && "file" in value ? value.file : undefined;
  const sign = value !== undefined && !("file" in value) ? value : undefined;
  const choose = (choice: string): void => {
    if (choice === "none") onChange(undefined);
    else if (choice === "sign") onChange({ colour: colours[0] ?? "" });
    else {
      const picture = pictures.find((one) => one.file_id === choice);
      if (picture !== undefined) onChange({ file: picture.file_id });
    }
  };
  const isKnown = file === undefined || pictures.some((one) => one.file_id === file);
  const { avatar: _before, ...others } = room.settings;
  const settings = value === undefined ? others : { ...others, avatar: value };
  return (
    <fieldset className="picture-fields">
      <div className="picture-now">
        <RoomMark room={{ ...room, settings }} />
        <Choice
          label={t("picture")}
          value={file ?? (sign === undefined ? "none" : "sign")}
          onChange={choose}
          options={[
            ["none", t("pictureNone")],
            ["sign", t("pictureSign")],
            ...(isKnown || file === undefined ? [] : [[file, t("picture")] as const]),
            ...pictures.map((one) => [one.file_id, one.name] as const),
          ]}
        />
      </div>
      {sign === undefined ? null : (
        <div className="sign-fields">
          <Field
            label={t("pictureEmoji")}
            hint={t("pictureEmojiHint")}
            value={sign.emoji ?? ""}
            onChange={(event) => {
              const emoji = lastSign(event.target.value);
              const colour = sign.colour === undefined ? {} : { colour: sign.colour };
              if (emoji !== "") onChange({ ...colour, emoji });
              else onChange({ colour: sign.colour ?? colours[0] ?? "" });
            }}
            autoComplete="off"
          />
          <div className="field" role="radiogroup" aria-label={t("pictureColour")}>
            <span className="legend" aria-hidden="true">
              {t("pictureColour")}
            </span>
            <div className="swatches">
              {colours.map((colour, index) => (
                <label
                  key={colour}
                  className="swatch"
                  style={{ "--mark": colour } as CSSProperties}
                >
                  <input
                    type="radio"
                    name="room-colour"
                    aria-label={`${t("pictureColour")} ${index + 1}`}
                    checked={sign.colour === colour}
                    onChange={() => onChange({ ...sign, colour })}
                  />
                </label>
              ))}
            </div>
          </div>
        </div>
      )}
    </fieldset>
  );
}

/** One sign: what was typed last takes the place of what was there. */
function lastSign(text: string): string {
  const signs = [...new Intl.Segmenter().segment(text.trim())];
  return signs.at(-1)?.segment ?? "";
}

/** The room's pictures, the newest first; none until they are here, and where they cannot be asked for. */
function usePictures(room: string): readonly FileView[] {
  const { client } = useChat();
  const [files, setFiles] = useState<readonly FileView[]>([]);
  useEffect(() => {
    let isOver = false;
    client
      .room(room)
      .files({ limit: 200 })
      .then(
        (all) => {
          const pictures = all.filter((one) => pictureTypes.test(one.media_type));
          if (!isOver) setFiles(pictures.slice(0, mostPictures));
        },
        () => undefined,
      );
    return () => {
      isOver = true;
    };
  }, [client, room]);
  return files;
}
