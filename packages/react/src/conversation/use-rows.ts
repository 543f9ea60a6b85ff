/** The rows of a room, made anew only when what they are made of changes. */
import { useMemo } from "react";
import { useChatState } from "../chat/context.ts";
import type { RoomState, ThreadState } from "../state/model.ts";
import { buildRows, buildThreadRows, type Row, type RowParts } from "./rows.ts";

type Person = { readonly id: string; readonly name: string };

/** @param room A room, or the parts of one that rows are made of. */
export function useRows(room: RowParts, me: Person): readonly Row[] {
  const parts = useParts(room);
  const saved = useChatState((state) => state.kept.saved);
  return useMemo(() => buildRows(parts, me, saved), [parts, me, saved]);
}

/** @param thread Undefined until it was asked for. */
export function useThreadRows(
  room: RoomState,
  root: string,
  thread: ThreadState | undefined,
): readonly Row[] {
  const parts = useParts(room);
  const me = useChatState((state) => state.me);
  const saved = useChatState((state) => state.kept.saved);
  return useMemo(
    () => (thread === undefined ? [] : buildThreadRows(root, thread, parts, me, saved)),
    [root, thread, parts, me, saved],
  );
}

/** The same object as long as nothing in it changes. */
function useParts(room: RowParts): RowParts {
  const { events, outgoing, newAfter, floor, changes, window, settings, others, pins } = room;
  return useMemo(
    () => ({ events, outgoing, newAfter, floor, changes, window, settings, others, pins }),
    [events, outgoing, newAfter, floor, changes, window, settings, others, pins],
  );
}
