import { describe } from "vitest";
import { describeAppend } from "./append.ts";
import { describeEntrances } from "./entrances.ts";
import { describeErasure } from "./erasure.ts";
import { type StartStore, useStore } from "./harness.ts";
import { describeIdempotence } from "./idempotence.ts";
import { describeKeeping } from "./keeping.ts";
import { describeMembership } from "./membership.ts";
import { describeMentions } from "./mentions.ts";
import { describeMessages } from "./messages.ts";
import { describeOpenTexts } from "./open-texts.ts";
import { describePolls } from "./polls.ts";
import { describeProfiles } from "./profiles.ts";
import { describeProof } from "./proof.ts";
import { describeReading } from "./reading.ts";
import { describeSearch } from "./search.ts";
import { describeSinceJoined } from "./since-joined.ts";
import { describeSnapshots } from "./snapshots.ts";
import { describeThreads } from "./threads.ts";
import { describeUnread } from "./unread.ts";

/**
 * Everything that core relies on in a `RoomLog` and in the projections that it keeps.
 *
 * @param name The engine's, as it shows in the report.
 */
export function describeRoomLog(name: string, start: StartStore): void {
  describe(`room log: ${name}`, () => {
    const store = useStore(start);
    describeAppend(store);
    describeIdempotence(store);
    describeReading(store);
    describeProof(store);
    describeMessages(store);
    describeThreads(store);
    describeMentions(store);
    describeKeeping(store);
    describePolls(store);
    describeOpenTexts(store);
    describeErasure(store);
    describeMembership(store);
    describeEntrances(store);
    describeUnread(store);
    describeProfiles(store);
    describeSearch(store);
    describeSinceJoined(store);
    describeSnapshots(store);
  });
}
