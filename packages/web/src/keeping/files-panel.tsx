/** The files of a room, the newest first. */
import type { FileView } from "@parlance/client";
import { FileCard, Icon, isStaff, type RoomState, useChat, useChatState } from "@parlance/react";
import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { PanelProps } from "../shell/panels.tsx";
import { ListFrame, ShortTime } from "./excerpts.tsx";
import { useLeavePanel } from "./use-leave-panel.ts";
import { type ListPage, useList } from "./use-list.ts";
import { useGoToPlace } from "./use-place.ts";

/** Files of one page. */
const pageSize = 30;

/** Follows what is shared and removed meanwhile. */
export function FilesPanel({ room }: PanelProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const news = lastFileEvent(room);
  const { id } = room;
  const load = useCallback(
    async (before?: number): Promise<ListPage<FileView, number>> => {
      const query = before === undefined ? { limit: pageSize } : { limit: pageSize, before };
      const items = await chat.client.room(id).files(query);
      return { items, next: items.length < pageSize ? undefined : items.at(-1)?.sequence };
    },
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- another file makes another list
    [chat, id, news],
  );
  const list = useList(load);
  const names = useMemo(
    () => new Map<string, string>(room.members?.map(({ user }) => [user.id, user.name])),
    [room.members],
  );
  return (
    <ListFrame list={list} label={t("files")} empty={t("filesEmpty")} hint={t("filesEmptyHint")}>
      {(items) =>
        items.map((file) => (
          <FileItem key={file.file_id} room={room} file={file} author={names.get(file.author)} />
        ))
      }
    </ListFrame>
  );
}

function FileItem({
  room,
  file,
  author,
}: {
  room: RoomState;
  file: FileView;
  author: string | undefined;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const goTo = useGoToPlace();
  const leave = useLeavePanel();
  const me = useChatState((state) => state.me.id);
  const change = room.changes.find((one) => one.message === file.file_id);
  const mayDelete = room.role !== undefined && (file.author === me || isStaff(room));
  return (
    <li
      className={change === undefined ? "kept-file" : "kept-file leaving"}
      data-testid="file-item"
    >
      <FileCard
        file={{
          id: file.file_id,
          name: file.name,
          bytes: file.bytes,
          mediaType: file.media_type,
        }}
      />
      <p className="kept-file-line">
        <button
          type="button"
          className="link"
          data-item
          title={t("filePlace", { name: file.name })}
          onClick={() => leave(() => goTo(file.room, file.sequence))}
        >
          {author === undefined ? null : <bdi>{author} </bdi>}
          <ShortTime time={file.time} />
        </button>
        {change?.state === "undoable" ? (
          <button type="button" className="link" onClick={() => chat.undo(room.id, file.file_id)}>
            {t("undo")}
          </button>
        ) : mayDelete && change === undefined ? (
          <button
            type="button"
            className="icon-button excerpt-act"
            aria-label={t("fileDelete", { name: file.name })}
            title={t("fileDelete", { name: file.name })}
            onClick={() => chat.removeFile(room.id, file.file_id)}
          >
            <Icon name="trash" small />
          </button>
        ) : null}
      </p>
    </li>
  );
}

/** Sequence of the newest event that is about a file; 0 where none is loaded. */
function lastFileEvent(room: RoomState): number {
  return room.events.findLast(({ type }) => type.startsWith("file."))?.sequence ?? 0;
}
