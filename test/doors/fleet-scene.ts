/** Three nodes on one database and one broker that are killed in turn, and what a room holds in the end. */
import { randomUUID } from "node:crypto";
import {
  Cluster,
  type ClusterNode,
  type ClusterOptions,
  signToken,
} from "@parlance/testkit/cluster";
import { expect } from "vitest";

/** Of a hook or a test: a machine that has much else to do takes long to start a node. */
export const slowMs = 480_000;
const arriveMs = 120_000;

/** Milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Page {
  readonly events: readonly {
    readonly sequence: number;
    readonly type: string;
    readonly data: { readonly text: string };
  }[];
}

export class Fleet {
  readonly cluster: Cluster;
  /** A token of an operator, who reads everything. */
  readonly reader: string;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    const now = Math.floor(Date.now() / 1_000);
    const claims = { sub: "service:test", scope: "admin", iat: now, exp: now + 3_600 };
    this.reader = signToken(claims, cluster.secret);
  }

  /** Starts its nodes one after the other: a busy machine has enough to do with each. */
  static async start(options: ClusterOptions): Promise<Fleet> {
    const cluster = await Cluster.make({
      ...options,
      environment: { PARLANCE_LOG_LEVEL: "warn", ...options.environment },
    });
    for (const one of cluster.nodes) await comeBack(one);
    return new Fleet(cluster);
  }

  node(number: number): ClusterNode {
    const found = this.cluster.nodes[number];
    if (found === undefined) throw new Error(`no node ${number}`);
    return found;
  }

  /** @returns the token of a new API key that may publish. */
  async newKey(): Promise<string> {
    const wanted = { name: `shop-${randomUUID().slice(0, 8)}`, scopes: ["publish"] };
    const path = "/admin/keys";
    const made = await this.cluster.rest<{ token: string }>(
      this.node(0),
      "POST",
      path,
      this.reader,
      wanted,
    );
    return made.token;
  }

  /** What the room's log has, in order. */
  async textsOf(room: string): Promise<string[]> {
    const texts: string[] = [];
    for (let after = 0; ; ) {
      const path = `/rooms/${room}/messages?after=${after}&limit=200`;
      const page = await this.cluster
        .rest<Page>(this.node(0), "GET", path, this.reader)
        .catch((error: unknown): Page => {
          if (String(error).includes(" 404 ")) return { events: [] };
          throw error;
        });
      if (page.events.length === 0) return texts;
      for (const { sequence, type, data } of page.events) {
        after = sequence;
        if (type === "message.created") texts.push(data.text);
      }
    }
  }

  /**
   * Each node once: killed in the middle of what goes on, and there again before the next.
   *
   * @param goesOn Resolves once what was said until now is there, whoever took over; the next one is killed after that.
   */
  async killEach(goesOn: () => Promise<void> = async () => {}): Promise<void> {
    for (const one of this.cluster.nodes) {
      await pause(300);
      await goesOn();
      await one.kill();
      await pause(200);
      await comeBack(one);
    }
  }

  /** Waits until the room has so many events. Its head is asked for, which costs a busy fleet next to nothing. */
  async arrived(room: string, count: number): Promise<void> {
    const head = (): Promise<number> =>
      this.cluster.rest<{ head: number }>(this.node(0), "GET", `/rooms/${room}`, this.reader).then(
        (view) => view.head,
        // Not there yet, or its node has too much to do.
        () => 0,
      );
    const patience = { timeout: arriveMs, interval: 500, message: `${count} in ${room}` };
    await expect.poll(head, patience).toBeGreaterThanOrEqual(count);
  }

  /** Waits for as many as were said. @returns them as they are in the log, each once. */
  async arriveOnce(room: string, said: readonly string[]): Promise<string[]> {
    await this.arrived(room, said.length);
    const texts = await this.textsOf(room);
    expect(texts.toSorted()).toEqual(said.toSorted());
    return texts;
  }

  remove(): Promise<void> {
    return this.cluster.remove();
  }
}

/** On a machine that has much else to do a start may take longer than `start` waits. */
export async function comeBack(one: ClusterNode): Promise<void> {
  await one.start().catch(async (error: unknown) => {
    if (one.process.isGone) throw error;
    await one.until(({ status }) => status === "ready" || status === "degraded", slowMs);
  });
}

/**
 * Says one thing after the other until the nodes have been killed.
 *
 * @param pauseMs After each: a machine that has much else to do would fall behind.
 * @returns what was acknowledged.
 */
export async function sayWhile(
  killing: Promise<void>,
  word: string,
  say: (text: string) => Promise<unknown>,
  pauseMs = 50,
): Promise<string[]> {
  let isOver = false;
  const over = killing.finally(() => {
    isOver = true;
  });
  // Told where it is waited for.
  over.catch(() => {});
  const said: string[] = [];
  do {
    const text = `${word} ${said.length + 1}`;
    await say(text);
    said.push(text);
    await pause(pauseMs);
  } while (!isOver);
  await over;
  return said;
}
