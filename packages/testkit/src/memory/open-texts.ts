/** Texts of open messages in a memory store. */
import type { OpenTexts, TextAppend, TextPiece } from "@parlance/core";
import { type EventId, limits, type Principal } from "@parlance/protocol";
import type { MemoryState, MemoryText } from "./state.ts";

export function createMemoryOpenTexts(state: MemoryState): OpenTexts {
  const rows = (found: (text: MemoryText) => boolean) =>
    [...state.openTexts]
      .filter(([, text]) => found(text))
      .map(([message, { room, text, principal }]) => ({
        message,
        room,
        length: text.length,
        principal,
      }));

  return {
    appendTexts: async (pieces) => pieces.map((piece) => appendText(state, piece)),

    openText: async (message, from, maxLength) => {
      const open = state.openTexts.get(message);
      if (open === undefined) return undefined;
      const slice = open.text.slice(from, from + maxLength);
      const text = slice.isWellFormed() ? slice : slice.slice(0, -1);
      return { length: open.text.length, text };
    },

    openMessages: async (rooms) =>
      rows(({ room }) => rooms.includes(room)).map(({ principal: _, ...open }) => open),

    idleMessages: async (idleMs, limit) =>
      rows(({ touchedAt }) => touchedAt <= state.now() - idleMs).slice(0, limit),
  } satisfies OpenTexts;
}

function appendText(state: MemoryState, piece: TextPiece): TextAppend {
  const open = state.openTexts.get(piece.message);
  if (open === undefined || open.room !== piece.room) return { outcome: "gone" };
  const revision = state.rooms.get(piece.room)?.revision ?? 0;
  if (revision > piece.revision) return { outcome: "stale" };
  if (open.text.length !== piece.at) return { outcome: "moved", length: open.text.length };
  open.text += piece.text;
  open.touchedAt = state.now();
  return { outcome: "stored" };
}

/** Whether a principal has as many open messages as it may. */
export function opensTooMany(state: MemoryState, principal: Principal): boolean {
  const own = [...state.openTexts.values()].filter((text) => text.principal === principal);
  return own.length >= limits.openMessages;
}

/** Why a message cannot be closed with this text; undefined if it can. */
export function closingRefusal(
  state: MemoryState,
  message: EventId,
  text: string,
): "gone" | "moved" | undefined {
  const open = state.openTexts.get(message);
  if (open === undefined) return "gone";
  return open.text.length === text.length ? undefined : "moved";
}
