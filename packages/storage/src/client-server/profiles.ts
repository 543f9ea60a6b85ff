import type { Profiles } from "@parlance/core";
import { changeProfile, noteSeen, type ProfileReadName, setPicture } from "../sql/profiles.ts";
import type { Write } from "./access.ts";
import { writeControl } from "./control-log.ts";
import { perform } from "./steps.ts";

/** Changes of profiles, each with its word to the control log. */
export function createProfileWrites(write: Write): Omit<Profiles, ProfileReadName> {
  return {
    changeProfile: (user, changes, now) =>
      write(async (session) => {
        const record = await perform(session, changeProfile(user, changes));
        const renamed = changes.name === undefined ? {} : { renamed: true as const };
        if (record !== undefined) {
          await writeControl(session, { type: "profile_changed", user, ...renamed }, now);
        }
        return record;
      }),
    setPicture: (user, picture, now) =>
      write(async (session) => {
        const record = await perform(session, setPicture(user, picture));
        if (record !== undefined) {
          await writeControl(session, { type: "profile_changed", user }, now);
        }
        return record;
      }),
    noteSeen: (users, at) => write((session) => perform(session, noteSeen(users, at))),
  };
}
