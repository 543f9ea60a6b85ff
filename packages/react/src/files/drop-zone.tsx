/** Takes files that are dropped anywhere on a conversation. */
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";

/** @param room Its title, for the words that show while files are over it. */
export function DropZone({
  room,
  onFiles,
  children,
}: {
  room: string;
  onFiles: ((files: readonly File[]) => void) | undefined;
  children: ReactNode;
}): ReactNode {
  const { t } = useTexts();
  /** Elements below each other are entered and left in turn. */
  const depth = useRef(0);
  const [isOver, setOver] = useState(false);
  const enter = (step: 1 | -1): void => {
    depth.current = Math.max(0, depth.current + step);
    setOver(depth.current > 0);
  };
  if (onFiles === undefined) return children;
  return (
    // For the mouse; by keyboard files are attached in the composer.
    <div
      className="drop-zone"
      onDragEnter={(event) => hasFiles(event) && enter(1)}
      onDragLeave={(event) => hasFiles(event) && enter(-1)}
      onDragOver={(event) => {
        if (hasFiles(event)) event.preventDefault();
      }}
      onDrop={(event) => {
        depth.current = 0;
        setOver(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        onFiles([...event.dataTransfer.files]);
      }}
    >
      {children}
      {isOver ? (
        <div className="drop-note" aria-hidden="true">
          <Icon name="attach" />
          {t("dropFiles", { room: `\u2068${room}\u2069` })}
        </div>
      ) : null}
    </div>
  );
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes("Files");
}
