/** A native modal dialog: focus is kept in, Esc closes, focus returns to where it was. */
import { type MouseEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { useTexts } from "../texts/texts.tsx";
import { activeIn } from "./focus.ts";
import { Icon } from "./icons.tsx";
import { useLayer } from "./layer.ts";

/** Open as long as it is rendered; `onClose` asks the owner to stop rendering it. */
export function Dialog({
  title,
  onClose,
  children,
  className = "",
  bare = false,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
  /** Without a visible heading; the title is read out only. */
  bare?: boolean;
}): ReactNode {
  const { t } = useTexts();
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayer(onClose);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null || dialog.open) return;
    const before = activeIn(dialog);
    dialog.showModal();
    dialog.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const closeOnBackdrop = (event: MouseEvent<HTMLDialogElement>): void => {
    if (event.target === ref.current) onClose();
  };
  return (
    // The backdrop is a convenience for the mouse; Esc does the same by keyboard.
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onClick={closeOnBackdrop}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className={bare ? "hidden-visually" : ""}>
        <h2 id={titleId}>{title}</h2>
        {bare ? null : (
          <button type="button" className="icon-button" aria-label={t("close")} onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
