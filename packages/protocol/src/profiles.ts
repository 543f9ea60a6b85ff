/** What people say of themselves: who they are, whether they want to be disturbed, and what they are at. */
import { z } from "zod";
import type { Json } from "./canonical.ts";
import type { WireUser } from "./commands/session.ts";
import {
  displayName,
  emoji,
  moment,
  pictureId,
  shortLine,
  timeZone,
  topic,
  userId,
  userInfo,
} from "./fields.ts";

/** What is chosen by hand. `invisible`: others see somebody who is not here. */
export const availabilities = ["away", "dnd", "invisible"] as const;
export type Availability = (typeof availabilities)[number];

/** Whether somebody is here, as others see it. `dnd`: here, and not to be disturbed. */
export const presenceStates = ["active", "away", "dnd", "offline"] as const;
export type PresenceState = (typeof presenceStates)[number];

/** What somebody is at; one of `emoji` and `text` is there. */
export interface ChosenStatus {
  readonly emoji?: string;
  readonly text?: string;
  /** It is over then; ISO 8601. */
  readonly until?: string;
}

/** Who somebody is. Seen by those in a room with them. */
export interface Profile {
  /** Full name, or what somebody does. */
  readonly title?: string;
  readonly pronouns?: string;
  readonly about?: string;
  /** A name of the IANA time zone database. */
  readonly time_zone?: string;
  /** `GET /api/v1/pictures/<id>` gives it, to whoever knows the id. */
  readonly picture?: string;
}

/** All that somebody chose; theirs alone as it stands here. */
export interface OwnProfile extends Profile {
  readonly name: string;
  readonly availability?: Availability;
  /** Then it is over; ISO 8601. */
  readonly availability_until?: string;
  readonly status?: ChosenStatus;
}

type Changes<T> = { readonly [K in keyof T]?: T[K] | null };
/** What is to be set anew; null takes it away. A new `availability` without `availability_until` has no end. */
export type ProfileChanges = Changes<Omit<OwnProfile, "name" | "picture">> & {
  /** Of accounts and guests; others are called what their token says (`unsupported`). */
  readonly name?: string;
};

/** Somebody who is here, as the room's people see them. */
export interface PresentUser extends WireUser {
  /** Absent: active. */
  readonly state?: "away" | "dnd";
  readonly status?: ChosenStatus;
  readonly picture?: string;
  /** What the application says of them in this room, at most 1 KiB as JSON. */
  readonly info?: Json;
}

const statusFields = {
  emoji: emoji.exactOptional(),
  text: shortLine.exactOptional(),
  until: moment.exactOptional(),
};
const status: z.ZodType<ChosenStatus> = z
  .object(statusFields)
  .refine(({ emoji: sign, text }) => (sign ?? text) !== undefined, "neither emoji nor text");

/** Fields of a profile as others see it. */
export const profileFields: {
  readonly [K in keyof Required<Profile>]: z.ZodExactOptional<z.ZodType<Required<Profile>[K]>>;
} = {
  title: shortLine.exactOptional(),
  pronouns: shortLine.exactOptional(),
  about: topic.exactOptional(),
  time_zone: z.string().exactOptional(),
  picture: pictureId.exactOptional(),
};
/** As others see it. */
export const shownStatus: z.ZodType<ChosenStatus> = status;

export const ownProfile: z.ZodType<OwnProfile> = z.object({
  ...profileFields,
  name: z.string(),
  availability: z.enum(availabilities).exactOptional(),
  availability_until: moment.exactOptional(),
  status: status.exactOptional(),
});

export const profileChanges: z.ZodType<ProfileChanges> = z.object({
  name: displayName.exactOptional(),
  title: shortLine.nullable().exactOptional(),
  pronouns: shortLine.nullable().exactOptional(),
  about: topic.nullable().exactOptional(),
  time_zone: timeZone.nullable().exactOptional(),
  availability: z.enum(availabilities).nullable().exactOptional(),
  availability_until: moment.nullable().exactOptional(),
  status: status.nullable().exactOptional(),
});

/** Somebody who is here. */
export const presentUser: z.ZodType<PresentUser> = z.object({
  id: userId,
  name: z.string(),
  kind: z.enum(["account", "guest", "external", "service"]),
  number: z.int().min(0).exactOptional(),
  state: z.enum(["away", "dnd"]).exactOptional(),
  status: status.exactOptional(),
  picture: pictureId.exactOptional(),
  info: userInfo.exactOptional(),
});

/** What one person may read of another at a moment: a choice that is over is none. Pure. */
export function chosenAt(
  { availability, availability_until: end, status: chosen }: Partial<OwnProfile>,
  now: number,
): { readonly availability?: Availability; readonly status?: ChosenStatus } {
  const lasts = (until: string | undefined): boolean =>
    until === undefined || Date.parse(until) > now;
  return {
    ...(availability !== undefined && lasts(end) ? { availability } : {}),
    ...(chosen !== undefined && lasts(chosen.until) ? { status: chosen } : {}),
  };
}

/** Whether two say the same of one person. */
export function isSamePresence(one: PresentUser, other: PresentUser): boolean {
  return (
    one.name === other.name &&
    one.state === other.state &&
    one.picture === other.picture &&
    one.status?.emoji === other.status?.emoji &&
    one.status?.text === other.status?.text &&
    one.status?.until === other.status?.until &&
    (one.info === other.info || JSON.stringify(one.info) === JSON.stringify(other.info))
  );
}
