/** In place of the composer, where the reader may not write. */
import type { ReactNode } from "react";
import type { RoomState } from "../state/model.ts";
import { isStaff } from "../state/staff.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";

/** Why a member cannot write in a room; undefined where they can. */
export function closedTo(
  room: Pick<RoomState, "settings" | "kind" | "role">,
): "archived" | "announcement" | undefined {
  if (room.settings.archived === true) return "archived";
  return room.kind === "announcement" && !isStaff(room) ? "announcement" : undefined;
}

/** One sentence. */
export function ClosedBar({ why }: { why: "archived" | "announcement" }): ReactNode {
  const { t } = useTexts();
  return (
    <div className="join-bar" data-testid="closed-bar">
      <p role="status">
        <Icon name={why === "archived" ? "archive" : "megaphone"} small />{" "}
        {t(why === "archived" ? "archivedNote" : "announcementNote")}
      </p>
    </div>
  );
}
