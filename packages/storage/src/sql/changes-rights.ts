import type { DurableType } from "@parlance/protocol";

const changing: ReadonlySet<DurableType> = new Set<DurableType>([
  "member.joined",
  "member.left",
  "member.role_changed",
  "member.banned",
  "member.unbanned",
  "room.updated",
]);

/** Whether an answer about rights may be another one after this event, so that it raises the room's revision. */
export function changesRights({ type }: { readonly type: DurableType }): boolean {
  return changing.has(type);
}
