/** What can be done with a message. The bar on hover, its menu and the keys are made of these rows. */
import { useMemo } from "react";
import type { Chat } from "../chat/chat.ts";
import { useChat } from "../chat/context.ts";
import { closedTo } from "../composer/closed-bar.tsx";
import { draftKey } from "../composer/drafts.ts";
import type { RoomState } from "../state/model.ts";
import { isStaff } from "../state/staff.ts";
import { useTexts } from "../texts/texts.tsx";
import type { Texts } from "../texts/translate.ts";
import type { IconName } from "../ui/icons.tsx";
import type { MessageRow } from "./rows.ts";

/** What an action works with. */
export interface MessageActionHost {
  readonly row: MessageRow;
  readonly room: RoomState;
  readonly me: string;
  /** The root of the thread that is shown; undefined in the main line. */
  readonly thread: string | undefined;
}

/** One thing that can be done with a message. */
export interface MessageAction {
  readonly id: string;
  /** What it does, in the reader's language. */
  readonly label: string;
  readonly icon: IconName;
  /** Key that does it on the message that has focus: a lower-case letter or a sign. */
  readonly key?: string;
  readonly tone?: "danger";
  /** Has a button in the bar; all are in the menu. */
  readonly isInBar?: boolean;
  isFor(host: MessageActionHost): boolean;
  /** @param anchor The control that was used, for what opens beside it. */
  run(host: MessageActionHost, anchor: HTMLElement): void;
}

/** What the list of messages itself does for actions. */
export interface MessageActionUi {
  /** The message's text becomes a field. */
  edit(row: MessageRow): void;
  pickReaction(row: MessageRow, anchor: HTMLElement): void;
  /** Opens the thread under a message, where there is a place for threads. */
  readonly openThread: ((message: string) => void) | undefined;
}

/** Whether the message is on the server and was not deleted. */
export function isThere({ row }: MessageActionHost): boolean {
  return row.state === "sent" && row.messageId !== undefined && row.text !== undefined;
}

/** Whether the reader may write in the room. */
export function mayWrite(room: RoomState): boolean {
  return room.role !== undefined && closedTo(room) === undefined;
}

/** What the components do by themselves: react, answer, open a thread, edit, mark, copy, delete. */
export function standardActions(
  chat: Chat,
  t: Texts["t"],
  ui: MessageActionUi,
): readonly MessageAction[] {
  return [
    {
      id: "react",
      label: t("actReact"),
      icon: "smile",
      key: "+",
      isInBar: true,
      isFor: (host) => isThere(host) && host.room.role !== undefined,
      run: ({ row }, anchor) => ui.pickReaction(row, anchor),
    },
    {
      id: "answer",
      label: t("actAnswer"),
      icon: "reply",
      key: "r",
      isInBar: true,
      isFor: (host) => isThere(host) && mayWrite(host.room),
      run: ({ row, room, thread }) => chat.answer(draftKey(room.id, thread), row.messageId),
    },
    {
      id: "thread",
      label: t("actThread"),
      icon: "thread",
      key: "t",
      isInBar: true,
      isFor: (host) =>
        ui.openThread !== undefined &&
        host.thread === undefined &&
        host.row.state === "sent" &&
        (host.row.replies !== undefined || (isThere(host) && mayWrite(host.room))),
      run: ({ row }) => {
        if (row.messageId !== undefined) ui.openThread?.(row.messageId);
      },
    },
    {
      id: "edit",
      label: t("actEdit"),
      icon: "pencil",
      key: "e",
      isInBar: true,
      isFor: (host) =>
        isThere(host) &&
        host.row.own &&
        host.room.role !== undefined &&
        host.row.growth !== "open" &&
        host.row.change === undefined,
      run: ({ row }) => ui.edit(row),
    },
    {
      id: "mark-unread",
      label: t("actMarkUnread"),
      icon: "bell",
      key: "u",
      isFor: ({ row, room, thread }) =>
        room.role !== undefined && thread === undefined && row.sequence !== undefined,
      run: ({ row, room }) => chat.markUnread(room.id, row.sequence ?? 0),
    },
    {
      id: "copy-text",
      label: t("actCopyText"),
      icon: "copy",
      key: "c",
      isFor: ({ row }) => row.text !== undefined && row.file === undefined,
      run: ({ row }) => void navigator.clipboard?.writeText(row.text ?? "").catch(() => undefined),
    },
    {
      id: "delete",
      label: t("actDelete"),
      icon: "trash",
      key: "Delete",
      tone: "danger",
      isFor: (host) =>
        isThere(host) && (host.row.own || isStaff(host.room)) && host.row.change === undefined,
      run: ({ row, room }) => {
        if (row.messageId !== undefined) chat.remove(room.id, row.messageId);
      },
    },
    {
      id: "delete-file",
      label: t("actDeleteFile"),
      icon: "trash",
      key: "Delete",
      tone: "danger",
      isFor: ({ row, room }) =>
        row.file !== undefined && row.change === undefined && (row.own || isStaff(room)),
      run: ({ row, room }) => {
        if (row.file !== undefined) chat.removeFile(room.id, row.file.id);
      },
    },
  ];
}

/** The standard actions and those of the page, in the order in which they are shown: those that cannot be undone last. */
export function useMessageActions(
  ui: MessageActionUi,
  more: readonly MessageAction[],
): readonly MessageAction[] {
  const chat = useChat();
  const { t } = useTexts();
  return useMemo(() => {
    const all = [...standardActions(chat, t, ui), ...more];
    return all.toSorted((a, b) => rank(a) - rank(b));
  }, [chat, t, ui, more]);
}

function rank(action: MessageAction): number {
  return action.tone === "danger" ? 1 : 0;
}
