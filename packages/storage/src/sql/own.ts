/** What belongs to single people or documents and is in no log, as work for all engines. */

import {
  type DocumentReadName,
  type DocumentWriteName,
  documentReads,
  documentWrites,
} from "./documents.ts";
import {
  type KeepingReadName,
  type KeepingWriteName,
  keepingReads,
  keepingWrites,
} from "./keeping.ts";
import { type LaterReadName, type LaterWriteName, laterReads, laterWrites } from "./later.ts";
import { type MentionReadName, mentionReads } from "./mentions.ts";
import { type PollReadName, pollReads } from "./polls.ts";
import {
  type PreferenceReadName,
  type PreferenceWriteName,
  preferenceReads,
  preferenceWrites,
} from "./preferences.ts";
import { type ProfileReadName, profileReads } from "./profiles.ts";
import { type SlashReadName, type SlashWriteName, slashReads, slashWrites } from "./slash.ts";
import type { DirectorySteps } from "./statements.ts";
import { type ThreadReadName, type ThreadWriteName, threadReads, threadWrites } from "./threads.ts";

/** Reads, by the names of the directory's methods. */
export type OwnReadName =
  | ThreadReadName
  | MentionReadName
  | KeepingReadName
  | LaterReadName
  | PreferenceReadName
  | ProfileReadName
  | PollReadName
  | SlashReadName
  | DocumentReadName;
export const ownReads: DirectorySteps<OwnReadName> = {
  ...threadReads,
  ...mentionReads,
  ...keepingReads,
  ...laterReads,
  ...preferenceReads,
  ...profileReads,
  ...pollReads,
  ...slashReads,
  ...documentReads,
};

/** Writes that need their room's row to stay as it is; the first argument of each is the room. */
export type OwnWriteName =
  | ThreadWriteName
  | KeepingWriteName
  | LaterWriteName
  | PreferenceWriteName
  | SlashWriteName
  | DocumentWriteName;
export const ownWrites: DirectorySteps<OwnWriteName> = {
  ...threadWrites,
  ...keepingWrites,
  ...laterWrites,
  ...preferenceWrites,
  ...slashWrites,
  ...documentWrites,
};
