/**
 * One room on two nodes, a writer and a reader for each dialect spread over both: all read the same, in one order,
 * also after they came back to the other node.
 */
import { Cluster } from "@parlance/testkit/cluster";
import { afterAll, describe, expect } from "vitest";
import { cast } from "../e2e/dialects/cast.ts";
import { type Frame, until } from "../e2e/dialects/line.ts";
import { oneRoom, room, type Speaker, secret } from "../e2e/dialects/speaker.ts";
import { requires } from "../requirements.ts";
import { Front } from "./front.ts";

const timeoutMs = 150_000;

/** Everything that one of the two combinations needs. */
class Town {
  readonly cluster: Cluster;
  readonly fronts: readonly Front[];
  readonly readers: readonly Speaker[];
  readonly writers: readonly Speaker[];
  readonly said: string[] = [];

  private constructor(cluster: Cluster, fronts: readonly Front[]) {
    this.cluster = cluster;
    this.fronts = fronts;
    const half = fronts.length / 2;
    // A front for each speaker, the first on one node, the next on the other.
    const spread = (who: "reader" | "writer", first: number): Speaker[] =>
      Array.from({ length: half }, (_, index) => {
        const front = fronts[first + index];
        const speaker = front === undefined ? undefined : cast(front, who)[index];
        if (speaker === undefined) throw new Error("a speaker for each dialect");
        return speaker;
      });
    this.readers = spread("reader", 0);
    this.writers = spread("writer", half);
  }

  static async start(engine: "postgresql" | "mariadb", broker: "redis" | "rabbitmq") {
    const environment = { ...oneRoom, PARLANCE_POLL_MS: "2000" };
    const cluster = await Cluster.start({ engine, broker, nodes: 2, secret, environment });
    const dialects = cast({ port: 0, url: "http://nowhere", socketUrl: "ws://nowhere" }, "reader");
    const fronts = await Promise.all(
      Array.from({ length: dialects.length * 2 }, (_, index) => Front.open(cluster.nodes, index)),
    );
    return new Town(cluster, fronts);
  }

  get everybody(): readonly Speaker[] {
    return [...this.readers, ...this.writers];
  }

  async write(round: string, times: number): Promise<void> {
    await Promise.all(
      this.writers.map(async (writer) => {
        for (let index = 1; index <= times; index += 1) {
          const text = `${round} ${index} of ${writer.dialect}`;
          this.said.push(text);
          await writer.say(text);
        }
      }),
    );
  }

  /** Every reader has read what the log has, in its order, whichever node is asked for the log. */
  async allHaveRead(): Promise<void> {
    const [texts = [], others] = await Promise.all(
      this.cluster.nodes.map((node) => this.#log(node.url)),
    );
    expect(others).toEqual(texts);
    expect([...texts].sort()).toEqual([...this.said].sort());
    for (const { dialect, heard, mayRepeat } of this.everybody) {
      await until(
        () => new Set(heard).size >= texts.length,
        `${dialect} to read ${texts.length}, it has ${new Set(heard).size}`,
      );
      expect(mayRepeat ? [...new Set(heard)] : heard, dialect).toEqual(texts);
    }
  }

  async #log(url: string): Promise<string[]> {
    const headers = { authorization: `Bearer ${this.cluster.token("auditor")}` };
    const texts: string[] = [];
    for (let after = 0; ; ) {
      const query = `after=${after}&limit=200`;
      const answer = await fetch(`${url}/api/v1/rooms/${room}/messages?${query}`, { headers });
      const { events } = (await answer.json()) as { events: Frame[] };
      if (events.length === 0) return texts;
      for (const { sequence, type, data } of events) {
        after = Number(sequence);
        if (type === "message.created") texts.push((data as { text: string }).text);
      }
    }
  }

  /** All lose their lines and come back to the other node. */
  async swap(speakers: readonly Speaker[], fronts: readonly Front[]): Promise<void> {
    for (const speaker of speakers) speaker.cut();
    for (const front of fronts) {
      front.moveOn();
      front.line.cut();
    }
    // What keeps connections for later, as `fetch` does, has to notice that they are gone.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all(speakers.map((speaker) => speaker.open()));
  }

  async close(): Promise<void> {
    for (const speaker of this.everybody) speaker.cut();
    await Promise.all(this.fronts.map((front) => front.close()));
    await this.cluster.remove();
  }
}

describe.each([
  ["postgresql", "redis"],
  ["mariadb", "rabbitmq"],
] as const)("two nodes on %s and %s", (engine, broker) => {
  let town: Town | undefined;
  afterAll(() => town?.close());

  requires(engine, broker)(
    "[I-28] every reader of every dialect sees the same sequence, on either node and after moving to the other",
    async () => {
      town = await Town.start(engine, broker);
      const { fronts, readers, writers, everybody } = town;
      const half = fronts.length / 2;
      await Promise.all(everybody.map((speaker) => speaker.open()));
      await town.write("first", 4);
      await town.allHaveRead();
      // Places of the dialects that have none of their own are stored a moment after they arrived.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      for (const reader of readers) reader.cut();
      await town.write("while the readers are away", 3);
      await town.swap(readers, fronts.slice(0, half));
      await town.swap(writers, fronts.slice(half));
      await town.write("all are on the other node", 3);
      await town.allHaveRead();
    },
    timeoutMs,
  );
});
