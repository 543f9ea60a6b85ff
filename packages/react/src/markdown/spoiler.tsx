/** Text that shows when one asks for it. */
import { type ReactNode, useState } from "react";
import { useTexts } from "../texts/texts.tsx";

/** Hidden from screen readers too, until it is opened. */
export function Spoiler({ children }: { children: ReactNode }): ReactNode {
  const { t } = useTexts();
  const [isOpen, setOpen] = useState(false);
  if (isOpen) return <span className="spoiler open">{children}</span>;
  return (
    <button
      type="button"
      className="spoiler"
      aria-label={t("spoiler")}
      title={t("spoiler")}
      onClick={() => setOpen(true)}
    >
      <span aria-hidden="true" className="spoiler-text">
        {children}
      </span>
    </button>
  );
}
