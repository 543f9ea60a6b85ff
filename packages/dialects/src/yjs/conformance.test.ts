/** Stock `y-websocket` providers, of both versions, on a whole server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, versions, YjsStage } from "../../test/yjs-stage.ts";

let stage: YjsStage;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  stage = await YjsStage.start();
  ann = await stage.person("ann");
  bob = await stage.person("bob");
}, 120_000);
afterAll(() => stage.close());

describe.each(versions)("y-websocket %s", (version) => {
  test("[MMB-11] two editors write one document, and a third reads it afterwards", async () => {
    const room = await stage.document(ann, [bob, "member"]);
    const first = await (await stage.editor(ann, room, version)).synced();
    const second = await (await stage.editor(bob, room, version)).synced();
    first.type("hello");
    await second.reads("hello");
    second.type(" world");
    first.type("> ", 0);
    await first.reads("> hello world");
    await second.reads("> hello world");
    const third = await (await stage.editor(bob, room, version)).synced();
    expect(third.text).toBe("> hello world");
  });
});
