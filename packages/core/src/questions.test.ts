import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import { createNoBroker } from "@parlance/broker/none";
import type { Json } from "@parlance/protocol";
import { type Harness, startNode } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { expect, test } from "vitest";
import type { Broker, Notice } from "./index.ts";
import { answerPartLength, maxAnswerParts, maxQuestions } from "./questions.ts";

const timeoutMs = 1_000;
const ids = ["n1", "n2", "n3"];

interface Fleet {
  readonly nodes: readonly Harness[];
  readonly first: Harness;
}

/** Nodes that hear each other, or not. `living` is what the database says. */
async function fleet(
  living: readonly string[] = ids,
  brokerOf: (hub: MemoryHub) => Broker = createMemoryBroker,
): Promise<Fleet> {
  const hub = new MemoryHub();
  const nodes = await Promise.all(
    ids.map((nodeId) =>
      startNode({
        ...createMemoryStore({ random: () => 0.5 }),
        broker: brokerOf(hub),
        nodeId,
        nodes: living,
      }),
    ),
  );
  const [first] = nodes;
  if (first === undefined) throw new Error("no node");
  return { nodes, first };
}

/** Asks by the first node, lets its time run out, and returns what it was told. */
async function ask(first: Harness, question: string, detail?: Json) {
  const asked = first.node.askAll(question, detail, { timeoutMs });
  await settle();
  await first.clock.advance(timeoutMs);
  return asked;
}

test("[ASK-1] every node answers, the one that was asked first, each with the detail", async () => {
  const { nodes, first } = await fleet();
  for (const [index, { node }] of nodes.entries()) {
    node.onQuestion("sum", (detail) => ({ sum: Number(detail) + index }));
  }
  const asked = first.node.askAll("sum", 10, { timeoutMs });
  await settle();
  expect(await asked).toEqual({
    answers: [
      { node: "n1", answer: { sum: 10 } },
      { node: "n2", answer: { sum: 11 } },
      { node: "n3", answer: { sum: 12 } },
    ],
    silent: [],
  });
});

test("[ASK-2] who does not know the question, fails, or takes too long is named as silent", async () => {
  const { nodes, first } = await fleet([...ids, "n4"]);
  first.node.onQuestion("name", () => "first");
  nodes[2]?.node.onQuestion("name", () => Promise.reject(new Error("broken")));
  expect(await ask(first, "name")).toEqual({
    answers: [{ node: "n1", answer: "first" }],
    silent: ["n2", "n3", "n4"],
  });
  expect(nodes[2]?.reports.map(({ event }) => event)).toContain("question_failed");
});

test("[ASK-2] nobody waits for those that said at once that they have no answer", async () => {
  const { first } = await fleet();
  const asked = first.node.askAll("unknown", undefined, { timeoutMs });
  await settle();
  expect(await asked).toEqual({ answers: [], silent: ids });
});

test("[ASK-3] without a broker that carries only this node answers, at once", async () => {
  const away = (hub: MemoryHub): Broker => ({
    ...createMemoryBroker(hub),
    isConnected: () => false,
  });
  for (const brokerOf of [createNoBroker, away]) {
    const { nodes, first } = await fleet(ids, brokerOf);
    for (const { node } of nodes) node.onQuestion("name", () => "me");
    const asked = first.node.askAll("name", undefined, { timeoutMs });
    await settle();
    expect(await asked).toEqual({
      answers: [{ node: "n1", answer: "me" }],
      silent: ["n2", "n3"],
    });
  }
});

test("[ASK-4] a long answer comes in parts and is put together; one that is too long is none", async () => {
  const told: number[] = [];
  const { nodes, first } = await fleet(ids, (hub) => {
    const broker = createMemoryBroker(hub);
    return {
      ...broker,
      publish: (subject, notice: Notice) => {
        if (notice.type === "told") told.push(notice.text.length);
        broker.publish(subject, notice);
      },
    };
  });
  // The pairs are cut at odd places.
  const text = `x${"\u{1f600}".repeat(answerPartLength)}`;
  nodes[1]?.node.onQuestion("text", () => [text]);
  nodes[2]?.node.onQuestion("text", () => "x".repeat(answerPartLength * maxAnswerParts));
  first.node.onQuestion("text", () => "short");
  expect(await ask(first, "text")).toEqual({
    answers: [
      { node: "n1", answer: "short" },
      { node: "n2", answer: [text] },
    ],
    silent: ["n3"],
  });
  expect(told.length).toBeGreaterThan(2);
  expect(Math.max(...told)).toBe(answerPartLength);
});

test("[ASK-5] parts that are repeated, lost, foreign or no JSON never make an answer that nobody gave", async () => {
  const hub = new MemoryHub();
  const stranger = createMemoryBroker(hub);
  const asks: (Notice & { type: "ask" })[] = [];
  await stranger.subscribe("control", (notice) => {
    if (notice.type === "ask") asks.push(notice);
  });
  const first = await startNode({
    ...createMemoryStore({ random: () => 0.5 }),
    broker: createMemoryBroker(hub),
    nodeId: "n1",
    nodes: ["n1", "whole", "holes", "nonsense", "deep"],
  });
  const asked = first.node.askAll("what", undefined, { timeoutMs });
  await settle();
  const id = asks[0]?.id ?? "";
  const tell = (node: string, part: number, parts: number, text: string, its = id): void =>
    stranger.publish("control", { type: "told", to: "n1", node, id: its, part, parts, text });
  tell("whole", 0, 2, '{"a":');
  tell("whole", 0, 2, '{"a":');
  tell("whole", 0, 1, "5", "another");
  tell("nobody", 0, 1, "5");
  tell("holes", 1, 2, "5");
  tell("holes", 0, 1, "5");
  tell("nonsense", 0, 1, '{"a":');
  tell("deep", 0, 1, `${"[".repeat(1_000)}${"]".repeat(1_000)}`);
  tell("whole", 1, 2, "1}");
  tell("whole", 0, 1, "5");
  await settle();
  expect(await asked).toEqual({
    answers: [{ node: "whole", answer: { a: 1 } }],
    silent: ["n1", "holes", "nonsense", "deep"],
  });
});

test("[ASK-6] more questions than a node has room for are answered by it alone; closing ends the waiting", async () => {
  const { first } = await fleet([...ids, "n4"]);
  first.node.onQuestion("name", () => "me");
  const waiting = Array.from({ length: maxQuestions }, () =>
    first.node.askAll("name", undefined, { timeoutMs }),
  );
  await settle();
  const more = first.node.askAll("name", undefined, { timeoutMs });
  await settle();
  expect((await more).answers).toEqual([{ node: "n1", answer: "me" }]);
  await first.node.close();
  for (const one of waiting) expect((await one).silent).toEqual(["n2", "n3", "n4"]);
});
