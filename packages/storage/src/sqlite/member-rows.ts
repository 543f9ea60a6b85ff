import type { MemberRecord } from "@parlance/core";

/**
 * A member's name and kind come from the user's row, which follows renames; somebody who has no row (a
 * stranger that a back end added) is known by the name of the joining event.
 */
export const memberSelect = `
  SELECT members.user, coalesce(users.name, members.name) AS name,
    coalesce(users.kind, 'external') AS userKind,
    iif(users.kind IN ('account', 'guest'), users.number, NULL) AS userNumber, role, joined_sequence AS joinedSequence,
    public_sequence AS readMark
  FROM members
  JOIN read_marks ON read_marks.room = members.room AND read_marks.user = members.user
  LEFT JOIN users ON users.id = members.user`;

export type MemberRow = Omit<MemberRecord, "userNumber"> & { readonly userNumber: number | null };

export function toMemberRecord({ userNumber, ...row }: MemberRow): MemberRecord {
  return userNumber === null ? row : { ...row, userNumber };
}
