/** What a room's staff may set: a part of the room's row and view, changed by the durable event `room.updated`. */
import { z } from "zod";
import { emoji, fileId, longText, roomTitle, topic } from "./fields.ts";
import type { FileId } from "./ids.ts";
import { limits } from "./limits.ts";

/** A picture that was shared in the room itself, or a sign on a colour. */
export type RoomAvatar =
  | { readonly file: FileId }
  | {
      readonly emoji?: string;
      /** `#rrggbb`, lower case. */
      readonly colour?: string;
    };

/** What was set. A member that is absent has its default, which the comment tells. */
export interface RoomSettings {
  /** What the room is about just now: one line. None. */
  readonly topic?: string;
  /** What the room is for. None. */
  readonly description?: string;
  /** None: clients make one from the title. */
  readonly avatar?: RoomAvatar;
  /** Nobody writes in it any more. Not archived. */
  readonly archived?: true;
  /** Seconds that somebody who is not of the staff waits between two messages. Not slowed. */
  readonly slow_mode_s?: number;
  /** Whether clients show a line for who comes and goes. Shown. */
  readonly system_lines?: false;
  /** Whether readers tell each other how far they have read. As the room's kind has it. */
  readonly receipts?: boolean;
  /** What members read: of a private room, only what was written since they joined. All of it. */
  readonly history?: "since_joined";
  /** A private room that is found in the directory, and may be asked to be let into. Not listed. */
  readonly listed?: true;
}

/** What is to be set anew; null takes a setting back to its default. */
export type RoomChanges = {
  readonly [K in keyof RoomSettings]?:
    | (K extends "archived" | "listed" | "system_lines" ? boolean : RoomSettings[K])
    | (K extends "history" ? "all" : never)
    | null;
} & { readonly title?: string };

const roomAvatar: z.ZodType<RoomAvatar> = z.union([
  z.strictObject({ file: fileId }),
  z
    .strictObject({
      emoji: emoji.exactOptional(),
      colour: z
        .string()
        .regex(/^#[0-9a-f]{6}$/)
        .exactOptional(),
    })
    .refine((avatar) => Object.keys(avatar).length > 0, "nothing to show"),
]);

const slowMode = z.int().min(1).max(limits.slowModeSeconds);

/** The settings as members of a room's view. */
export const roomSettingFields: {
  readonly [K in keyof Required<RoomSettings>]: z.ZodExactOptional<
    z.ZodType<Required<RoomSettings>[K]>
  >;
} = {
  topic: topic.exactOptional(),
  description: longText.exactOptional(),
  avatar: roomAvatar.exactOptional(),
  archived: z.literal(true).exactOptional(),
  slow_mode_s: slowMode.exactOptional(),
  system_lines: z.literal(false).exactOptional(),
  receipts: z.boolean().exactOptional(),
  history: z.literal("since_joined").exactOptional(),
  listed: z.literal(true).exactOptional(),
};

/** What a change may say, beside other members of its frame. */
export const roomChangeFields: {
  readonly [K in keyof Required<RoomChanges>]: z.ZodExactOptional<
    z.ZodType<Required<RoomChanges>[K]>
  >;
} = {
  title: roomTitle.exactOptional(),
  topic: topic.nullable().exactOptional(),
  description: longText.nullable().exactOptional(),
  avatar: roomAvatar.nullable().exactOptional(),
  archived: z.boolean().nullable().exactOptional(),
  slow_mode_s: slowMode.nullable().exactOptional(),
  system_lines: z.boolean().nullable().exactOptional(),
  receipts: z.boolean().nullable().exactOptional(),
  history: z.enum(["all", "since_joined"]).nullable().exactOptional(),
  listed: z.boolean().nullable().exactOptional(),
};

/** A change by itself; an empty one is none. */
export const roomChanges: z.ZodType<RoomChanges> = z
  .object(roomChangeFields)
  .refine((changes) => Object.keys(changes).length > 0, "nothing to change");
