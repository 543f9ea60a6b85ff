import type { KeptProfileChanges, PictureRecord, ProfileRecord } from "@parlance/core";
import type { UserId } from "@parlance/protocol";
import { changeProfile, noteSeen, setPicture } from "../sql/profiles.ts";
import { writeControl } from "./control-log.ts";
import type { Database } from "./database.ts";
import { perform } from "./steps.ts";

/** Changes of profiles, each with its word to the control log. Called inside the writer's transaction. */
export interface ProfileWrites {
  changeProfile(user: UserId, changes: KeptProfileChanges, now: number): ProfileRecord | undefined;
  setPicture(user: UserId, picture: PictureRecord | null, now: number): ProfileRecord | undefined;
  noteSeen(users: readonly UserId[], at: number): void;
}

export function createProfileWrites(database: Database): ProfileWrites {
  return {
    changeProfile: (user, changes, now) => {
      const record = perform(database, changeProfile(user, changes));
      const renamed = changes.name === undefined ? {} : { renamed: true as const };
      if (record !== undefined) {
        writeControl(database, { type: "profile_changed", user, ...renamed }, now);
      }
      return record;
    },
    setPicture: (user, picture, now) => {
      const record = perform(database, setPicture(user, picture));
      if (record !== undefined) writeControl(database, { type: "profile_changed", user }, now);
      return record;
    },
    noteSeen: (users, at) => perform(database, noteSeen(users, at)),
  };
}
