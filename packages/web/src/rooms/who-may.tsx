/** Who may do what in a room of its kind, in a line each. */
import type { RoomState } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../i18n/index.ts";

/** As the server has it (`core/src/kinds.ts`). */
function linesOf({ kind, settings }: Pick<RoomState, "kind" | "settings">): readonly TextKey[] {
  const staff = ["whoOwners", "whoModerators"] as const;
  switch (kind) {
    case "announcement":
      return [...staff, "whoMembersRead", "whoOthersRead"];
    case "private":
    case "document":
      return [
        ...staff,
        "whoMembersWrite",
        settings.listed === true ? "whoOthersFind" : "whoOthersNothing",
      ];
    default:
      return [...staff, "whoMembersWrite", "whoOthersWrite"];
  }
}

/** Folded until somebody wants to know. */
export function WhoMay({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  return (
    <details className="who-may">
      <summary>{t("whoMay")}</summary>
      <ul>
        {linesOf(room).map((line) => (
          <li key={line}>{t(line)}</li>
        ))}
      </ul>
    </details>
  );
}
