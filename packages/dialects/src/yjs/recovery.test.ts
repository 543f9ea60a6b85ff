/** What becomes of updates that stand on something the document does not have: a provider that comes back while somebody types. */
import type { Doing, Entry, Task } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import { expect, test } from "vitest";
import { withLength } from "./bytes.ts";
import { decode } from "./decode.ts";
import { createYjs } from "./index.ts";

/** A connection that is subscribed, with all that its translator asked for and sent. */
function open() {
  const translator = createYjs().begin();
  const tasks: Exclude<Task, Entry>[] = [];
  const sent: string[] = [];
  const ended: string[] = [];
  const doing: Doing = {
    identity: undefined,
    connectionId: "c1" as Doing["connectionId"],
    url: "/yjs/doc_a",
    now: 0,
    run: (task) => void tasks.push(task),
    enter: () => {},
    send: (payload) => void sent.push(decode(payload as Uint8Array)?.type ?? "?"),
    badFrame: () => {},
    newMessageId: () => "m1" as ReturnType<Doing["newMessageId"]>,
    placeIn: () => undefined,
    forgetPlace: () => {},
    after: (_ms, run) => run(),
    end: (code) => void ended.push(code),
  };
  const frame = (step: number, ...bytes: number[]): void =>
    translator.receivedBytes?.(
      Buffer.concat([Buffer.from([0, step]), withLength(Buffer.from(bytes))]),
      doing,
    );
  /** The next task of a type, answered. */
  const answer = (type: Task["type"], fate: ProtocolError["code"] | object): void => {
    const at = tasks.findIndex((task) => task.type === type);
    const [task] = tasks.splice(at, 1);
    if (at < 0 || task === undefined) throw new Error(`no ${type}`);
    if (typeof fate === "string") translator.refused(task, new ProtocolError(fate), doing);
    else translator.replied(task, fate as never, doing);
  };
  translator.opened?.(doing);
  translator.entered?.({} as never, doing);
  answer("subscribe", { kind: "document" });
  answer("list_awareness", { states: [] });
  return { frame, answer, tasks, sent, ended };
}

const updates = (tasks: readonly Task[]): string[] =>
  tasks.flatMap((task) => (task.type === "update_document" ? [task.update] : []));
const synced = { update: "AAA=", state_vector: "AA==" };

test("[YJS-4] what is typed before the client has said what is missing waits for that, and is left out, as it is in there", () => {
  const { frame, answer, tasks, sent, ended } = open();
  frame(0, 0);
  answer("sync_document", synced);
  expect(sent).toEqual(["update", "ask"]);
  frame(2, 1);
  frame(2, 2);
  answer("update_document", "conflict");
  expect(updates(tasks)).toEqual([]);
  frame(2, 3);
  // Nobody is asked again: the answer is on its way.
  expect(tasks).toEqual([]);
  frame(1, 4);
  frame(2, 5);
  expect(updates(tasks)).toEqual(["BA=="]);
  answer("update_document", {});
  expect(updates(tasks)).toEqual(["BQ=="]);
  expect(ended).toEqual([]);
});

test("[YJS-4] an answer that waits already behind what is refused is the next to be written", () => {
  const { frame, answer, tasks } = open();
  frame(0, 0);
  answer("sync_document", synced);
  frame(2, 1);
  frame(2, 2);
  frame(1, 3);
  frame(2, 4);
  answer("update_document", "conflict");
  expect(updates(tasks)).toEqual(["Aw=="]);
  answer("update_document", {});
  expect(updates(tasks)).toEqual(["BA=="]);
});

test("[YJS-4] where no answer is on its way the client is asked, and an answer that is refused too ends it", () => {
  const { frame, answer, tasks, sent, ended } = open();
  frame(0, 7);
  answer("sync_document", synced);
  frame(1, 0, 0);
  frame(2, 1);
  answer("update_document", "conflict");
  expect(tasks).toMatchObject([{ type: "sync_document", state_vector: "Bw==" }]);
  answer("sync_document", synced);
  expect(sent).toEqual(["update", "ask", "update", "ask"]);
  frame(1, 3);
  answer("update_document", "conflict");
  expect(ended).toEqual(["conflict"]);
});

test("[YJS-5] updates are one after the other, and too many of them send the provider away", () => {
  const { frame, tasks, ended } = open();
  for (let count = 1; count <= 2_000; count += 1) frame(2, 1, count % 256);
  expect([updates(tasks).length, ended]).toEqual([1, []]);
  frame(2, 1);
  expect(ended).toEqual(["rate_limited"]);
});
