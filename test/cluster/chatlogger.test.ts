/** Pages of ChatLogger on several servers, of which one is killed while all of them write. */
import { Cluster } from "@parlance/testkit/cluster";
import { describeWith } from "@parlance/testkit/services";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Speaker } from "../bad-input/scene.ts";
import { connect, send } from "../systems/install.ts";

const timeoutMs = 120_000;
const rounds = 20;

/** What a page was told, without what went before it came. */
function said(page: Speaker): string[] {
  return page.frames.flatMap(({ type, message }) =>
    type === "message" && typeof message === "string" ? [message] : [],
  );
}

describeWith("postgresql", "redis")("ChatLogger on three servers", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({ engine: "postgresql", broker: "redis" });
  }, timeoutMs);
  afterAll(() => cluster?.remove());

  async function page(node: number): Promise<Speaker> {
    const { port } = new URL(cluster.nodes[node]?.url ?? "");
    return connect(Number(port), "/chatlogger");
  }

  test(
    "[CL-21] all pages see everything once and in one order, and those of a killed server go on elsewhere",
    async () => {
      const staying = [await page(0), await page(0), await page(2), await page(2)];
      const going = [await page(1), await page(1)];
      const all = [...staying, ...going];
      const wanted = new Set<string>();
      const say = (speaker: Speaker, text: string): void => {
        wanted.add(text);
        send(speaker, { username: "Ann", message: text });
      };
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, speaker] of all.entries()) say(speaker, `${index} says ${round}`);
      }
      const everybody = [...wanted];
      for (const speaker of all) {
        await expect.poll(() => said(speaker).length).toBe(everybody.length);
      }
      const order = said(staying[0] as Speaker);
      expect(new Set(order)).toEqual(wanted);
      for (const speaker of all) expect(said(speaker)).toEqual(order);

      await cluster.nodes[1]?.kill();
      for (const speaker of going) {
        await speaker.until(() => speaker.closedWith, "its server is gone");
      }
      for (const [index, speaker] of staying.entries()) say(speaker, `${index} goes on`);
      const back = await page(2);
      say(back, "back on another one");
      for (const speaker of staying) {
        await expect.poll(() => said(speaker).length).toBe(wanted.size);
      }
      const whole = said(staying[0] as Speaker);
      expect(whole.slice(0, order.length)).toEqual(order);
      expect(new Set(whole)).toEqual(wanted);
      for (const speaker of staying) expect(said(speaker)).toEqual(whole);
      // Whoever comes gets the last messages, as they were.
      await expect.poll(() => said(back).at(-1)).toBe(whole.at(-1));
      expect(whole.join("\n").endsWith(said(back).join("\n"))).toBe(true);
      for (const speaker of [...staying, back]) speaker.socket.terminate();
    },
    timeoutMs,
  );
});
