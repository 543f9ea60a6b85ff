/** A file in the conversation: a picture where it is one, else its name and size; a click saves it. */
import { type ReactNode, useEffect, useState } from "react";
import { useChat } from "../chat/context.ts";
import type { SharedFile } from "../conversation/rows.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { fileSize } from "./file-size.ts";

/** Kinds that every browser shows as a picture. SVG is none of them: it is a document. */
const pictures: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
]);
/** Larger pictures are fetched when somebody wants them. Bytes. */
const mostShown = 8_000_000;

/** Without a way to load files (`ChatOptions.loadFile`), name and size only. */
export function FileCard({ file }: { file: SharedFile }): ReactNode {
  const { t, language } = useTexts();
  const { loadFile } = useChat();
  const isPicture = pictures.has(file.mediaType) && file.bytes <= mostShown;
  const picture = usePicture(file.id, isPicture ? loadFile : undefined);
  const [state, setState] = useState<"idle" | "loading" | "failed">("idle");
  const save = async (): Promise<void> => {
    if (loadFile === undefined) return;
    setState("loading");
    try {
      saveAs(await loadFile(file.id), file.name);
      setState("idle");
    } catch {
      setState("failed");
    }
  };
  const size = fileSize(file.bytes, language);
  return (
    <figure className="file" data-testid="file">
      {isPicture && loadFile !== undefined ? (
        <div className="file-picture">
          {picture === undefined ? null : picture === null ? (
            <p className="quiet">{t("fileFailed")}</p>
          ) : (
            <img src={picture} alt={file.name} />
          )}
        </div>
      ) : null}
      <figcaption>
        <Icon name="file" />
        <span className="file-name">
          <bdi>{file.name}</bdi>
          <span className="quiet">{state === "failed" ? t("fileFailed") : size}</span>
        </span>
        {loadFile === undefined ? null : (
          <button
            type="button"
            className="icon-button"
            aria-label={t("fileSave", { name: file.name })}
            title={t("fileSave", { name: file.name })}
            disabled={state === "loading"}
            onClick={() => void save()}
          >
            <Icon name="download" />
          </button>
        )}
      </figcaption>
    </figure>
  );
}

/** An address of the picture within this page: undefined until it is loaded, null where it cannot be. */
function usePicture(
  id: string,
  loadFile: ((id: string) => Promise<Blob>) | undefined,
): string | null | undefined {
  const [address, setAddress] = useState<string | null>();
  useEffect(() => {
    if (loadFile === undefined) return;
    let made: string | undefined;
    let isOver = false;
    loadFile(id).then(
      (content) => {
        if (isOver) return;
        made = URL.createObjectURL(content);
        setAddress(made);
      },
      () => isOver || setAddress(null),
    );
    return () => {
      isOver = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [id, loadFile]);
  return address;
}

/** How long a browser may take to begin saving. Milliseconds. */
const saveMs = 60_000;

/** Security: as a download only, so that no content ever runs in this page. */
function saveAs(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), saveMs);
}
