/** What people prefer: in one room, and of the whole. Theirs alone; told to their own devices only. */
import { z } from "zod";
import { sectionName, sequence } from "./fields.ts";
import type { Sequence } from "./ids.ts";
import { limits } from "./limits.ts";

export const notificationLevels = ["all", "mentions", "nothing"] as const;
export type NotificationLevel = (typeof notificationLevels)[number];

/** How one person wants to see one room. A member that is absent has its default. None of it changes what is counted. */
export interface RoomPreferences {
  readonly favourite?: true;
  /** Id of the section of the list that it is in. */
  readonly section?: string;
  /** Until when it is muted: ISO 8601, or `forever`. */
  readonly muted_until?: string;
  /** What is notified of. As the client has it: the web app tells of mentions, and of everything in direct rooms. */
  readonly level?: NotificationLevel;
  /** It is left out of lists as long as nothing is written after this place. */
  readonly hidden_at?: Sequence;
}

/** A part of somebody's list of rooms. */
export interface Section {
  /** Chosen by the client: 1-16 letters and digits. */
  readonly id: string;
  readonly name: string;
}

/** What one person prefers everywhere. A member that is absent has its default. */
export interface OwnPreferences {
  /** In their order. None. */
  readonly sections?: readonly Section[];
  /** Ids of the parts of the list that are folded: sections, or parts that every list has by names of its client. None. */
  readonly folded?: readonly string[];
  /** Whether others see how far one has read. They do. */
  readonly shares_receipts?: false;
  /** Whether others see when one was here last. They do. Whoever does not share it is not told it of others. */
  readonly shares_last_seen?: false;
}

type Changes<T, Switches extends keyof T> = {
  readonly [K in keyof T]?: (K extends Switches ? boolean : T[K]) | null;
};
/** What is to be set anew; null takes it back to its default. */
export type RoomPreferenceChanges = Changes<RoomPreferences, "favourite">;
export type OwnPreferenceChanges = Changes<OwnPreferences, "shares_receipts" | "shares_last_seen">;

const sectionId = z.string().regex(/^[A-Za-z0-9]{1,16}$/);
const mutedUntil = z.union([z.literal("forever"), z.iso.datetime()]);
const section: z.ZodType<Section> = z.object({ id: sectionId, name: sectionName });
const sections: z.ZodType<readonly Section[]> = z
  .array(section)
  .max(limits.sections)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, "an id comes twice");
const folded = z.array(sectionId).max(limits.sections + 16);

export const roomPreferences: z.ZodType<RoomPreferences> = z.object({
  favourite: z.literal(true).exactOptional(),
  section: sectionId.exactOptional(),
  muted_until: mutedUntil.exactOptional(),
  level: z.enum(notificationLevels).exactOptional(),
  hidden_at: sequence.exactOptional(),
});
export const roomPreferenceChanges: z.ZodType<RoomPreferenceChanges> = z.object({
  favourite: z.boolean().nullable().exactOptional(),
  section: sectionId.nullable().exactOptional(),
  muted_until: mutedUntil.nullable().exactOptional(),
  level: z.enum(notificationLevels).nullable().exactOptional(),
  hidden_at: sequence.nullable().exactOptional(),
});
export const ownPreferences: z.ZodType<OwnPreferences> = z.object({
  sections: sections.exactOptional(),
  folded: folded.exactOptional(),
  shares_receipts: z.literal(false).exactOptional(),
  shares_last_seen: z.literal(false).exactOptional(),
});
export const ownPreferenceChanges: z.ZodType<OwnPreferenceChanges> = z.object({
  sections: sections.nullable().exactOptional(),
  folded: folded.nullable().exactOptional(),
  shares_receipts: z.boolean().nullable().exactOptional(),
  shares_last_seen: z.boolean().nullable().exactOptional(),
});
