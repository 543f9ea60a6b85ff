import type { DocumentStates, StoredDocumentState } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import type { MemoryState } from "./state.ts";

/** States of documents, in memory. */
export function createMemoryDocuments(state: MemoryState): DocumentStates {
  /** Ascending, with up to where updates were erased. */
  const kept = new Map<RoomId, StoredDocumentState[]>();
  const of = (room: RoomId): StoredDocumentState[] => kept.get(room) ?? [];
  return {
    documentState: async (room, sequence) =>
      sequence === undefined
        ? of(room).at(-1)
        : of(room).find((candidate) => candidate.sequence === sequence),
    documentStates: async (room, before = Number.MAX_SAFE_INTEGER, limit) =>
      of(room)
        .filter(({ sequence }) => sequence < before)
        .reverse()
        .slice(0, limit)
        .map(({ state: _, ...record }) => record),
    putDocumentState: async (room, { sequence, time, state: said, named }, after) => {
      const states = of(room);
      const known = states.findIndex((candidate) => candidate.sequence === sequence);
      const present = states[known];
      if (present !== undefined) {
        if (present.named !== undefined || named === undefined) return false;
        states[known] = { ...present, named };
        return true;
      }
      if (named === undefined && (states.at(-1)?.sequence ?? 0) > after) return false;
      const stored = { sequence, time, bytes: said.length, state: said.slice() };
      states.push(named === undefined ? stored : { ...stored, named });
      states.sort((left, right) => left.sequence - right.sequence);
      kept.set(room, states);
      return true;
    },
    eraseDocumentUpdates: async (room, before) => {
      const newest = of(room).findLast(({ time }) => time <= before);
      let erased = 0;
      for (const event of state.rooms.get(room)?.events ?? []) {
        const { frame } = event;
        if (frame.sequence > (newest?.sequence ?? 0) || "erased" in frame) continue;
        if (frame.type !== "document.updated") continue;
        const { data: _, ...envelope } = frame;
        event.frame = { ...envelope, erased: true };
        event.nonce = undefined;
        erased += 1;
      }
      return erased;
    },
    dropDocumentStates: async (room, sequences) => {
      const newest = of(room).at(-1);
      const left = of(room).filter(
        (one) => one === newest || one.named !== undefined || !sequences.includes(one.sequence),
      );
      kept.set(room, left);
    },
  } satisfies DocumentStates;
}
