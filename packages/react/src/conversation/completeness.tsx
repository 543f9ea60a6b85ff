/** The quiet line under the room's name: which part of the log is proved to be whole. */
import type { ReactNode } from "react";
import { useChat } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";

/** A click checks the whole room. */
export function Completeness({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const { check } = room;
  const isEmpty = room.head <= room.floor;
  const range = { from: room.floor + 1, to: room.head };
  const newer = check.kind === "complete" ? room.head - check.to : 0;
  const text = (): string => {
    if (isEmpty) return t("rangeEmpty");
    switch (check.kind) {
      case "unchecked":
        return t("range", range);
      case "checking":
        return t("rangeChecking", range);
      case "complete":
        return t("rangeComplete", { from: check.from, to: check.to });
      case "broken":
        return t("rangeBroken", { from: check.from, to: check.to });
      case "failed":
        return t("rangeFailed", range);
      default:
        return check satisfies never;
    }
  };
  return (
    <button
      type="button"
      className={`completeness ${check.kind}`}
      data-testid="completeness"
      data-state={check.kind}
      title={t("rangeTitle")}
      disabled={isEmpty || check.kind === "checking"}
      onClick={() => void chat.check(room.id)}
    >
      <span role="status">{text()}</span>
      {check.kind === "complete" ? <Icon name="check" small /> : null}
      {check.kind === "broken" ? <Icon name="warning" small /> : null}
      {newer > 0 ? <span className="quiet">{t("rangeNewer", { count: newer })}</span> : null}
    </button>
  );
}
