import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { type StageServer, startStage } from "../../test/stage.ts";
import { playTranscript } from "../../test/transcript.ts";

let stage: StageServer;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

test("[SC-03] [SC-07] [SC-08] [SC-09] [SC-16] people, rooms, frames and REST as described", () =>
  playTranscript(
    join(import.meta.dirname, "transcripts/room.jsonl"),
    stage.stage("/symfony-chat"),
  ));
