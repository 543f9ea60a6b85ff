/** Behind a text that was edited: opens what it said before. */
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTexts } from "../texts/texts.tsx";

const VersionsDialog = lazy(async () => {
  const module = await import("./versions-dialog.tsx");
  return { default: module.VersionsDialog };
});

/** @param message Its id; undefined where it is not known to be stored. */
export function EditedMark({
  room,
  message,
}: {
  room: string;
  message: string | undefined;
}): ReactNode {
  const { t } = useTexts();
  const [isOpen, setOpen] = useState(false);
  if (message === undefined) return <span className="edited">{t("edited")}</span>;
  return (
    <>
      <button
        type="button"
        className="edited link"
        title={t("versions")}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        {t("edited")}
      </button>
      {isOpen ? (
        <Suspense fallback={null}>
          <VersionsDialog room={room} message={message} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
