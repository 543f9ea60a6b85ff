/** What a message is kept for: pinned for all, saved by the reader. */
import type { ReactNode } from "react";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import type { MessageRow } from "./rows.ts";

/** Small drawings behind the text, with names for who does not see them. */
export function KeptMarks({ row }: { row: MessageRow }): ReactNode {
  const { t } = useTexts();
  return (
    <>
      {row.isPinned ? (
        <span className="kept-mark" role="img" aria-label={t("pinned")} title={t("pinned")}>
          <Icon name="pin" small />
        </span>
      ) : null}
      {row.isSaved ? (
        <span className="kept-mark saved" role="img" aria-label={t("saved")} title={t("saved")}>
          <Icon name="bookmark" small />
        </span>
      ) : null}
    </>
  );
}
