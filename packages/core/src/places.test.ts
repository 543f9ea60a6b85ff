/** Places of devices whose clients cannot say where they are, over the PorticoEstate dialect, which has one for each user. */
import { createMemoryBroker } from "@parlance/broker/memory";
import { createPortico } from "@parlance/dialects/portico";
import type { RoomId } from "@parlance/protocol";
import {
  createLineWire,
  type Harness,
  startNode,
  type TestClient,
} from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { expect, test } from "vitest";
import type { Inlet, Link } from "./index.ts";

const chatRoom = "office" as RoomId;
const wire = createLineWire(createPortico({ chatRoom, notificationRoom: "news" as RoomId }));

/** A page: it answers probes where its line still works. */
class Page implements Link {
  readonly unsentBytes = 0;
  readonly texts: string[] = [];
  readonly inlet: Inlet;
  answersProbes = true;
  #isHeard = true;

  constructor(harness: Harness) {
    this.inlet = harness.node.connect(this, wire, {
      address: "127.0.0.1",
      transport: "websocket",
    });
  }

  static async of(harness: Harness): Promise<Page> {
    const page = new Page(harness);
    page.inlet.receive(JSON.stringify({ type: "update_user_info", userId: "ann", token: "ann" }));
    await settle();
    return page;
  }

  write(chunk: Uint8Array): void {
    if (!this.#isHeard) return;
    for (const line of new TextDecoder().decode(chunk).split("\n")) {
      if (line === "") continue;
      const frame = JSON.parse(line) as { type: string; message?: string };
      if (frame.type === "chat" && frame.message !== undefined) this.texts.push(frame.message);
    }
  }

  probe(mark: number): void {
    if (this.#isHeard && this.answersProbes) queueMicrotask(() => this.inlet.confirmed(mark));
  }

  /** From now on what is written goes nowhere, and nobody notices. */
  loseLine(): void {
    this.#isHeard = false;
  }

  close(): void {}
  terminate(): void {}
}

async function scene(): Promise<{
  harness: Harness;
  writer: TestClient;
  say(text: string): Promise<void>;
}> {
  const harness = await startNode({
    ...createMemoryStore({ random: () => 0.5 }),
    broker: createMemoryBroker(),
  });
  const writer = await harness.signIn("bob");
  return {
    harness,
    writer,
    async say(text) {
      await writer.publish(chatRoom, text, text.replaceAll(" ", "-"));
      await settle();
    },
  };
}

test("a device that comes back gets what it missed, once and in order", async () => {
  const { harness, say } = await scene();
  const first = await Page.of(harness);
  await say("one");
  first.inlet.closed(1006);
  await say("two");
  await say("three");
  const second = await Page.of(harness);
  await settle();
  expect([first.texts, second.texts]).toEqual([["one"], ["two", "three"]]);
});

test("what was written to a line that was dead already comes again", async () => {
  const { harness, say } = await scene();
  const first = await Page.of(harness);
  await say("one");
  first.loseLine();
  await say("into the void");
  first.inlet.closed(1006);
  const second = await Page.of(harness);
  await settle();
  expect(second.texts).toEqual(["into the void"]);
});

test("without an answer to the probe it comes twice rather than never", async () => {
  const { harness, say } = await scene();
  const first = await Page.of(harness);
  await say("one");
  first.answersProbes = false;
  await say("two");
  first.inlet.closed(1006);
  const second = await Page.of(harness);
  await settle();
  expect([first.texts, second.texts]).toEqual([["one", "two"], ["two"]]);
});

test("a page that says goodbye has taken what was written", async () => {
  const { harness, say } = await scene();
  const first = await Page.of(harness);
  first.answersProbes = false;
  await say("one");
  first.inlet.closed(1001);
  const second = await Page.of(harness);
  await settle();
  expect([first.texts, second.texts]).toEqual([["one"], []]);
});

test("a place outlives the node, and one of another life of the log begins anew instead of splicing", async () => {
  const store = createMemoryStore({ random: () => 0.5 });
  const broker = createMemoryBroker();
  const one = await startNode({ ...store, broker, nodeId: "one" });
  const writer = await one.signIn("bob");
  const page = await Page.of(one);
  await writer.publish(chatRoom, "one", "1");
  await settle();
  page.inlet.closed(1006);
  await writer.publish(chatRoom, "two", "2");
  await one.clock.advance(1_500);
  await one.node.close();
  const two = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "two" });
  const back = await Page.of(two);
  await settle();
  expect(back.texts).toEqual(["two"]);
});
