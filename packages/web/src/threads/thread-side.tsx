/** A thread beside the conversation. */
import { ThreadPanel } from "@parlance/react";
import type { ReactNode } from "react";
import { usePageActions } from "../chat/message-actions.ts";
import type { PanelProps } from "../shell/panels.tsx";

/** `subject`: id of the root. */
export function ThreadSide({ room, subject = "" }: PanelProps): ReactNode {
  return <ThreadPanel room={room} root={subject} actions={usePageActions()} />;
}
