/** The rows of a room, made anew only when what they are made of changes. */
import { useMemo } from "react";
import { useChatState } from "../chat/context.ts";
import { buildRows, type Row } from "./rows.ts";

type Parts = Parameters<typeof buildRows>[0];

/** @param room A room, or the parts of one that rows are made of. */
export function useRows(
  room: Parts,
  me: { readonly id: string; readonly name: string },
): readonly Row[] {
  const { events, outgoing, newAfter, floor, changes, window, settings, pins } = room;
  const saved = useChatState((state) => state.kept.saved);
  return useMemo(
    () =>
      buildRows({ events, outgoing, newAfter, floor, changes, window, settings, pins }, me, saved),
    [events, outgoing, newAfter, floor, changes, window, settings, pins, me, saved],
  );
}
