/** What stands under a message that grows, or that ended before it was finished. */
import { type ReactNode, useState } from "react";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import type { MessageRow, Row } from "./rows.ts";

/** What an open message says so far, where more is known than it began with. */
export function grownText(row: Row, texts: RoomState["texts"]): string | undefined {
  if (row.kind !== "message" || row.growth !== "open" || row.messageId === undefined) return;
  return texts[row.messageId];
}

/** Whether the server would let the reader end it: its writer, or whom the room's kind lets. */
export function mayCancel(row: Row, room: Pick<RoomState, "kind" | "role">, me: string): boolean {
  if (row.kind !== "message" || row.growth !== "open") return false;
  if (row.author === me || room.kind === "inbox") return true;
  if (room.kind === "direct" || room.kind === "job") return room.role !== undefined;
  return room.role === "owner" || room.role === "moderator";
}

/** Calm: it is no live region, and nothing moves where that is not wanted. */
export function Growth({
  row,
  onCancel,
}: {
  row: MessageRow;
  onCancel: ((messageId: string) => Promise<void>) | undefined;
}): ReactNode {
  const { t } = useTexts();
  const [state, setState] = useState<"idle" | "asking" | "failed">("idle");
  if (row.growth !== "open") {
    return (
      <p className="growth ended" data-testid="growth">
        {t(row.growth === "cancelled" ? "growthCancelled" : "growthAbandoned")}
      </p>
    );
  }
  const cancel = (): void => {
    if (row.messageId === undefined) return;
    setState("asking");
    // Ended meanwhile or not: its event tells.
    onCancel?.(row.messageId).catch(() => setState("failed"));
  };
  return (
    <p className="growth" data-testid="growth">
      <span className="growing">{t("growing")}</span>
      {onCancel === undefined ? null : (
        <button
          type="button"
          className="link"
          aria-label={t("growingCancelOf", { name: row.name })}
          disabled={state === "asking"}
          onClick={cancel}
        >
          {t("growingCancel")}
        </button>
      )}
      {state === "failed" ? <span role="status">{t("growingCancelFailed")}</span> : null}
    </p>
  );
}
